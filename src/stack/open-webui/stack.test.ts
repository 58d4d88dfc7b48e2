import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test as anyTest } from 'vitest'
import { type BuiltProcesses, builtProcesses } from '../control/test/built-processes.ts'
import { type RunningProcess, runningProcesses } from '../control/test/running-processes.ts'
import { stopStack } from '../left-overs.ts'
import { ollamaVersion } from '../ollama/build.ts'
import { fakeOllama } from '../ollama/test/fake-ollama.ts'
import { processesIn } from '../process-identity.ts'
import { knownStacks } from '../stack-folder.ts'
import { type OpenWebUiOptions, startOpenWebUi } from './stack.ts'
import { fakePrograms } from './test/fake-programs.ts'

// The life of the stack, in front of programs that stand in for Open WebUI and Redis; the real ones are in test/real.

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-open-webui-'))
let built: BuiltProcesses
beforeAll(async () => { built = await builtProcesses() })
afterAll(async () => {
  await built.remove()
  rmSync(scratch, { recursive: true, force: true })
})

/** A folder with programs and a cache of its own, so that the tests, which wait most of the time, wait beside each other. */
class Place {
  readonly folder = mkdtempSync(path.join(scratch, 'place-'))
  readonly cache = path.join(this.folder, 'cache')
  readonly #programs = fakePrograms(path.join(this.folder, 'bin'))

  options(changes: Partial<OpenWebUiOptions> = {}): OpenWebUiOptions {
    return {
      profiles: ['before'], errorWithin: 45_000, changes: {}, ollama: undefined, crowd: 0, firstPort: undefined,
      files: { mock: built.mock, requirements: path.join(import.meta.dirname, 'open-webui-0.12.4.txt') },
      environment: { PATH: `${this.#programs}:${process.env['PATH'] ?? ''}`, FIRST_TOKEN_CACHE: this.cache, HTTP_PROXY: 'http://127.0.0.1:1' },
      note: () => {}, signal: new AbortController().signal, ...changes,
    }
  }

  /** What is left of the stacks: processes of their programs, others that stand in their folders, and the folders themselves. */
  get left(): { running: readonly RunningProcess[]; processes: readonly number[]; stacks: readonly string[] } {
    const state = path.join(this.cache, 'state')
    return { running: runningProcesses(this.folder), processes: processesIn(this.cache), stacks: existsSync(state) ? readdirSync(state) : [] }
  }
}

const nothing = { running: [], processes: [], stacks: [] }

const test = anyTest.extend<{ place: Place }>({
  place: async ({ task }, use) => {
    const place = new Place()
    await use(place)
    expect(place.left, `after "${task.name}"`).toEqual(nothing)
  },
})

/** Number 0 would be the group of the tests themselves. */
function kill(pid: number | undefined): void {
  expect(pid).toBeGreaterThan(1)
  if (pid !== undefined && pid > 1) process.kill(pid, 'SIGKILL')
}

