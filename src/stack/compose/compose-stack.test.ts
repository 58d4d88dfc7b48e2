import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { UsageError } from '../../errors.ts'
import { type ComposeStack, type ComposeStackOptions, startComposeStack } from './compose-stack.ts'
import { FakeEngine } from './test/fake-engine.ts'

const engines: FakeEngine[] = []
const stacks: ComposeStack[] = []
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.down()))
  for (const engine of engines.splice(0)) engine.remove()
})

function engineOf(memoryGigabytes?: number): FakeEngine {
  const engine = new FakeEngine(memoryGigabytes)
  engines.push(engine)
  // spawn looks for `docker` in the PATH of the child's environment, and so does the shell of the reaper.
  return engine
}

interface Said { readonly notes: string[]; readonly entered: string[] }

/** Nobody: no side here has a door. */
const nobody = { email: 'person@first-token.test', password: 'a password', token: 'a-token' }
const accounts = { admin: nobody, person: nobody, other: nobody, crowd: [] }

async function start(engine: FakeEngine, parts: Partial<ComposeStackOptions> = {}): Promise<ComposeStack & Said> {
  const said: Said = { notes: [], entered: [] }
  const stack = await startComposeStack({
    file: '/somewhere/docker-compose.test.yaml', profiles: ['before', 'after', 'recommended'], changes: [], environment: engine.environment, signal: new AbortController().signal,
    note: (line) => said.notes.push(line), firstPort: undefined,
    enter: async ({ url }, { email }) => {
      said.entered.push(`${url} ${email}`)
      return accounts
    },
    ...parts,
  })
  stacks.push(stack)
  return { ...stack, ...said }
}

const refusal = async (ended: Promise<unknown>): Promise<string> => {
  const error = await ended.then(() => undefined, (thrown: unknown) => thrown)
  return error instanceof UsageError ? error.message : expect.fail(String(error))
}

/** What stacks have written down on this engine's machine. */
const foldersOf = (engine: FakeEngine): string[] => readdirSync(path.join(engine.folder, 'cache/state'))

test('all sides come up in a project of their own, at the ports that the engine says, and nothing is left when they are down', async () => {
  const engine = engineOf()
  engine.write('ports/open-webui-after', '127.0.0.1:4711\n')
  const stack = await start(engine, { profiles: ['before', 'after'] })
  expect(stack.sides).toEqual([
    { name: 'before', profile: 'before', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), settings: { image: 'open-webui:v1', memory: '4G', healthInterval: '30s', AIOHTTP_CLIENT_TIMEOUT: '300', workers: 1 }, container: expect.stringMatching(/^first-token-\d+-[0-9a-f]{6}-open-webui-before-1$/), accounts },
    { name: 'after', profile: 'after', url: 'http://127.0.0.1:4711', settings: { image: 'open-webui:v1', memory: '7G', healthInterval: '1m0s', AIOHTTP_CLIENT_TIMEOUT: '45', UVICORN_WORKERS: '4', workers: 4 }, container: expect.stringMatching(/-open-webui-after-1$/), accounts },
  ])
  expect(stack.bring).toBeUndefined()
  expect(stack.entered).toEqual(stack.sides.map(({ url }) => `${url} admin@first-token.test`))
  expect(readFileSync(path.join(stack.folder, 'accounts.env'), 'utf8')).toContain("AFTER_PERSON_TOKEN='a-token'")
  expect(JSON.parse(readFileSync(path.join(stack.folder, 'stack.json'), 'utf8'))).toMatchObject({ stack: 'compose', project: expect.stringMatching(/^first-token-/), sides: [{ name: 'before' }, { name: 'after', url: 'http://127.0.0.1:4711' }] })
  const projects = new Set(engine.calls.filter((call) => call.startsWith('compose --')).map((call) => /--project-name (\S+)/.exec(call)?.[1]))
  expect([...projects]).toEqual([expect.stringMatching(/^first-token-\d+-[0-9a-f]{6}$/)])
  expect(engine.containers).toEqual({ 'mock-llm': 'running', 'open-webui-before': 'running', 'open-webui-after': 'running' })
  await stack.down()
  await stack.down()
  expect(engine.containers).toEqual({})
  expect(engine.calls.filter((call) => / down /.test(call))).toEqual([expect.stringMatching(/ down --volumes --remove-orphans /)])
  expect(foldersOf(engine)).toEqual([])
  await expect.poll(() => engine.processes).toEqual([])
})

