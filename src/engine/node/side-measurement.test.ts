import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { side } from '../../../test/fixtures/run.ts'
import { UsageError } from '../../errors.ts'
import type { Outcome } from '../../sample/message.ts'
import type { Answer, Exchange, Session, Target } from '../../target/target.ts'
import type { SideMeasurement } from '../engine.ts'
import { serviceTime } from '../plan.ts'
import type { RunClock } from './clock.ts'
import { measureSide } from './side-measurement.ts'

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
afterEach(() => { vi.useRealTimers() })

const clock = { now: () => performance.now(), stampError: () => 0 } as unknown as RunClock

interface Behaviour {
  /** How long one hello takes; `said`: how many were said at that instant, and how many before in all. */
  readonly service: (said: { readonly together: number; readonly before: number }) => number
  readonly isSerial?: boolean
  readonly outcome?: Outcome
}

/** A system that answers one at a time, or all at once. */
function system({ service, isSerial = false, outcome = { kind: 'answered' } }: Behaviour): { target: Target; together: number[] } {
  let freeAt = 0
  let before = 0
  const saidAt = new Map<number, number>()
  const say = (): Exchange => {
    const now = clock.now()
    const together = (saidAt.get(now) ?? 0) + 1
    saidAt.set(now, together)
    const begins = isSerial ? Math.max(now, freeAt) : now
    const endsAt = begins + service({ together, before })
    before += 1
    freeAt = endsAt
    const firstTokenAt = outcome.kind === 'answered' ? endsAt : null
    const answer: Answer = {
      connection: { id: 1, kind: 'warm', requestsBefore: 1, openedAt: 0 }, startedAt: now, sentAt: now, headersAt: endsAt, firstEventAt: endsAt, firstTokenAt, firstVisibleAt: firstTokenAt,
      endedAt: endsAt, stampError: 0, endStampError: 0, chunks: 1, coalesced: 0, gaps: [], sources: 0, text: '', usageTokens: null, outcome,
    }
    const done = new Promise<Answer>((resolve) => { setTimeout(() => resolve(answer), endsAt - now) })
    return { done, firstToken: done.then(() => {}), afterTokens: () => done.then(() => {}), lastReadAt: () => now, abort: () => {} }
  }
  const open = (): Session => ({ warm: () => Promise.resolve(), say, close: () => Promise.resolve() })
  return { target: { kind: 'openai', url: 'http://127.0.0.1:1', open }, get together() { return [...saidAt.values()].filter((count) => count > 3) } }
}

async function measured(target: Target, quick = true): Promise<SideMeasurement> {
  const running = measureSide({ sides: [{ side: side(), target, utterance: () => ({ id: 'a-1', text: 'Hello', mock: undefined }) }], quick, clock, signal: new AbortController().signal })
  let hasEnded = false
  void running.then(() => {}, () => {}).then(() => { hasEnded = true })
  for (let turn = 0; turn < 5_000 && !hasEnded; turn += 1) await vi.advanceTimersByTimeAsync(50)
  if (!hasEnded) throw new Error('it did not end')
  const [first] = await running
  if (first === undefined) throw new Error('no side was measured')
  return first
}

test('a serial system: S is what one hello takes; a parallel one: S is about nothing', async () => {
  expect(serviceTime((await measured(system({ service: () => 20, isSerial: true }).target)).service)).toBeCloseTo(20, 0)
  expect(serviceTime((await measured(system({ service: () => 20 }).target)).service)).toBeCloseTo(0, 0)
})

test('one hiccup of three does not make the system look serial', async () => {
  let times = 0
  const { target } = system({ service: ({ together }) => (together === 32 && (times += 1) === 2 ? 2_000 : 20) })
  expect((await measured(target)).service).toMatchObject({ aloneTime: 20, togetherTime: 20, together: 32 })
  expect(times).toBe(3)
})

test('where hello alone takes more than a second eight are said at once, else 32', async () => {
  const slow = system({ service: () => 1_001 })
  expect((await measured(slow.target)).service.together).toBe(8)
  expect(slow.together).toEqual([8, 8, 8])
  expect((await measured(system({ service: () => 1_000 }).target)).service.together).toBe(32)
})

test('the warm-up is at least 20 requests and 3 s, a second for quick, and until the times settle', async () => {
  const standard = (await measured(system({ service: () => 20 }).target, false)).warmUp
  expect(standard.requests).toBeGreaterThanOrEqual(20)
  expect(standard.time).toBeGreaterThanOrEqual(3_000)
  expect(standard.time).toBeLessThan(4_000)
  const quick = (await measured(system({ service: () => 20 }).target)).warmUp
  expect(quick.time).toBeGreaterThanOrEqual(1_000)
  expect(quick.time).toBeLessThan(2_000)
  const warming = (await measured(system({ service: ({ before }) => Math.max(20, 600 - 12 * before) }).target)).warmUp
  expect(warming).toMatchObject({ settled: true })
  expect(warming.requests).toBeGreaterThan(50)
})

test('a system that never answers is exit 5, with what it did', async () => {
  const { target } = system({ service: () => 5, outcome: { kind: 'failed', code: 'http-status', detail: '500', afterTokens: 0 } })
  const failure = await measured(target).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(UsageError)
  expect(failure).toMatchObject({ exitCode: 5, message: expect.stringContaining('never answered a hello: http-status (500)') })
})
