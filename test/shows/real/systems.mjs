// Systems that we did not write, started natively in front of `first-token mock`, and first-token pointed at them:
//   node test/shows/real/systems.mjs litellm|open-webui run concurrent [flags of run ...]
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
    prepare: (folder, mockUrl) => writeFileSync(path.join(folder, 'config.yaml'), [
      'model_list:', '  - model_name: mock', '    litellm_params:', '      model: openai/mock', `      api_base: ${mockUrl}/v1`, '      api_key: sk-mock',
      'litellm_settings:', '  num_retries: 0', '  telemetry: false', '',
    ].join('\n')),
    environment: () => ({ LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_MODE: 'PRODUCTION', LITELLM_MASTER_KEY: masterKey }),
    isReady: (origin) => fetch(`${origin}/health/liveliness`).then((answer) => answer.ok),
    base: (origin) => `${origin}/v1`,
    key: async () => masterKey,
  },
  'open-webui': {
    requirements: 'open-webui-0.12.4.txt',
    command: (bin, port) => [path.join(bin, 'open-webui'), 'serve', '--host', '127.0.0.1', '--port', String(port)],
    prepare: (folder) => mkdirSync(path.join(folder, 'data')),
    environment: (folder, mockUrl, port) => ({
      DATA_DIR: path.join(folder, 'data'), WEBUI_SECRET_KEY: 'a-secret-of-a-test-that-is-long-enough-to-be-taken', USE_SLIM_DOCKER: 'true', OFFLINE_MODE: 'true', HF_HUB_OFFLINE: '1',
      RAG_EMBEDDING_ENGINE: 'openai', RAG_OPENAI_API_BASE_URL: `${mockUrl}/v1`, RAG_OPENAI_API_KEY: 'sk-mock',
      WEBUI_ADMIN_EMAIL: admin.email, WEBUI_ADMIN_PASSWORD: admin.password, WEBUI_ADMIN_NAME: 'Admin', ENABLE_PERSISTENT_CONFIG: 'False',
      ENABLE_OPENAI_API: 'True', OPENAI_API_BASE_URLS: `${mockUrl}/v1`, OPENAI_API_KEYS: 'sk-mock', ENABLE_OLLAMA_API: 'False', BYPASS_MODEL_ACCESS_CONTROL: 'True',
      ENABLE_VERSION_UPDATE_CHECK: 'False', ANONYMIZED_TELEMETRY: 'False', SCARF_NO_ANALYTICS: 'true', DO_NOT_TRACK: 'true', CORS_ALLOW_ORIGIN: `http://127.0.0.1:${port}`,
    }),
    isReady: (origin) => fetch(`${origin}/ready`).then((answer) => answer.ok),
    base: (origin) => `${origin}/api`,
    key: async (origin) => {
      const answer = await fetch(`${origin}/api/v1/auths/signin`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email: admin.email, password: admin.password }) })
      const { token } = await answer.json()
      if (typeof token !== 'string') throw new Error(`signing in answered ${answer.status}`)
      return token
    },
  },
}
const masterKey = 'sk-master-key-of-a-test-4711-long-enough'
const admin = { email: 'admin@lab.test', password: 'a-password-of-a-test' }

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
 * `command`: what first-token is told to measure it; `environment`: where the key is.
 */
export async function startSystem(name) {
  const { requirements, command, prepare, environment, isReady, base, key } = systems[name]
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
    return { down, command: ['--target', `openai=${base(origin)}`, '--mock', mockUrl, '--model', 'mock', '--api-key-env', 'TARGET_TOKEN', '--load', 'full', '--yes'], environment: { TARGET_TOKEN: await key(origin) } }
  } catch (error) {
    if (existsSync(path.join(folder, 'log.txt'))) console.error(readFileSync(path.join(folder, 'log.txt'), 'utf8').slice(-3_000))
    down()
    throw error
  }
}

if (process.argv[1] === import.meta.filename) {
  const [name, ...args] = process.argv.slice(2)
  if (!Object.hasOwn(systems, name ?? '')) {
    console.error(`usage: node test/shows/real/systems.mjs ${Object.keys(systems).join('|')} run concurrent [flags of run ...]`)
    process.exit(2)
  }
  const system = await startSystem(name)
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { /* first-token ends by itself, and then so do we */ })
  const [verb = 'run', scenario = 'concurrent', ...flags] = args
  const child = spawn(process.execPath, [cli, verb, scenario, ...system.command, ...flags], { stdio: 'inherit', env: { ...process.env, ...system.environment } })
  child.on('exit', (code) => {
    system.down()
    process.exitCode = code ?? 1
  })
}
