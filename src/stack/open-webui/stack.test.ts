import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type BuiltProcesses, builtProcesses } from '../control/test/built-processes.ts'
import { runningProcesses } from '../control/test/running-processes.ts'
import { stopStack } from '../left-overs.ts'
import { ollamaVersion } from '../ollama/build.ts'
import { fakeOllama } from '../ollama/test/fake-ollama.ts'
import { processesIn } from '../process-identity.ts'
import { knownStacks } from '../stack-folder.ts'
import { type OpenWebUiOptions, startOpenWebUi } from './stack.ts'
import { fakePrograms } from './test/fake-programs.ts'

// The life of the stack, in front of programs that stand in for Open WebUI and Redis; the real ones are in test/real.

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-open-webui-'))
const programs = fakePrograms(path.join(scratch, 'bin'))
const cache = path.join(scratch, 'cache')
let built: BuiltProcesses
beforeAll(async () => { built = await builtProcesses() })
afterEach(() => {
  expect(runningProcesses(scratch)).toEqual([])
  expect(processesIn(cache)).toEqual([])
  expect(stacks()).toEqual([])
})
afterAll(async () => {
  await built.remove()
  rmSync(scratch, { recursive: true, force: true })
})

const stacks = (): string[] => (existsSync(path.join(cache, 'state')) ? readdirSync(path.join(cache, 'state')) : [])

const options = (changes: Partial<OpenWebUiOptions> = {}): OpenWebUiOptions => ({
  profiles: ['before'], errorWithin: 45_000, changes: {}, ollama: undefined, mockArgs: [], crowd: 0, firstPort: undefined,
  files: { mock: built.mock, requirements: path.join(import.meta.dirname, 'open-webui-0.12.4.txt') },
  environment: { PATH: `${programs}:${process.env['PATH'] ?? ''}`, FIRST_TOKEN_CACHE: cache, HTTP_PROXY: 'http://127.0.0.1:1' },
  note: () => {}, signal: new AbortController().signal, ...changes,
})

/** Number 0 would be the group of the tests themselves. */
function kill(pid: number | undefined): void {
  expect(pid).toBeGreaterThan(1)
  if (pid !== undefined && pid > 1) process.kill(pid, 'SIGKILL')
}

test('sides come up with all their workers, their accounts and the settings in force, and go without a trace', async () => {
  const stack = await startOpenWebUi(options({ profiles: ['before', 'after', 'recommended'], errorWithin: 6_000, changes: { 'after:NEW_ONE': 'x' } }))
  try {
    expect(stack.sides.map(({ name, settings }) => [name, settings])).toEqual([
      ['before', { version: '0.12.4', workersStarted: 1, workersRunning: 1, UVICORN_WORKERS: 1, AIOHTTP_CLIENT_TIMEOUT: 40, modelConnections: 'unlimited', pageTimeOut: 'none', redis: 'none' }],
      ['after', { version: '0.12.4', workersStarted: 4, workersRunning: 4, UVICORN_WORKERS: 4, AIOHTTP_CLIENT_TIMEOUT: 6, THREAD_POOL_SIZE: 20, DATABASE_POOL_SIZE: 10, AIOHTTP_POOL_CONNECTIONS: 100, NEW_ONE: 'x', modelConnections: '100', pageTimeOut: 'none', redis: 'none' }],
      ['recommended', { version: '0.12.4', workersStarted: 4, workersRunning: 4, UVICORN_WORKERS: 4, WEBSOCKET_MANAGER: 'redis', AIOHTTP_CLIENT_TIMEOUT: 80, AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT: 6, WEB_LOADER_TIMEOUT: 4, modelConnections: 'unlimited', pageTimeOut: '4', redis: '7.0.15' }],
    ])
    expect(new Set(stack.sides.map(({ url }) => url)).size).toBe(3)
    expect(stack.sides[0]?.accounts.person.token).toBe('token-of-person')
    const [known] = knownStacks(cache, 'open-webui')
    expect(known?.state?.sides.map(({ name, pids }) => [name, pids.length])).toEqual([['before', 1], ['after', 1], ['recommended', 2]])
    const accounts = path.join(stack.folder, 'accounts.env')
    expect(statSync(accounts).mode & 0o777).toBe(0o600)
    expect(readFileSync(accounts, 'utf8')).toContain("RECOMMENDED_PERSON_TOKEN='token-of-person'")
    expect(readFileSync(path.join(stack.folder, 'stack.json'), 'utf8')).not.toContain('token-of')
  } finally {
    await stack.down()
    await stack.down()
  }
})

