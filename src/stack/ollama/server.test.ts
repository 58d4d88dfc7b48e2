import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { runningProcesses } from '../control/test/running-processes.ts'
import { until } from '../control/test/scripted-model.ts'
import { ProcessGroups } from '../process-groups.ts'
import { measuredRate, type OllamaServer, startOllama } from './server.ts'
import { type FakeOllama, fakeOllama } from './test/fake-ollama.ts'

const never = new AbortController().signal
let fake: FakeOllama
let groups: ProcessGroups | undefined
afterEach(async () => {
  await groups?.end()
  expect(runningProcesses(fake.program)).toEqual([])
  expect(existsSync(path.join(fake.folder, 'stack'))).toBe(false)
  await fake.remove()
})

const written = <Shape>(name: string): Shape => JSON.parse(readFileSync(`${fake.folder}/${name}`, 'utf8').trim()) as Shape

async function start(parallel: string, parts: Parameters<typeof fakeOllama>[0] = {}, signal = never): Promise<OllamaServer> {
  fake = await fakeOllama(parts)
  const folder = path.join(fake.folder, 'stack')
  groups = new ProcessGroups(folder)
  return startOllama({ name: 'ollama after', program: fake.program, environment: { OLLAMA_NUM_PARALLEL: parallel }, groups, folder: path.join(folder, 'after'), signal })
}

test('it serves from a folder of its own, with a model that is made and loaded, and says how many slots it has', async () => {
  const server = await start('4')
  const { environment, pid, cwd } = written<{ environment: Record<string, string>; pid: number; cwd: string }>('serve')
  expect(pid).toBe(server.group.group)
  expect(cwd).toBe(path.join(fake.folder, 'stack/after'))
  expect(environment).toMatchObject({ OLLAMA_NUM_PARALLEL: '4', OLLAMA_HOST: '127.0.0.1:0', OLLAMA_NOPRUNE: '1', HOME: cwd, OLLAMA_MODELS: `${cwd}/models` })
  const created = written<{ args: string[]; host: string; modelfile: string; magic: string }>('create')
  expect(created).toMatchObject({ args: [server.model, '-f', 'Modelfile'], host: new URL(server.url).host, magic: 'GGUF' })
  expect(created.modelfile).toMatch(/^FROM \.\/model\.gguf\nTEMPLATE """.*"""\nPARAMETER num_thread 1\n/)
  expect(existsSync(path.join(cwd, 'model.gguf'))).toBe(false)
  expect(server.settings).toEqual({ ollama: '0.6.5', OLLAMA_NUM_PARALLEL: '4', slots: 4, threads: 1, context: 32_768 })
  expect(await measuredRate(server, never)).toBeCloseTo(250, 6)
})

test('one that ends by itself is told with its last words', async () => {
  const server = await start('1')
  process.kill(server.group.group, 'SIGKILL')
  const { name, detail } = await groups?.died ?? expect.fail()
  expect(name).toBe('ollama after')
  expect(detail).toMatch(/^SIGKILL: .*starting llama server/s)
})

test.each([
  { what: 'one that does not come up', parts: { serve: `console.error('no room'); process.exit(3)` }, message: /^ollama after did not start: exit code 3: no room$/ },
  { what: 'one that tells fewer tokens than it is asked for', parts: { tokens: '0' }, message: /^ollama after did not start: it was asked for 1 tokens and told 0: .*Listening/ },
])('$what is an error that says so', async ({ parts, message }) => {
  await expect(start('1', parts)).rejects.toThrow(message)
})

test('a start that is given up says why', async () => {
  const giving = new AbortController()
  const starting = start('1', { serve: 'setInterval(() => {}, 1000); return' }, giving.signal)
  starting.catch(() => {})
  await until('it runs', () => fake !== undefined && existsSync(`${fake.folder}/serve`))
  giving.abort(new Error('enough'))
  await expect(starting).rejects.toThrow('enough')
})
