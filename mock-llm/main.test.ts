import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { RawClient, chat } from './test/raw-client.ts'

const folder = mkdtempSync(join(tmpdir(), 'mock-llm-'))
const program = join(folder, 'mock-llm.mjs')

beforeAll(async () => {
  const built = await build({ entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))], bundle: true, platform: 'node', format: 'esm', outfile: program, metafile: true })
  const outside = Object.values(built.metafile.outputs).flatMap((output) => output.imports.map((imported) => imported.path))
  expect(outside.filter((path) => !path.startsWith('node:'))).toEqual([])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const readyLine = z.strictObject({ ready: z.literal(true), url: z.string(), pid: z.number() })

async function started(...flags: string[]): Promise<{ child: ChildProcess; port: number; url: string; errors: () => string }> {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let errors = ''
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()))
  const [line] = z.tuple([z.string()]).parse(await once(createInterface(child.stdout), 'line'))
  const { url, pid } = readyLine.parse(JSON.parse(line))
  expect(pid).toBe(child.pid)
  return { child, url, port: Number(new URL(url).port), errors: () => errors }
}

/** A client in the middle of an answer. */
async function midAnswer(port: number): Promise<RawClient> {
  const client = await new RawClient(port).connected()
  onTestFinished(() => void client.socket.destroy())
  client.socket.write(chat('id=open tokens=1000 first=1 gap=20'))
  await client.until((text) => text.includes('open.0'))
  return client
}

test('the ready line is the first of stdout, on a free loopback port, with nothing on stderr', async () => {
  const { url, errors } = await started()
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ object: 'list' })
  expect(errors()).toBe('')
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it at once with code 0, in the middle of an answer', async (signal) => {
  const { child, port } = await started()
  await midAnswer(port)
  const exit = once(child, 'exit')
  child.kill(signal)
  expect(await exit).toEqual([0, null])
})

test('with --exit-with-parent it ends when stdin does, in the middle of an answer; without, it stays', async () => {
  const [child, orphan] = [await started('--exit-with-parent'), await started()]
  await midAnswer(child.port)
  const exit = once(child.child, 'exit')
  orphan.child.stdin?.end()
  child.child.stdin?.end()
  expect(await exit).toEqual([0, null])
  expect((await fetch(`${orphan.url}/mock/clock`)).status).toBe(200)
})

test('flags are the settings it starts with', async () => {
  const { url } = await started('--slots', '2', '--queue=5', '--first', 'lognormal:300,0.5', '--gap', '10', '--head', 'normal:5,1', '--tokens', '7', '--seed', '9', '--slowdown', '0.5', '--models', 'llama3, qwen')
  expect(await (await fetch(`${url}/mock/settings`)).json()).toEqual({
    slots: 2, queue: 5, tokens: 7, seed: 9, reasoning: 0, tools: false, finishesWhenGone: false, firstTokenDelay: 0, slowdown: 0.5, fault: null, shape: null,
    searchTakes: 0, searchStatus: 200, pages: 3, pageBytes: 5_000, pageTakes: 0,
    first: { kind: 'lognormal', median: 300, sigma: 0.5 }, gap: { kind: 'const', ms: 10 }, head: { kind: 'normal', mean: 5, sd: 1 },
  })
  expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ data: [{ id: 'llama3' }, { id: 'qwen' }] })
})

const run = (...flags: string[]) => spawnSync(process.execPath, [program, ...flags], { encoding: 'utf8', timeout: 10_000 })

test('every bad flag is named at once, and the exit code is 2', () => {
  const { status, stdout, stderr } = run('--port', '99999', 'stray', '--slots', '0', '--gap', 'fast', '--bogus', '--models', 'a,,b', '--exit-with-parent=yes', '--seed')
  expect([status, stdout]).toEqual([2, ''])
  for (const named of ['--port', 'stray', '--slots', '--gap', '--bogus', '--models', '--exit-with-parent', '--seed']) expect(stderr).toContain(named)
  expect(stderr.trimEnd().split('\n')).toHaveLength(8)
})

test('--help says what the flags are', () => {
  const { status, stdout } = run('--help')
  expect(status).toBe(0)
  for (const flag of ['--host', '--port', '--slots', '--queue', '--first', '--gap', '--head', '--slowdown', '--tokens', '--seed', '--models', '--exit-with-parent']) expect(stdout).toContain(flag)
})

test('a port that is taken is one sentence and code 2', async () => {
  const { port } = await started()
  const { status, stderr } = run('--port', String(port))
  expect(status).toBe(2)
  expect(stderr).toMatch(/^mock-llm: cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\n$/)
})

test('beyond loopback it warns, and says an address that can be reached', async () => {
  const { url, errors } = await started('--host', '0.0.0.0')
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/)
  expect(await (await fetch(`${url}/mock/clock`)).json()).toMatchObject({ bootId: expect.any(String) })
  expect(errors()).toMatch(/beyond this machine/)
})