test.each([
  { name: 'a setting that Open WebUI does not survive', changes: { changes: { FAKE_DIES: 'ValueError: what a number' } }, says: /open-webui before did not start, exit code 3: [^]*what a number[^]*Leave out what --set-env changes, or correct it; the logs are in .*failed-start/ },
  { name: 'a model that is not offered', changes: { changes: { FAKE_MODELS: 'other' } }, says: /does not offer the model mock but other/ },
  { name: 'a mock setting that there is none of', changes: { mockArgs: ['--slot', '1'] }, says: /The mock does not take what --defect mock: says \([^)]*--slot/ },
] as const)('$name: told, and nothing is left', async ({ changes, says }) => {
  await expect(startOpenWebUi(options({ profiles: ['before', 'after'], ...changes }))).rejects.toThrow(says)
})

test('what was changed by hand and does not start is no crash', async () => {
  await expect(startOpenWebUi(options({ changes: { FAKE_DIES: 'ValueError' } }))).rejects.toMatchObject({ name: 'UsageError', exitCode: 2 })
  expect(readFileSync(path.join(cache, 'failed-start/open-webui-before.log'), 'utf8')).toContain('ValueError')
})

test('a port that is taken is told before anything starts', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await expect(startOpenWebUi(options({ profiles: ['after', 'before'], firstPort: port - 1 }))).rejects.toThrow(`Port ${port} is taken. Name another with --port`)
  server.close()
})

test('everything that is missing is told at once, with what installs it', async () => {
  const environment = { PATH: path.join(scratch, 'nothing'), FIRST_TOKEN_CACHE: cache }
  const missing = [{ what: expect.stringContaining('Python 3.11 or 3.12') }, { what: expect.stringContaining('redis-server') }]
  await expect(startOpenWebUi(options({ profiles: ['before', 'recommended'], environment }))).rejects.toMatchObject({ exitCode: 2, problems: missing })
  const forOllama = [{ what: expect.stringContaining('there is no `go`') }, { what: expect.stringContaining('no C++ compiler') }]
  const elsewhere = { ...environment, FIRST_TOKEN_CACHE: path.join(scratch, 'empty-cache') }
  await expect(startOpenWebUi(options({ profiles: ['before', 'recommended'], environment: elsewhere, ollama: {} }))).rejects.toMatchObject({ exitCode: 2, problems: [...missing, ...forOllama] })
})

test('a start that is given up leaves nothing', async () => {
  const stop = new AbortController()
  const started = startOpenWebUi(options({ signal: stop.signal, changes: { FAKE_NEVER_READY: '1' } }))
  await expect.poll(() => runningProcesses('fake-open-webui').length, { timeout: 5_000 }).toBe(1)
  stop.abort('SIGINT')
  await expect(started).rejects.toBe('SIGINT')
})

test('a real Ollama behind all sides is asked through the mock, which passes on and keeps its journal, and goes with them', async () => {
  const fake = await fakeOllama()
  mkdirSync(path.join(cache, `ollama-${ollamaVersion}`), { recursive: true })
  renameSync(fake.program, path.join(cache, `ollama-${ollamaVersion}`, 'ollama'))
  const stack = await startOpenWebUi(options({ ollama: { OLLAMA_NUM_PARALLEL: '2' }, changes: { FAKE_MODELS: 'random-words:latest' } }))
  try {
    expect(stack.model).toEqual({ kind: 'ollama', url: stack.mock.url, model: 'random-words:latest' })
    expect(stack.ollama?.tokensPerSecond).toBeCloseTo(250, 6)
    expect(stack.sides[0]?.settings).toMatchObject({ UVICORN_WORKERS: 1, ollama: '0.6.5', OLLAMA_NUM_PARALLEL: '2', slots: 2 })
    expect(await (await fetch(`${stack.mock.url}/api/version`)).json()).toEqual({ version: '0.6.5' })
    kill(stack.ollama?.group.group)
    expect(await stack.died).toMatchObject({ name: 'ollama', detail: expect.stringMatching(/^SIGKILL/) })
  } finally {
    await stack.down()
    await fake.remove()
  }
})