test('secrets are drawn for this run, stand in the environment and in no argument; what the shell of the user says of compose does not count', async () => {
  const [one, other] = [engineOf(), engineOf()]
  await start(one, { profiles: ['before'] })
  await start(other, { profiles: ['before'] })
  const secrets = [one, other].map((engine) => /^FIRST_TOKEN_SECRET=(.+)$/m.exec(engine.read('environment'))?.[1] ?? '')
  expect(secrets[0]).toMatch(/^[0-9a-f]{64}$/)
  expect(secrets[0]).not.toBe(secrets[1])
  expect(one.read('environment')).toMatch(/^FIRST_TOKEN_PASSWORD=[0-9a-f]{32}$/m)
  expect(one.calls.join('\n')).not.toContain(secrets[0])
})

test('where memory does not hold all sides one is up at a time, at one address; another is brought by stopping it', async () => {
  const engine = engineOf(8)
  const stack = await start(engine)
  expect(stack.notes.filter((line) => line.startsWith('one side at a time'))).toEqual(['one side at a time: together they may take 18 GB, and there are 8 GB'])
  expect(new Set(stack.sides.map(({ url }) => url)).size).toBe(1)
  expect(stack.entered).toHaveLength(3)
  const running = (): string[] => Object.entries(engine.containers).filter(([name, state]) => name.startsWith('open-webui-') && state === 'running').map(([name]) => name)
  expect(running()).toEqual(['open-webui-recommended'])
  await stack.bring?.('after')
  expect(running()).toEqual(['open-webui-after'])
  const callsBefore = engine.calls.length
  await stack.bring?.('after')
  expect(engine.calls.length).toBe(callsBefore)
  // Stopped because it was asked to: nobody has died.
  expect(await Promise.race([stack.died, new Promise((resolve) => { setTimeout(resolve, 100, 'nobody') })])).toBe('nobody')
})

test('a side that could swap all by itself is told of', async () => {
  expect((await start(engineOf(5), { profiles: ['after'] })).notes).toContain('open-webui-after may take 7 GB, and there are 5 GB: it may swap')
})

test('all workers are waited for: the first that answers is not all', async () => {
  const engine = engineOf()
  engine.write('workers/open-webui-after', '1')
  const started = start(engine, { profiles: ['after'] })
  let isUp = false
  void started.then(() => { isUp = true })
  await expect.poll(() => engine.calls.filter((call) => call.includes(' logs ')).length).toBeGreaterThan(1)
  expect(isUp).toBe(false)
  engine.write('logs/open-webui-after', 'INFO:     Started server process [7]\nStarted worker process [8]\nStarted worker process [9]\nINFO: Started server process [10]\n')
  expect((await started).sides[0]?.settings).toMatchObject({ workers: 4 })
})

test('a number of workers that is none is one worker, as Open WebUI reads it', async () => {
  const engine = engineOf()
  engine.write('config.json', engine.read('config.json').replaceAll('"UVICORN_WORKERS":"4"', '"UVICORN_WORKERS":"many"'))
  engine.write('workers/open-webui-after', '1')
  expect((await start(engine, { profiles: ['after'] })).sides[0]?.settings).toMatchObject({ workers: 1 })
})

test('a container that dies is told of with its exit code, and whether it starved', async () => {
  const engine = engineOf()
  const stack = await start(engine, { profiles: ['after'] })
  engine.write('events', ['{"service":"open-webui-after","action":"oom"}', 'not json', '{"service":"open-webui-after","action":"die","attributes":{"exitCode":"137"}}', ''].join('\n'))
  expect(await stack.died).toEqual({ name: 'open-webui-after', detail: 'exit code 137, out of memory' })
})

