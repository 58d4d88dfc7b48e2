import { existsSync, readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { runningProcesses } from '../control/test/running-processes.ts'
import { measuredRate, startOllama } from './server.ts'
import { type FakeOllama, fakeOllama } from './test/fake-ollama.ts'

const never = new AbortController().signal
let fake: FakeOllama
afterEach(async () => {
  expect(runningProcesses(fake.program)).toEqual([])
  await fake.remove()
})

const written = <Shape>(name: string): Shape => JSON.parse(readFileSync(`${fake.folder}/${name}`, 'utf8').trim()) as Shape
const start = (parallel: string, signal = never) => startOllama({ name: 'ollama after', program: fake.program, environment: { OLLAMA_NUM_PARALLEL: parallel }, signal })

test('it serves from a folder of its own, with a model that is made and loaded, and says how many slots it has', async () => {
  fake = await fakeOllama()
  const server = await start('4')
  const { environment, pid, cwd } = written<{ environment: Record<string, string>; pid: number; cwd: string }>('serve')
  expect(pid).toBe(server.pid)
  expect(environment).toMatchObject({ OLLAMA_NUM_PARALLEL: '4', OLLAMA_HOST: '127.0.0.1:0', OLLAMA_NOPRUNE: '1', HOME: cwd, OLLAMA_MODELS: `${cwd}/models` })
  const created = written<{ args: string[]; host: string; modelfile: string; magic: string }>('create')
  expect(created).toMatchObject({ args: [server.model, '-f', 'Modelfile'], host: new URL(server.url).host, magic: 'GGUF' })
  expect(created.modelfile).toMatch(/^FROM \.\/model\.gguf\nTEMPLATE """.*"""\nPARAMETER num_thread 1\n/)
  expect(server.settings).toEqual({ ollama: '0.6.5', OLLAMA_NUM_PARALLEL: '4', slots: 4, threads: 1, context: 32_768 })
  expect(await measuredRate(server, never)).toBeCloseTo(250, 6)
  await server.stop()
  await server.stop()
  expect(existsSync(cwd)).toBe(false)
})

test('one that ends by itself is told with its last words', async () => {
  fake = await fakeOllama()
  const server = await start('1')
  process.kill(server.pid, 'SIGKILL')
  const { name, detail } = await server.died
  expect(name).toBe('ollama after')
  expect(detail).toMatch(/^SIGKILL: /)
})

test.each([
  { what: 'one that does not come up', parts: { serve: `console.error('no room'); process.exit(3)` }, message: /ollama after did not start: exit code 3: no room/ },
  { what: 'one that tells fewer tokens than it is asked for', parts: { tokens: '0' }, message: /ollama after did not start: it was asked for 1 tokens and told 0/ },
])('$what is an error that says so, and nothing of it is left', async ({ parts, message }) => {
  fake = await fakeOllama(parts)
  await expect(start('1')).rejects.toThrow(message)
  expect(existsSync(written<{ cwd: string }>('serve').cwd)).toBe(false)
})

test('a start that is given up leaves nothing', async () => {
  fake = await fakeOllama({ serve: 'setInterval(() => {}, 1000); return' })
  const giving = new AbortController()
  setTimeout(() => giving.abort(new Error('enough')), 300)
  await expect(start('1', giving.signal)).rejects.toThrow('enough')
  expect(existsSync(written<{ cwd: string }>('serve').cwd)).toBe(false)
})