test('a side that ends unasked is told of', async () => {
  const stack = await startOpenWebUi(options())
  kill(knownStacks(cache)[0]?.state?.sides[0]?.pids[0])
  expect(await stack.died).toMatchObject({ name: 'open-webui before', detail: expect.stringMatching(/^SIGKILL/) })
  await stack.down()
})

test('a worker that ends unasked is told of, though its parent goes on', async () => {
  const stack = await startOpenWebUi(options({ profiles: ['before', 'after'] }))
  const worker = stack.sides.find(({ name }) => name === 'after')?.workers[1]
  kill(worker)
  expect(await stack.died).toEqual({ name: 'open-webui after', detail: `its worker ${String(worker)} is gone` })
  await stack.down()
})

/** A process of its own that starts a stack and stays. */
async function harness(name: string): Promise<{ pid: number; end: (signal: NodeJS.Signals) => void }> {
  const bundle = path.join(scratch, `${name}.mjs`)
  const root = path.join(import.meta.dirname, '../../..')
  const source = `import { startOpenWebUi } from './src/stack/open-webui/stack.ts'
const stack = await startOpenWebUi({ ...${JSON.stringify({ ...options(), profiles: ['after', 'recommended'], changes: { FAKE_DEAF: '1' } })}, ollama: undefined, firstPort: undefined, note: () => {}, signal: new AbortController().signal })
process.on('SIGTERM', () => { void stack.down().then(() => process.exit(0)) })
console.log('up')
setInterval(() => {}, 1000)`
  execFileSync(path.join(root, 'node_modules/.bin/esbuild'), ['--bundle', '--platform=node', '--format=esm', '--log-level=warning', '--loader=ts', `--outfile=${bundle}`, "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"], { cwd: root, input: source })
  const child = spawn(process.execPath, [bundle], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return { pid: child.pid ?? 0, end: (signal) => child.kill(signal) }
}

test('kill -9 of whoever started it leaves no process, no port and no folder', async () => {
  const { end } = await harness('killed')
  expect(runningProcesses('fake-open-webui').length).toBe(2)
  end('SIGKILL')
  await expect.poll(() => [runningProcesses(scratch).length, processesIn(cache).length, stacks().length], { timeout: 8_000 }).toEqual([0, 0, 0])
})

test('stopped from elsewhere: by whoever started it, and where the shell that outlives it was killed too', async () => {
  const alive = await harness('alive')
  const [up] = knownStacks(cache, 'open-webui')
  expect(up).toBeDefined()
  if (up !== undefined) expect(await stopStack(up)).toEqual({ ended: 0 })
  await expect.poll(() => runningProcesses(scratch).filter(({ pid }) => pid === alive.pid)).toEqual([])
  const killed = await harness('killed-with-its-shell')
  const [left] = knownStacks(cache, 'open-webui')
  for (const { pid } of runningProcesses('first-token-reaper').filter(({ args }) => args.includes(cache))) process.kill(pid, 'SIGKILL')
  killed.end('SIGKILL')
  if (left !== undefined) expect((await stopStack(left)).ended).toBeGreaterThanOrEqual(11)
})

test('what was written down is told of even where it was cut short', async () => {
  const stack = await startOpenWebUi(options())
  writeFileSync(path.join(stack.folder, 'stack.json'), '{"sta')
  expect(knownStacks(cache, 'open-webui')).toEqual([{ folder: stack.folder, state: undefined }])
  expect(knownStacks(cache, 'ollama')).toEqual([])
  await stack.down()
})
