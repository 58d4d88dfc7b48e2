import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import type { RunFileRecord } from '../sample/run-file.ts'
import { FakeEngine } from '../stack/compose/test/fake-engine.ts'
import { checkContainers, type Containers, containersOf, type ContainerWatch, watchContainers } from './containers.ts'
import type { TargetFlag } from './run-request.ts'

const engines: FakeEngine[] = []
const watches: ContainerWatch[] = []
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.end()))
  for (const engine of engines.splice(0)) engine.remove()
})

const target = (side: string, container = 'astra-ai'): TargetFlag => ({ side, role: 'judged', kind: 'open-webui', url: 'http://127.0.0.1:3000', container })
const inspected = (workers: number): string => JSON.stringify([{ State: { Running: true, StartedAt: '2026-01-01T00:00:00Z' }, Config: { Image: 'astra:1.5', Env: [`UVICORN_WORKERS=${workers}`, 'WEBUI_SECRET_KEY=canary'] }, HostConfig: { Memory: 7 * 2 ** 30 } }])
const usage = (gigabytes: number): string => `\u001B[2J\u001B[H{"CPUPerc":"50.00%","MemUsage":"${gigabytes}GiB / 7GiB"}\n`

function engineWith(container = 'astra-ai'): FakeEngine {
  const engine = new FakeEngine()
  engines.push(engine)
  engine.write(`plain/${container}.json`, inspected(4))
  engine.write(`plain/${container}.log`, 'INFO: Started server process [7]\n'.repeat(4))
  engine.write(`plain/${container}.stats`, usage(2))
  return engine
}

function containersIn(engine: FakeEngine, targets: readonly TargetFlag[], isSwitched = false): Containers {
  return containersOf(targets, isSwitched, engine.environment) ?? expect.fail('no container was named')
}

const clock = { now: () => performance.now() }

async function watched(containers: Containers): Promise<{ watch: ContainerWatch; seen: RunFileRecord[] }> {
  const seen: RunFileRecord[] = []
  const watch = await watchContainers(containers, clock, (one) => seen.push(one))
  watches.push(watch)
  return { watch, seen }
}

test('a container that runs gives the target its settings; without one Docker is not asked', async () => {
  const engine = engineWith()
  const [checked] = await checkContainers([target('target')], containersIn(engine, [target('target')]), engine.environment)
  expect(checked?.settings).toEqual({ image: 'astra:1.5', memory: '7G', UVICORN_WORKERS: '4' })
  expect(containersOf([{ side: 'target', role: 'judged', kind: 'open-webui', url: 'http://127.0.0.1:3000' }], false, engine.environment)).toBeUndefined()
})

test('what is no container, does not run, or has no Docker is a usage error that says what there is', async () => {
  const engine = engineWith('astra-2')
  const words = async (environment = engine.environment): Promise<string> => {
    const targets = [target('target')]
    const error = await checkContainers(targets, containersOf(targets, false, environment) ?? expect.fail(), environment).then(() => undefined, (thrown: unknown) => thrown)
    return error instanceof UsageError ? error.problems.map(({ what, fix }) => `${what} ${fix}`).join('\n') : expect.fail(String(error))
  }
  expect(await words()).toMatch(/^--container: astra-ai is no container here\. These run here: astra-2\. .*DOCKER_HOST=ssh:/)
  engine.write('plain/astra-ai.json', inspected(4).replace('true', 'false'))
  expect(await words()).toMatch(/^--container: astra-ai does not run\./)
  engine.write('fail/info', 'Cannot connect to the Docker daemon\n')
  expect(await words()).toMatch(/engine does not answer: Cannot connect/)
  expect(await words({ ...engine.environment, PATH: '/nowhere' })).toMatch(/^--container needs Docker, and there is no `docker` here/)
})

test('while messages are said, states, usage and what happens are written down, and nothing after the end', async () => {
  const engine = engineWith()
  const { watch, seen } = await watched(containersIn(engine, [target('target')]))
  await expect.poll(() => seen.map(({ type }) => type)).toContain('usage')
  await expect.poll(() => existsSync(path.join(engine.folder, 'plain/events'))).toBe(true)
  // `tail` has to have opened the file before it grows.
  await expect.poll(async () => {
    engine.write('plain/events', `${engine.read('plain/events')}{"Action":"oom","Actor":{"Attributes":{}}}\n`)
    return seen.map(({ type }) => type)
  }, { interval: 100 }).toContain('container-event')
  engine.write('plain/astra-ai.log', 'INFO: Started server process [7]\n'.repeat(5))
  await watch.end()
  const { length } = seen
  const states = seen.filter(({ type }) => type === 'container')
  expect(states).toMatchObject([{ side: 'target', name: 'astra-ai', memoryLimit: 7 * 2 ** 30, workers: { configured: 4, started: 4 }, isSwitched: false }, { workers: { configured: 4, started: 5 } }])
  expect(seen.find(({ type }) => type === 'usage')).toMatchObject({ container: 'astra-ai', memory: 2 ** 31, cpu: 0.5 })
  engine.write('plain/astra-ai.stats', `${usage(2)}${usage(3)}`)
  await expect.poll(() => engine.processes).toEqual([])
  expect(seen).toHaveLength(length)
})

test('a container that is switched is looked at when a side has been brought into force, and followed once', async () => {
  const engine = engineWith()
  const { watch, seen } = await watched(containersIn(engine, [target('before'), target('after')], true))
  expect(seen.filter(({ type }) => type === 'container')).toEqual([])
  await watch.look('after')
  expect(seen.filter(({ type }) => type === 'container')).toMatchObject([{ side: 'after', isSwitched: true }])
  await expect.poll(() => engine.calls.filter((call) => call.startsWith('stats '))).toHaveLength(1)
})

test('when the harness is killed, nobody follows a container any more', async () => {
  const engine = engineWith()
  const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-leash-'))
  try {
    const root = path.join(import.meta.dirname, '../..')
    execFileSync(path.join(root, 'node_modules/.bin/esbuild'), ['src/stack/compose/docker.ts', '--bundle', '--platform=node', '--format=esm', '--log-level=warning', `--outfile=${scratch}/docker.mjs`], { cwd: root })
    writeFileSync(path.join(scratch, 'main.mjs'), `
      import { followDocker } from './docker.mjs'
      followDocker(['events'], { environment: process.env }, () => {})
      followDocker(['stats', 'astra-ai'], { environment: process.env }, () => console.log('seen'))
      setInterval(() => {}, 1000)`)
    const harness = spawn(process.execPath, [path.join(scratch, 'main.mjs')], { env: engine.environment, stdio: ['ignore', 'pipe', 'inherit'] })
    await once(harness.stdout, 'data')
    expect(engine.processes.length).toBeGreaterThan(2)
    harness.kill('SIGKILL')
    await expect.poll(() => engine.processes, { timeout: 5_000 }).toEqual([])
  } finally {
    rmSync(scratch, { recursive: true })
  }
})
