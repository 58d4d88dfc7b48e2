// Systems that we did not write, started natively in front of `first-token mock`, and first-token pointed at them:
//   node test/shows/real/systems.mjs litellm|open-webui [--auth token|key|password] run SCENARIO [flags of run ...]
//   node test/shows/real/systems.mjs litellm|open-webui up       to look at by hand; ends with Ctrl-C
// --auth is how Open WebUI is entered. Without --load it is `--load full`. Both give up on a model that is silent for 8 s (`--set errorWithin=8s`).
// LiteLLM is an OpenAI-compatible gateway from PyPI, Open WebUI the chat stack that this product is for. Each gets a venv of its own from pinned
// requirements, in $FIRST_TOKEN_CACHE or ~/.cache/first-token; a venv without its mark of completion is made anew. Needs python3 (3.11).
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import path from 'node:path'

const here = import.meta.dirname
const cli = path.resolve(here, '../../../dist/cli.js')

const systems = {
  litellm: {
    requirements: 'litellm-1.108.7.txt',
    command: (bin, port, folder) => [path.join(bin, 'litellm'), '--config', path.join(folder, 'config.yaml'), '--host', '127.0.0.1', '--port', String(port)],
    // For a stream `stream_timeout` is how long the socket may be silent, not how long the answer may take.
    prepare: (folder, mockUrl) => writeFileSync(path.join(folder, 'config.yaml'), [
      'model_list:', '  - model_name: mock', '    litellm_params:', '      model: openai/mock', `      api_base: ${mockUrl}/v1`, '      api_key: sk-mock',
      `      stream_timeout: ${silence}`, '      max_retries: 0',
      'litellm_settings:', '  num_retries: 0', '  telemetry: false', 'router_settings:', '  num_retries: 0', '  disable_cooldowns: true', '',
    ].join('\n')),
    environment: () => ({ LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_MODE: 'PRODUCTION', LITELLM_MASTER_KEY: masterKey }),
    isReady: (origin) => fetch(`${origin}/health/liveliness`).then((answer) => answer.ok),
    target: (origin) => ['--target', `openai=${origin}/v1`, '--health-url', `${origin}/health/liveliness`],
    entries: { key: () => ({ flags: ['--api-key-env', 'TARGET_KEY'], environment: { TARGET_KEY: masterKey } }) },
  },
  'open-webui': {
    requirements: '../../../src/stack/open-webui/open-webui-0.12.4.txt',
    command: (bin, port) => [path.join(bin, 'open-webui'), 'serve', '--host', '127.0.0.1', '--port', String(port)],
    prepare: (folder) => mkdirSync(path.join(folder, 'data')),
    environment: (folder, mockUrl, port) => ({
      DATA_DIR: path.join(folder, 'data'), WEBUI_SECRET_KEY: 'a-secret-of-a-test-that-is-long-enough-to-be-taken', USE_SLIM_DOCKER: 'true', OFFLINE_MODE: 'true', HF_HUB_OFFLINE: '1',
      RAG_EMBEDDING_ENGINE: 'openai', RAG_OPENAI_API_BASE_URL: `${mockUrl}/v1`, RAG_OPENAI_API_KEY: 'sk-mock',
      WEBUI_ADMIN_EMAIL: admin.email, WEBUI_ADMIN_PASSWORD: admin.password, WEBUI_ADMIN_NAME: 'Admin', ENABLE_PERSISTENT_CONFIG: 'False',
      ENABLE_OPENAI_API: 'True', OPENAI_API_BASE_URLS: `${mockUrl}/v1`, OPENAI_API_KEYS: 'sk-mock', ENABLE_OLLAMA_API: 'False', BYPASS_MODEL_ACCESS_CONTROL: 'True',
      ENABLE_VERSION_UPDATE_CHECK: 'False', ANONYMIZED_TELEMETRY: 'False', SCARF_NO_ANALYTICS: 'true', DO_NOT_TRACK: 'true', CORS_ALLOW_ORIGIN: `http://127.0.0.1:${port}`,
      ENABLE_API_KEYS: 'True', AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT: String(silence), DEFAULT_MODEL_PARAMS: '{"function_calling":"legacy"}',
      ENABLE_WEB_SEARCH: 'True', WEB_SEARCH_ENGINE: 'searxng', SEARXNG_QUERY_URL: `${mockUrl}/search?q=<query>`,
      BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL: 'True', ENABLE_LOCAL_WEB_FETCH: 'True', WEB_LOADER_TIMEOUT: '30',
    }),
    isReady: (origin) => fetch(`${origin}/ready`).then((answer) => answer.ok),
    target: (origin) => ['--target', `open-webui=${origin}`],
    entries: {
      token: async (origin) => ({ flags: ['--token-env', 'TARGET_TOKEN'], environment: { TARGET_TOKEN: await sessionToken(origin) } }),
      key: async (origin) => ({ flags: ['--api-key-env', 'TARGET_KEY'], environment: { TARGET_KEY: await apiKey(origin) } }),
      password: () => ({ flags: ['--user-env', 'TARGET_USER', '--password-env', 'TARGET_PASSWORD'], environment: { TARGET_USER: admin.email, TARGET_PASSWORD: admin.password } }),
    },
  },
}
const masterKey = 'sk-master-key-of-a-test-4711-long-enough'
const admin = { email: 'admin@lab.test', password: 'a-password-of-a-test' }
/** How long the model may be silent until the system gives up on it, s. */
const silence = 8