test.concurrent('sides come up with all their workers, their accounts and the settings in force, and go without a trace', async ({ place, expect }) => {
  const stack = await startOpenWebUi(place.options({ profiles: ['before', 'after', 'recommended'], errorWithin: 6_000, changes: { 'after:NEW_ONE': 'x' } }))
  try {
    expect(stack.sides.map(({ name, settings }) => [name, settings])).toEqual([
      ['before', { version: '0.12.4', workersStarted: 1, workersRunning: 1, UVICORN_WORKERS: 1, AIOHTTP_CLIENT_TIMEOUT: 40, modelConnections: 'unlimited', pageTimeOut: 'none', redis: 'none' }],
      ['after', { version: '0.12.4', workersStarted: 4, workersRunning: 4, UVICORN_WORKERS: 4, AIOHTTP_CLIENT_TIMEOUT: 6, THREAD_POOL_SIZE: 20, DATABASE_POOL_SIZE: 10, AIOHTTP_POOL_CONNECTIONS: 100, NEW_ONE: 'x', modelConnections: '100', pageTimeOut: 'none', redis: 'none' }],
      ['recommended', { version: '0.12.4', workersStarted: 4, workersRunning: 4, UVICORN_WORKERS: 4, WEBSOCKET_MANAGER: 'redis', AIOHTTP_CLIENT_TIMEOUT: 80, AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT: 6, WEB_LOADER_TIMEOUT: 4, modelConnections: 'unlimited', pageTimeOut: '4', redis: '7.0.15' }],
    ])
    expect(new Set(stack.sides.map(({ url }) => url)).size).toBe(3)
    expect(stack.sides[0]?.accounts.person.token).toBe('token-of-person')
    const [known] = knownStacks(place.cache, 'open-webui')
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

test.concurrent.for([
  { name: 'a setting that Open WebUI does not survive', changes: { changes: { FAKE_DIES: 'ValueError: what a number' } }, says: /open-webui before did not start, exit code 3: [^]*what a number[^]*Leave out what --set-env changes, or correct it; the logs are in .*failed-start/ },
  { name: 'a model that is not offered', changes: { changes: { FAKE_MODELS: 'other' } }, says: /does not offer the model mock but other/ },
] as const)('$name: told, and nothing is left', async ({ changes, says }, { place, expect }) => {
  await expect(startOpenWebUi(place.options({ profiles: ['before', 'after'], ...changes }))).rejects.toThrow(says)
})

test.concurrent('what was changed by hand and does not start is no crash', async ({ place, expect }) => {
  await expect(startOpenWebUi(place.options({ changes: { FAKE_DIES: 'ValueError' } }))).rejects.toMatchObject({ name: 'UsageError', exitCode: 2 })
  expect(readFileSync(path.join(place.cache, 'failed-start/open-webui-before.log'), 'utf8')).toContain('ValueError')
})

test.concurrent('a port that is taken is told before anything starts', async ({ place, expect }) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await expect(startOpenWebUi(place.options({ profiles: ['after', 'before'], firstPort: port - 1 }))).rejects.toThrow(`Port ${port} is taken. Name another with --port`)
  server.close()
})

test.concurrent('everything that is missing is told at once, with what installs it', async ({ place, expect }) => {
  const environment = { PATH: path.join(place.folder, 'nothing'), FIRST_TOKEN_CACHE: place.cache }
  const missing = [{ what: expect.stringContaining('Python 3.11 or 3.12') }, { what: expect.stringContaining('redis-server') }]
  await expect(startOpenWebUi(place.options({ profiles: ['before', 'recommended'], environment }))).rejects.toMatchObject({ exitCode: 2, problems: missing })
  const forOllama = [{ what: expect.stringContaining('there is no `go`') }, { what: expect.stringContaining('no C++ compiler') }]
  const elsewhere = { ...environment, FIRST_TOKEN_CACHE: path.join(place.folder, 'empty-cache') }
  await expect(startOpenWebUi(place.options({ profiles: ['before', 'recommended'], environment: elsewhere, ollama: {} }))).rejects.toMatchObject({ exitCode: 2, problems: [...missing, ...forOllama] })
})

const pagesIn = (place: Place): number => place.left.running.filter(({ args }) => args.includes('fake-open-webui')).length

test.concurrent('a start that is given up leaves nothing', async ({ place, expect }) => {
  const stop = new AbortController()
  const started = startOpenWebUi(place.options({ signal: stop.signal, changes: { FAKE_NEVER_READY: '1' } }))
  await expect.poll(() => pagesIn(place), { timeout: 20_000 }).toBe(1)
  stop.abort('SIGINT')
  await expect(started).rejects.toBe('SIGINT')
})

test.concurrent('a real Ollama behind all sides is asked through the mock, which passes on and keeps its journal, and goes with them', async ({ place, expect }) => {
  const fake = await fakeOllama()
  mkdirSync(path.join(place.cache, `ollama-${ollamaVersion}`), { recursive: true })
  renameSync(fake.program, path.join(place.cache, `ollama-${ollamaVersion}`, 'ollama'))
  const stack = await startOpenWebUi(place.options({ ollama: { OLLAMA_NUM_PARALLEL: '2' }, changes: { FAKE_MODELS: 'random-words:latest' } }))
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

test.concurrent('a side that ends unasked is told of', async ({ place, expect }) => {
  const stack = await startOpenWebUi(place.options())
  kill(knownStacks(place.cache)[0]?.state?.sides[0]?.pids[0])
  expect(await stack.died).toMatchObject({ name: 'open-webui before', detail: expect.stringMatching(/^SIGKILL/) })
  await stack.down()
})

test.concurrent('a worker that ends unasked is told of, though its parent goes on', async ({ place, expect }) => {
  const stack = await startOpenWebUi(place.options({ profiles: ['before', 'after'] }))
  const worker = stack.sides.find(({ name }) => name === 'after')?.workers[1]
  kill(worker)
  expect(await stack.died).toEqual({ name: 'open-webui after', detail: `its worker ${String(worker)} is gone` })
  await stack.down()
})

/** A process of its own that starts a stack and stays. */
async function harness(place: Place): Promise<{ pid: number; kill: () => Promise<unknown> }> {
  const bundle = path.join(place.folder, 'harness.mjs')
  const root = path.join(import.meta.dirname, '../../..')
  const source = `import { startOpenWebUi } from './src/stack/open-webui/stack.ts'
const stack = await startOpenWebUi({ ...${JSON.stringify({ ...place.options(), profiles: ['after', 'recommended'], changes: { FAKE_DEAF: '1' } })}, ollama: undefined, firstPort: undefined, note: () => {}, signal: new AbortController().signal })
process.on('SIGTERM', () => { void stack.down().then(() => process.exit(0)) })
console.log('up')
setInterval(() => {}, 1000)`
  execFileSync(path.join(root, 'node_modules/.bin/esbuild'), ['--bundle', '--platform=node', '--format=esm', '--log-level=warning', '--loader=ts', `--outfile=${bundle}`, "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"], { cwd: root, input: source })
  const child = spawn(process.execPath, [bundle], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const exit = once(child, 'exit')
  return { pid: child.pid ?? 0, kill: () => { child.kill('SIGKILL'); return exit } }
}

test.concurrent('kill -9 of whoever started it leaves no process, no port and no folder', async ({ place, expect }) => {
  const { kill: killed } = await harness(place)
  expect(pagesIn(place)).toBe(2)
  await killed()
  await expect.poll(() => place.left, { timeout: 20_000 }).toEqual(nothing)
})

test.concurrent('stopped from elsewhere: by whoever started it', async ({ place, expect }) => {
  const { pid } = await harness(place)
  const [up] = knownStacks(place.cache, 'open-webui')
  expect(up).toBeDefined()
  if (up !== undefined) expect(await stopStack(up)).toEqual({ ended: 0 })
  await expect.poll(() => place.left.running.filter((one) => one.pid === pid)).toEqual([])
})

test.concurrent('stopped from elsewhere where the shell that outlives whoever started it was killed too', async ({ place, expect }) => {
  const { kill: killed } = await harness(place)
  const [left] = knownStacks(place.cache, 'open-webui')
  for (const { pid } of runningProcesses('first-token-reaper').filter(({ args }) => args.includes(place.cache))) process.kill(pid, 'SIGKILL')
  await killed()
  if (left !== undefined) expect((await stopStack(left)).ended).toBeGreaterThanOrEqual(11)
})

test.concurrent('what was written down is told of even where it was cut short', async ({ place, expect }) => {
  const stack = await startOpenWebUi(place.options())
  writeFileSync(path.join(stack.folder, 'stack.json'), '{"sta')
  expect(knownStacks(place.cache, 'open-webui')).toEqual([{ folder: stack.folder, state: undefined }])
  expect(knownStacks(place.cache, 'ollama')).toEqual([])
  await stack.down()
})