test('a Redis that dies is told of, and so is the end of whoever would tell', async () => {
  const engine = engineOf()
  const stack = await start(engine, { profiles: ['recommended'] })
  engine.write('events', '{"service":"redis","action":"die","attributes":{"exitCode":"1"}}\n')
  expect(await stack.died).toEqual({ name: 'redis', detail: 'exit code 1' })
  const deaf = engineOf()
  deaf.write('fail/events', 'Cannot connect to the Docker daemon\n')
  expect(await (await start(deaf, { profiles: ['before'] })).died).toMatchObject({ name: 'docker compose events', detail: expect.stringMatching(/has ended/) })
})

test('what does not come up is taken down again, and the log of what is not well is shown', async () => {
  const engine = engineOf()
  engine.write('fail/up', ' Container x-open-webui-after-1  Error\ndependency failed to start: container x-open-webui-after-1 is unhealthy\n')
  engine.write('logs/open-webui-after', 'sqlite3.OperationalError: disk I/O error\n')
  engine.write('calls', '')
  mkdirSync(`${engine.folder}/containers`)
  engine.write('containers/open-webui-after', 'exited')
  const words = await refusal(start(engine))
  expect(words).toContain('docker compose up failed: dependency failed to start: container x-open-webui-after-1 is unhealthy')
  expect(words).toContain('disk I/O error')
  expect(engine.calls.at(-1)).toContain(' down ')
  expect(engine.containers).toEqual({})
})

test('an abort in the middle ends the call that is on, and takes down what it had brought up', async () => {
  const engine = engineOf()
  engine.write('slow-up', '60')
  const stop = new AbortController()
  const started = start(engine, { signal: stop.signal })
  await expect.poll(() => engine.calls.some((call) => call.includes(' up '))).toBe(true)
  stop.abort('SIGINT')
  await expect(started).rejects.toBe('SIGINT')
  expect(engine.calls.at(-1)).toContain(' down ')
  await expect.poll(() => engine.processes).toEqual([])
})

