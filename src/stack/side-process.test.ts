import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BuiltProcesses, builtProcesses } from './control/test/built-processes.ts'
import { RawClient } from './control/test/raw-client.ts'
import { runningProcesses } from './control/test/running-processes.ts'
import { now, ScriptedModel, tokenEvent, until } from './control/test/scripted-model.ts'
import { startSideProcess } from './side-process.ts'

let built: BuiltProcesses
beforeAll(async () => { built = await builtProcesses() })
afterAll(() => built.remove())

const isRunning = (pid: number): boolean => runningProcesses(built.folder).some((one) => one.pid === pid)
const portOf = (url: string): number => Number(new URL(url).port)

const isRefused = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('connect', () => {
    socket.destroy()
    resolve(false)
  })
  socket.on('error', () => resolve(true))
})

async function script(name: string, source: string): Promise<string> {
  const file = path.join(built.folder, `${name}.mjs`)
  await writeFile(file, source)
  return file
}

const gateway = (model: ScriptedModel) => startSideProcess({ name: 'gateway', file: built.gateway, args: ['--upstream', model.url.href] })

test('a side process is ready when the promise resolves, has a process group of its own, and is gone when it was stopped', async () => {
  const model = await ScriptedModel.start()
  const side = await gateway(model)
  let deaths = 0
  void side.died.then(() => { deaths += 1 })
  const client = new RawClient(portOf(side.url)).get('/health')
  await until('it answers', () => client.isWhole)
  expect(isRunning(side.pid)).toBe(true)
  // There is a group of that number only where the process leads one.
  expect(process.kill(-side.pid, 0)).toBe(true)
  await side.stop()
  await side.stop()
  expect(isRunning(side.pid)).toBe(false)
  expect(await isRefused(portOf(side.url))).toBe(true)
  expect(deaths).toBe(0)
  model.stop()
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends the gateway with code 0 within a second, open answers or not', async (signal) => {
  const model = await ScriptedModel.start()
  const side = await gateway(model)
  const client = new RawClient(portOf(side.url)).post('{}')
  await until('it is asked', () => model.chats.length === 1)
  model.chat(0).head().write(tokenEvent('Once'))
  await until('it has begun', () => client.told === 'Once')
  const killedAt = now()
  process.kill(side.pid, signal)
  expect(await side.died).toEqual({ name: 'gateway', detail: 'exit code 0' })
  expect(now() - killedAt).toBeLessThan(1_000)
  await until('the model sees it', () => model.chat(0).goneAt !== undefined)
  model.stop()
})

test('when its parent is killed with SIGKILL the gateway goes too, open answers or not', async () => {
  const model = await ScriptedModel.start()
  const parent = spawn(process.execPath, [await script('parent', `
    import { startSideProcess } from ${JSON.stringify(built.starter)}
    const side = await startSideProcess({ name: 'gateway', file: ${JSON.stringify(built.gateway)}, args: ['--upstream', ${JSON.stringify(model.url.href)}] })
    console.log(JSON.stringify({ url: side.url, pid: side.pid }))
  `)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(parent.stdout, 'data') as [Buffer]
  const side = JSON.parse(line.toString()) as { url: string; pid: number }
  const client = new RawClient(portOf(side.url)).post('{}')
  await until('it is asked', () => model.chats.length === 1)
  expect(isRunning(side.pid)).toBe(true)
  parent.kill('SIGKILL')
  await until('the client sees it', () => client.endedAt !== undefined)
  await until('it is gone', () => !isRunning(side.pid))
  await until('its port is closed', () => isRefused(portOf(side.url)))
  model.stop()
})

test('a death that nobody asked for is told with its last words', async () => {
  const file = await script('mortal', `console.log(JSON.stringify({ ready: true, url: 'http://127.0.0.1:9', pid: process.pid })); process.stdin.resume(); setTimeout(() => { console.error('out of luck'); process.exit(3) }, 30)`)
  const side = await startSideProcess({ name: 'mortal', file, args: [] })
  expect(await side.died).toEqual({ name: 'mortal', detail: 'exit code 3: out of luck' })
  await side.stop()
})

test('one that does not heed SIGTERM is killed after a second', async () => {
  const file = await script('stubborn', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(JSON.stringify({ ready: true, url: 'http://127.0.0.1:9', pid: process.pid }))`)
  const side = await startSideProcess({ name: 'stubborn', file, args: [] })
  const askedAt = now()
  await side.stop()
  expect(isRunning(side.pid)).toBe(false)
  expect(now() - askedAt).toBeGreaterThanOrEqual(990)
})

test.each([
  { name: 'dying', source: `console.error('no memory'); process.exit(7)`, message: 'dying did not start: exit code 7: no memory' },
  { name: 'chatty', source: `console.log('Hello'); setInterval(() => {}, 1000)`, message: 'chatty did not start: its first line is not the ready line: Hello' },
  { name: 'silent', source: `setInterval(() => {}, 1000)`, message: 'silent did not start: it was not ready within 300 ms' },
])('one that is $name at its start is an error that says so, and is gone', async ({ name, source, message }) => {
  const file = await script(name, source)
  await expect(startSideProcess({ name, file, args: [], readyWithin: 300 })).rejects.toThrow(message)
  expect(runningProcesses(file)).toEqual([])
})

test('the gateway refuses a wrong command line with every problem and code 2', () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [built.gateway, '--upstream', 'ftp://x', '--port', '99999', '--profile', 'befor', '--set', 'slot=1'], { encoding: 'utf8' })
  expect(status).toBe(2)
  expect(stdout).toBe('')
  for (const part of ['--upstream is not', '--port cannot be', 'Did you mean before?', 'Did you mean slots?']) expect(stderr).toContain(part)
  expect(stderr).not.toContain('    at ')
  expect(spawnSync(process.execPath, [built.gateway, '--surplus'], { encoding: 'utf8' })).toMatchObject({ status: 2 })
  expect(spawnSync(process.execPath, [built.gateway, '--help'], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
})