async function posted(url, headers, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
  return answer.json()
}

const sessionToken = async (origin) => (await posted(`${origin}/api/v1/auths/signin`, {}, JSON.stringify(admin))).token
const apiKey = async (origin) => (await posted(`${origin}/api/v1/auths/api_key`, { authorization: `Bearer ${await sessionToken(origin)}` })).api_key

function venvOf(requirements) {
  const folder = path.join(process.env.FIRST_TOKEN_CACHE ?? path.join(homedir(), '.cache/first-token'), path.basename(requirements, '.txt'))
  const mark = path.join(folder, 'complete')
  const wanted = readFileSync(path.join(here, requirements), 'utf8')
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return path.join(folder, 'bin')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(path.dirname(folder), { recursive: true })
  for (const [name, ...args] of [['python3', '-m', 'venv', folder], [path.join(folder, 'bin/pip'), 'install', '--quiet', '--no-deps', '-r', path.join(here, requirements)]]) {
    const { status } = spawnSync(name, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    if (status !== 0) throw new Error(`${name} ${args.join(' ')} ended with ${status}`)
  }
  writeFileSync(mark, wanted)
  return path.join(folder, 'bin')
}

/** `wanted` where it is free, so that a command line reads like one that somebody typed. */
function freePort(wanted) {
  return new Promise((resolve) => {
    const server = createServer().listen(wanted, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
    server.on('error', () => resolve(freePort(0)))
  })
}

async function until(what, isSo, hasEnded, seconds) {
  for (const giveUpAt = Date.now() + seconds * 1_000; Date.now() < giveUpAt && !hasEnded(); await new Promise((resolve) => { setTimeout(resolve, 250) })) {
    if (await isSo().catch(() => false)) return
  }
  throw new Error(hasEnded() ? `${what} ended before it was ready` : `${what} was not ready after ${seconds} s`)
}

/**
 * Starts the mock and the system in front of it. `down` ends both; the system's process group, for SIGTERM alone does not end it while an answer is open.
 * `flags`: what first-token is told to measure it; `environment`: where what opens its door is. `auth`: one of its `entries`.
 */
async function startSystem(name, auth) {
  const { requirements, command, prepare, environment, isReady, target, entries } = systems[name]
  const bin = venvOf(requirements)
  const folder = mkdtempSync(path.join(tmpdir(), `first-token-${name}-`))
  const mock = spawn(process.execPath, [path.join(path.dirname(cli), 'mock-llm.js'), '--models', 'mock', '--port', String(await freePort(9100)), '--exit-with-parent'], { stdio: ['pipe', 'pipe', 'inherit'] })
  let system
  const down = () => {
    if (system !== undefined) try { process.kill(-system.pid, 'SIGKILL') } catch { /* it has ended */ }
    mock.kill()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  try {
    const mockUrl = await new Promise((resolve) => { mock.stdout.once('data', (line) => resolve(JSON.parse(String(line)).url)) })
    const port = await freePort(3000)
    const origin = `http://127.0.0.1:${port}`
    prepare(folder, mockUrl)
    const log = openSync(path.join(folder, 'log.txt'), 'a')
    const [file, ...args] = command(bin, port, folder)
    system = spawn(file, args, { cwd: folder, env: { PATH: `${bin}:${process.env.PATH}`, HOME: folder, ...environment(folder, mockUrl, port) }, stdio: ['ignore', log, log], detached: true })
    await until(name, () => isReady(origin), () => system.exitCode !== null || system.signalCode !== null, 180)
    const entry = await entries[auth](origin)
    return { down, folder, flags: [...target(origin), '--mock', mockUrl, '--model', 'mock', ...entry.flags], environment: entry.environment }
  } catch (error) {
    if (existsSync(path.join(folder, 'log.txt'))) console.error(readFileSync(path.join(folder, 'log.txt'), 'utf8').slice(-3_000))
    down()
    throw error
  }
}

/** What was typed without --auth, which may stand anywhere, and what --auth says. */
function withoutAuth(args) {
  const at = args.findIndex((arg) => arg === '--auth' || arg.startsWith('--auth='))
  if (at === -1) return { rest: args }
  const isApart = args[at] === '--auth'
  return { auth: isApart ? (args[at + 1] ?? '') : args[at].slice('--auth='.length), rest: args.toSpliced(at, isApart ? 2 : 1) }
}

function usage(problem) {
  console.error(`${problem}\nusage: node test/shows/real/systems.mjs ${Object.keys(systems).join('|')} [--auth token|key|password] run SCENARIO [flags of run ...]\n   or: node test/shows/real/systems.mjs ${Object.keys(systems).join('|')} up`)
  process.exit(2)
}

const { auth, rest: [name = '', verb = 'run', ...rest] } = withoutAuth(process.argv.slice(2))
if (!Object.hasOwn(systems, name)) usage(`there is no system ${name}`)
if (verb !== 'run' && verb !== 'up') usage(`there is no verb ${verb}`)
const { entries } = systems[name]
const entry = auth ?? Object.keys(entries)[0]
if (!Object.hasOwn(entries, entry)) usage(`--auth ${entry}: ${name} is entered by ${Object.keys(entries).join(', ')}`)

const system = await startSystem(name, entry)
if (verb === 'up') {
  console.log(`${Object.entries(system.environment).map(([variable, value]) => `export ${variable}='${value}'`).join('\n')}\nfirst-token run concurrent ${system.flags.join(' ')}\n# log: ${system.folder}/log.txt`)
  const stay = setInterval(() => {}, 60_000)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { clearInterval(stay); system.down() })
} else {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { /* first-token ends by itself, and then so do we */ })
  const isAboutLoad = rest.some((arg) => arg === '--load' || arg.startsWith('--load='))
  const child = spawn(process.execPath, [cli, verb, ...(rest.length === 0 ? ['concurrent'] : rest), ...system.flags, ...(isAboutLoad ? [] : ['--load', 'full']), ...(rest.includes('--yes') ? [] : ['--yes'])], { stdio: 'inherit', env: { ...process.env, ...system.environment } })
  child.on('exit', (code) => {
    system.down()
    process.exitCode = code ?? 1
  })
}