test('when the harness is killed in the middle of the start, or while all is up, nothing of the project is left', async () => {
  const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-killed-'))
  try {
    const root = path.join(import.meta.dirname, '../../..')
    execFileSync(path.join(root, 'node_modules/.bin/esbuild'), ['src/stack/compose/compose-stack.ts', '--bundle', '--platform=node', '--format=esm', '--log-level=warning', `--outfile=${scratch}/compose-stack.mjs`], { cwd: root })
    writeFileSync(path.join(scratch, 'main.mjs'), `
      import { startComposeStack } from './compose-stack.mjs'
      await startComposeStack({ file: 'docker-compose.test.yaml', profiles: ['before'], changes: [], environment: process.env, signal: new AbortController().signal, firstPort: undefined, note: console.log, enter: async () => (${JSON.stringify(accounts)}) })
      console.log('all is up')
      setInterval(() => {}, 1000)`)
    for (const moment of ['docker compose up', 'all is up']) {
      const engine = engineOf()
      if (moment === 'docker compose up') engine.write('slow-up', '60')
      const harness = spawn(process.execPath, [path.join(scratch, 'main.mjs')], { env: engine.environment, stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      harness.stdout.on('data', (bytes: Buffer) => { said += bytes.toString() })
      await expect.poll(() => said, { timeout: 10_000 }).toContain(moment)
      await expect.poll(() => engine.calls.some((call) => call.includes(' up '))).toBe(true)
      harness.kill('SIGKILL')
      await once(harness, 'exit')
      await expect.poll(() => engine.calls.filter((call) => call.includes(' down ')).length, { timeout: 15_000 }).toBe(1)
      await expect.poll(() => engine.processes, { timeout: 5_000 }).toEqual([])
      expect(engine.containers).toEqual({})
      expect(foldersOf(engine)).toEqual([])
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
})

test('a project that cannot be taken down is a crash that says how to do it by hand', async () => {
  const engine = engineOf()
  const stack = await start(engine, { profiles: ['before'] })
  engine.write('fail/down', 'Error response from daemon: device or resource busy\n')
  await expect(stack.down()).rejects.toThrow(/first-token-\d+-[0-9a-f]+ was not taken down \(Error response from daemon: device or resource busy\); once more: first-token stack down compose; by hand: docker compose --project-name first-token-\d+-[0-9a-f]+ down --volumes/)
  stacks.splice(0)
})

test('what --set-env changes is a second file, a dollar in it is a dollar, and what is said of one side stands above what is said of all', async () => {
  const engine = engineOf()
  let override = ''
  await start(engine, {
    profiles: ['before', 'after'],
    changes: [{ side: 'after', name: 'THREAD_POOL_SIZE', value: '40' }, { side: undefined, name: 'THREAD_POOL_SIZE', value: '$5' }],
    enter: async () => {
      override = readFileSync(/--file (\S+override\.json)/.exec(engine.calls.join('\n'))?.[1] ?? '', 'utf8')
      return accounts
    },
  })
  expect(JSON.parse(override)).toEqual({ services: { 'open-webui-before': { environment: { THREAD_POOL_SIZE: '$$5' } }, 'open-webui-after': { environment: { THREAD_POOL_SIZE: '40' } } } })
})

test.each([
  { what: 'no Docker CLI', change: () => {}, environment: { PATH: '/nowhere' }, words: [/there is no `docker` here/] },
  { what: 'no Compose and no engine', change: (engine: FakeEngine) => {
    engine.write('fail/version', "docker: 'compose' is not a docker command.")
    engine.write('fail/info', 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n')
  }, environment: {}, words: [/`docker compose` is not there/, /engine does not answer: Cannot connect to the Docker daemon/] },
  { what: 'an old Compose', change: (engine: FakeEngine) => engine.write('version', 'v2.23.3\n'), environment: {}, words: [/Compose v2\.23\.3 is too old[^]*2\.24 or newer/] },
  { what: 'an old engine', change: (engine: FakeEngine) => engine.write('server', '24.0.7\n'), environment: {}, words: [/engine 24\.0\.7 is too old[^]*25 or newer/] },
  { what: 'an engine that DOCKER_HOST has elsewhere', change: () => {}, environment: { DOCKER_HOST: 'ssh://me@server' }, words: [/DOCKER_HOST names an engine on another machine \(server\)[^]*Unset DOCKER_HOST/] },
  { what: 'an engine on another machine', change: (engine: FakeEngine) => engine.write('ports/open-webui-before', '0.0.0.0:3001\n'), environment: {}, words: [/has no port on 127\.0\.0\.1 \(docker compose port says "0\.0\.0\.0:3001"\)/] },
  { what: 'a side that the file does not have', change: (engine: FakeEngine) => engine.write('config.json', '{"services":{}}'), environment: {}, words: [/docker-compose\.test\.yaml has no service open-webui-before/] },
])('$what is a usage error that says what to do', async ({ change, environment, words }) => {
  const engine = engineOf()
  change(engine)
  const said = await refusal(start(engine, { profiles: ['before'], environment: { ...engine.environment, ...environment } }))
  for (const word of words) expect(said).toMatch(word)
})

test.each(['unix:///run/user/1000/docker.sock', 'tcp://127.0.0.1:2375', 'tcp://localhost:2375', 'tcp://[::1]:2375', 'ssh://me@localhost', 'tcp://0.0.0.0:2375'])('an engine at %s is one of this machine', async (host) => {
  const engine = engineOf()
  expect((await start(engine, { profiles: ['before'], environment: { ...engine.environment, DOCKER_HOST: host } })).sides).toHaveLength(1)
})

test.each(['5.2.0', 'v2.24.0', '2.39.1-desktop.1'])('Compose %s is new enough', async (version) => {
  const engine = engineOf()
  engine.write('version', `${version}\n`)
  expect((await start(engine, { profiles: ['before'] })).sides).toHaveLength(1)
})
