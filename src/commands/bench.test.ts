import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import type { JournalEntry } from '../sample/journal.ts'
import { ceilingOf, type CeilingStep, nextRate } from './bench-ceiling.ts'
import { benchOptions } from './bench-flags.ts'
import { benchRow } from './bench-report.ts'
import { samplesOf } from './bench-run.ts'

const file = path.resolve(import.meta.dirname, '../../dist/bench.js')

function bench(args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (bytes: Buffer) => { stdout += bytes.toString() })
    child.stderr.on('data', (bytes: Buffer) => { stderr += bytes.toString() })
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** Answers everything that a mock is asked, and tells no token. */
async function silentMock(): Promise<string> {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const bodies: Record<string, unknown> = { '/mock/clock': { now: 1, bootId }, '/mock/journal': { next: 0, open: 0, entries: [] }, '/mock/lateness': { count: 0, p50: 0, p99: 0 } }
  server = createServer(({ url = '' }, response) => {
    const body = bodies[url.replace(/\?.*/, '')]
    if (body === undefined) response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' }).end('data: [DONE]\n\n')
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  const listening = server
  await new Promise<void>((resolve) => { listening.listen(0, '127.0.0.1', () => resolve()) })
  const address = listening.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

test('a quick run measures every message in every cell', async () => {
  const { code, stdout } = await bench(['--quick', '--json', '--streams', '2'])
  expect(code).toBe(0)
  const document: unknown = JSON.parse(stdout)
  const figures = { p50: expect.any(Number), p99: expect.any(Number) }
  const rows = ['engine', 'net'].flatMap((reader) => ['cold', 'warm'].map((start) => expect.objectContaining({
    reader, start, streams: 2, said: 2, n: 2,
    error: { ...figures, max: expect.any(Number) }, beyondBound: reader === 'net' ? null : expect.any(Number), cpuPerMessage: expect.any(Number), rssMegabytes: expect.any(Number), mockLateness: figures,
  })))
  expect(document).toMatchObject({ quick: true, rounds: 1, seed: 1, machine: { cores: expect.any(Number), node: process.versions.node, load: { before: expect.any(Number), after: expect.any(Number) } }, rows, ceiling: { streams: 20, limit: 10, held: expect.any(Number) } })
  expect(document).toMatchObject({ ratios: [{ start: 'cold', streams: 2 }, { start: 'warm', streams: 2 }] })
})

test('a run that measured nothing fails, and says where', async () => {
  const { code, stdout, stderr } = await bench(['--quick', '--json', '--streams', '1', '--mock', await silentMock()])
  expect(stderr).toMatch(/bench: (engine|net) (cold|warm), 1 stream: nothing was measured/)
  expect(stdout).toBe('')
  expect(code).toBe(4)
})

test('a mock that is not there is the mistake of whoever named it', async () => {
  const { code, stderr } = await bench(['--quick', '--mock', 'http://127.0.0.1:9'])
  expect(stderr).toContain('No mock answers at http://127.0.0.1:9')
  expect(code).toBe(2)
})

test('a row of nothing cannot be made', () => {
  expect(() => benchRow({ reader: 'engine', start: 'cold', streams: 1 }, [{ samples: [], cpuMilliseconds: 1, rssBytes: 1 }])).toThrow(RangeError)
})

const entry = (id: string, requestsBefore: number, firstTokenAt: number | null): JournalEntry => ({
  id, kind: 'chat', socket: 1, requestsBefore, receivedAt: 0, firstTokenDueAt: 100, firstTokenAt, lastTokenAt: firstTokenAt, tokensWritten: 1, tokensTogether: 0, clientGoneAt: null, fault: null, faultAt: null,
})

test('only messages count that the mock knows, over the kind of connection that was asked for', () => {
  const firstTokens = ['open', 'dialled', 'silent', 'unknown'].map((id) => ({ id, at: 103, bound: 2 }))
  const entries = [entry('open', 1, 101), entry('dialled', 0, 101.5), entry('silent', 1, null)]
  expect(samplesOf({ firstTokens }, entries, 'warm')).toEqual([{ error: 2, bound: 2, lateness: 1 }])
  expect(samplesOf({ firstTokens }, entries, 'cold')).toEqual([{ error: 1.5, bound: 2, lateness: 1.5 }])
})

test('a stamp later than its bound is counted, and apart where calibration would count it too', () => {
  const samples = [{ error: 1, bound: 1, lateness: 0 }, { error: 3, bound: 1, lateness: 0 }, { error: 6.5, bound: 1, lateness: 0 }]
  const reading = { samples, cpuMilliseconds: 8, rssBytes: 2 ** 26 }
  expect(benchRow({ reader: 'engine', start: 'warm', streams: 4 }, [reading])).toMatchObject({ said: 4, n: 3, beyondBound: 2, farBeyondBound: 1, cpuPerMessage: 2, rssMegabytes: 64 })
})

test.each([
  ['begins where it is told', [], 10_000],
  ['goes up while the mock is in time', [[10_000, 2]], 15_000],
  ['asks again before it believes that a rate is too much', [[10_000, 2], [15_000, 11]], 15_000],
  ['goes on where the second time is in time', [[10_000, 2], [15_000, 11], [15_000, 3]], 22_500],
  ['looks between what held and what did not', [[10_000, 2], [15_000, 11], [15_000, 12]], 12_247],
  ['goes down where the first rate is too much', [[10_000, 11], [10_000, 11]], 4_444],
  ['stops when enough is known', [[10_000, 2], [15_000, 11], [15_000, 12], [12_247, 2], [13_554, 2]], null],
] as const)('the search for the ceiling %s', (_, tried, next) => {
  expect(nextRate(steps(tried), 10_000, 2)).toBe(next)
})

const steps = (tried: readonly (readonly [number, number])[]): CeilingStep[] => tried.map(([asked, p99]) => ({ asked, written: asked, p50: 1, p99 }))

test('the ceiling lies between the highest rate that held and the lowest that did not, either of which may be unknown', () => {
  expect(ceilingOf(steps([[10, 1], [15, 11], [15, 2], [22, 11], [22, 11]]))).toEqual({ held: 15, exceeded: 22 })
  expect(ceilingOf(steps([[10, 1]]))).toEqual({ held: 10, exceeded: null })
  expect(ceilingOf(steps([[10, 11], [10, 11]]))).toEqual({ held: null, exceeded: 10 })
})

test('flags are read, and all that is wrong with them is told at once', () => {
  expect(benchOptions([])).toEqual({ streams: [1, 50, 200, 500], rounds: 5, seed: 1, quick: false, json: false, mock: undefined })
  expect(benchOptions(['--quick', '--streams', '7', '--seed=3', '--json'])).toEqual({ streams: [7], rounds: 1, seed: 3, quick: true, json: true, mock: undefined })
  expect(benchOptions(['--help', '--rounds', 'x'])).toBe('help')
  const wrong = (): unknown => benchOptions(['--streams', '0,x', '--rounds', '-1', '--quick=no', '--rate', '5', '--mock', 'file:///x'])
  expect(wrong).toThrow(UsageError)
  expect(wrong).toThrow(/"0" is not[^]*"x" is not[^]*/)
  for (const words of ['--rounds', '--quick takes no value', '--rate is not a flag', '--mock: "file:///x"']) expect(wrong).toThrow(words)
})
