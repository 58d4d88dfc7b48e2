import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ControlStack, startControlStack } from './stack.ts'
import { type BuiltProcesses, builtProcesses } from './test/built-processes.ts'
import { RawClient } from './test/raw-client.ts'
import { runningProcesses } from './test/running-processes.ts'
import { until } from './test/scripted-model.ts'

let built: BuiltProcesses
beforeAll(async () => { built = await builtProcesses() })
afterAll(() => built.remove())

const processes = () => runningProcesses(built.folder)

const up = (): Promise<ControlStack> => startControlStack({
  sides: [{ name: 'before', profile: 'before', defects: {} }, { name: 'after', profile: 'after', defects: { slots: 3, upstreamTimeout: 'total:3000' } }],
  files: built,
})

test('the control stack is a mock and a gateway for each side, which answer, say what is in force, and are gone after down', async () => {
  const stack = await up()
  expect(stack.sides.map(({ name, profile, defects }) => ({ name, profile, defects }))).toEqual([
    { name: 'before', profile: 'before', defects: {} },
    { name: 'after', profile: 'after', defects: { slots: 3, upstreamTimeout: 'total:3000' } },
  ])
  expect(stack.sides[0]?.settings).toMatchObject({ slots: 1, connections: 'fresh', handshakeCost: 300, upstreamTimeout: 'none' })
  expect(stack.sides[1]?.settings).toMatchObject({ slots: 3, connections: 'pooled', upstreamTimeout: 'total:3000' })
  expect(processes()).toHaveLength(3)
  const prompt = JSON.stringify({ model: 'mock', stream: true, messages: [{ role: 'user', content: 'Hello\n[[ft1 id=hello-1 tokens=3 first=2 gap=5]]' }] })
  const clients = [...stack.sides.map(({ url }) => url), stack.mock.url].map((url) => new RawClient(Number(new URL(url).port)).post(prompt))
  await until('all have answered', () => clients.every((client) => client.isDone))
  for (const client of clients) expect(client.told).toMatch(/^hello-1\.0 hello-1\.1 hello-1\.2\/3~[0-9a-f]{8}$/)
  for (const client of clients) client.leave()
  await stack.down()
  await stack.down()
  expect(processes()).toEqual([])
})

test('who dies first is told', async () => {
  const stack = await up()
  const [after] = processes().filter(({ args }) => args.includes('slots=3'))
  expect(after).toBeDefined()
  if (after !== undefined) process.kill(after.pid, 'SIGKILL')
  expect(await stack.died).toEqual({ name: 'gateway after', detail: 'SIGKILL' })
  await stack.down()
})

test('where one does not start, the others are stopped and the error says which', async () => {
  await expect(startControlStack({
    sides: [{ name: 'before', profile: 'before', defects: {} }, { name: 'after', profile: 'after', defects: { slot: 3 } }],
    files: built,
  })).rejects.toThrow('gateway after did not start: exit code 2: The control gateway has no setting "slot". Did you mean slots?')
  expect(processes()).toEqual([])
  await expect(startControlStack({ sides: [], files: { ...built, mock: path.join(built.folder, 'absent.mjs') } })).rejects.toThrow(/mock did not start: exit code 1: .*Cannot find module/s)
})
