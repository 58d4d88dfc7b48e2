import { expect, test } from 'vitest'
import { blocker, concurrent, message, run } from '../../test/fixtures/run.ts'
import type { Run } from '../sample/run-file.ts'
import type { MessageRecord } from '../sample/message.ts'
import { delaySlope } from './delay-slope.ts'
import { gentleLimit } from './gentle-stall.ts'
import { judgedStatistic, unseenGently } from './gentle-phases.ts'
import { exposedProbes, stalledShare, type StalledShareClaim, stallLimit } from './stall.ts'

const claim: StalledShareClaim = { measure: 'stalledShare', message: 'hello', during: ['behindStory', 'behindSaga'], quiet: 'quiet', unit: 'share', bounds: { pass: 0.02, fail: 0.02 } }
const rules = { stallFloor: 500, stallLimitFixed: false }

interface PairParts {
  /** When the hello is due after its story, and how long it takes. */
  readonly moment?: number
  readonly ttft?: number | null
  readonly lasts?: number
  readonly fails?: boolean
  readonly isUnsaid?: boolean
}

/** Quiet hellos that take so long, and a pair for each entry, a round each. */
function gentleRun(quiet: readonly (number | null)[], pairs: readonly PairParts[], errorBound = 0): Run {
  const messages: MessageRecord[] = quiet.map((ttft, index) => message({ dueAt: 1_000 * index, ttft, errorBound }))
  for (const [index, { moment = 1_500, ttft = 100, lasts = 4_000, fails = false, isUnsaid = false }] of pairs.entries()) {
    const parts = { round: index + 1, phase: index % 2 === 0 ? 'behindStory' : 'behindSaga' }
    const dueAt = 100_000 * (index + 1)
    messages.push(blocker({ ...parts, dueAt, lasts, ...(fails ? { outcome: { kind: 'failed', code: 'truncated', detail: '', afterTokens: 1 } } : {}) }))
    if (!isUnsaid) messages.push(message({ ...parts, dueAt: dueAt + moment, ttft, errorBound }))
  }
  return run({ messages, rules: { load: 'gentle', looks: [12], alpha: 0.05 } })
}

const twelve = (parts: PairParts = {}): PairParts[] => Array.from({ length: 12 }, () => parts)
const usual = [100, 100, 110, 90, 105, 95]

test.each([
  ['half a second at least', usual, 500],
  ['three times the way from the median to the slowest', [8_000, 8_100, 8_400, 7_900, 8_000, 8_050], 3 * 400],
  ['without a quiet message there is none', [], Infinity],
  ['nor where one of the few never came', [100, 100, 100, 100, 100, Infinity], Infinity],
])('the limit: %s', (_, times, limit) => {
  expect(gentleLimit(rules, times)).toBe(limit)
  expect(gentleLimit({ stallFloor: 300, stallLimitFixed: true }, times)).toBe(300)
})

test('a hello waited if it came later than the quiet median by more than the limit', () => {
  const seen = stalledShare(gentleRun(usual, [...twelve({ ttft: 600 }).slice(0, 6), ...twelve({ ttft: 601 }).slice(0, 6)]), 'after', claim, 'measured')
  expect(seen).toMatchObject({ events: 6, n: 12, episodes: 12, stallingEpisodes: 6, roundsWithStalls: 6, limit: 500, problem: null, quiet: { events: 0, n: 6 } })
})

test('the quiet hellos of all rounds are one baseline, whatever round they were said in', () => {
  expect(stallLimit(gentleRun([100, 100, 100, 100, 900, 100], twelve()), 'after', claim, 'measured')).toBe(2_400)
})

test('exposed is a hello behind which its story still went on for the quiet median and the limit', () => {
  // The story ends 4,005 ms after it was said; 4,005 − 500 − 100 is the last moment.
  for (const [moment, n] of [[3_405, 12], [3_406, 0]] as const) {
    const seen = stalledShare(gentleRun(usual, twelve({ moment })), 'after', claim, 'measured')
    expect([seen.n, seen.dropped.short]).toEqual([n, 12 - n])
  }
})

test('stories that are too short, or that failed, expose nobody, and what is left may be too little', () => {
  const short = stalledShare(gentleRun(usual, twelve({ lasts: 900 })), 'after', claim, 'measured')
  expect(short.problem).toContain('what hello was to wait for was over too soon: after only 0 of 12 hellos')
  expect(stalledShare(gentleRun(usual, twelve({ isUnsaid: true })), 'after', claim, 'measured').dropped.short).toBe(12)
  const failed = stalledShare(gentleRun(usual, [...twelve().slice(0, 8), ...twelve({ fails: true }).slice(0, 4)]), 'after', claim, 'measured')
  expect(failed).toMatchObject({ n: 8, dropped: { failed: 4, short: 0 }, problem: '4 of 12 blockers failed or were never said: during the others nobody stalled may say little' })
  expect(stalledShare(gentleRun([100, null], twelve()), 'after', claim, 'measured').problem).toContain('1 of 2 quiet hellos got no first word')
})

test('a hello that never came waited', () => {
  expect(stalledShare(gentleRun(usual, twelve({ ttft: null })), 'after', claim, 'measured')).toMatchObject({ events: 12, n: 12 })
  expect(exposedProbes(gentleRun(usual, twelve({ ttft: null })), 'after', claim, 'measured').every(({ stalled }) => stalled)).toBe(true)
})

test('the tester’s own lateness works against the verdict that is asked for', () => {
  const late = gentleRun(usual, twelve({ ttft: 700 }), 150)
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => stalledShare(late, 'after', claim, view).events)).toEqual([12, 12, 0])
})

test('the slope: 1 where hellos wait for the end of their story, 0 where they do not, none without different moments', () => {
  const phases = ['behindStory', 'behindSaga']
  const moments = Array.from({ length: 12 }, (_, index) => 1_000 + 200 * index)
  const waiting = gentleRun(usual, moments.map((moment) => ({ moment, ttft: 4_005 - moment + 100 })))
  expect(delaySlope(waiting, 'after', phases)).toEqual({ slope: expect.closeTo(1, 6), n: 12 })
  expect(delaySlope(gentleRun(usual, moments.map((moment, index) => ({ moment, ttft: index === 3 ? 3_000 : 100 }))), 'after', phases).slope).toBeCloseTo(0, 6)
  expect(delaySlope(gentleRun(usual, twelve()), 'after', phases)).toEqual({ slope: undefined, n: 12 })
  expect(delaySlope(gentleRun(usual, twelve({ fails: true })), 'after', phases).n).toBe(0)
  expect(delaySlope(gentleRun(usual, twelve({ ttft: null })), 'after', phases).n).toBe(0)
})

test('percentiles that few messages cannot show are judged at p75; p50 can be shown', () => {
  const gentle = gentleRun(usual, [])
  expect((['p50', 'p90', 'p95', 'p99'] as const).map((statistic) => judgedStatistic(gentle, statistic).name)).toEqual(['p50', 'p75', 'p75', 'p75'])
  expect((['p50', 'p90', 'p95', 'p99'] as const).map((statistic) => judgedStatistic(run(), statistic))).toMatchObject([{ quantile: 0.5, late: 0.5 }, { name: 'p90', late: 0.1 }, { name: 'p95', late: 0.05 }, { name: 'p99', late: 0.01 }])
})

test('a claim is unseen where none of its phases can be said gently, and only there', () => {
  const phases = { ...concurrent.phases, crowd: { together: ['hello'], copies: [8], repeat: 3 } }
  const gentle = run({ header: { scenario: { ...concurrent, phases } }, rules: { load: 'gentle' } })
  const visible = (during: readonly string[]): string | undefined => unseenGently(gentle, false, { measure: 'firstVisible', message: 'hello', during, statistic: 'p95', unit: 'ms', bounds: { pass: 1, fail: 1 } })
  expect(visible(['crowd'])).toBe('phase "crowd" says up to 8 at once: add --load full')
  expect(visible(['quiet', 'crowd'])).toBeUndefined()
  const answers = { measure: 'healthTime', statistic: 'p95', unit: 'ms', bounds: { pass: 1, fail: 1 } } as const
  expect(unseenGently(gentle, false, { ...answers, during: ['crowd'] })).toContain('--load full')
  expect(unseenGently(gentle, false, answers)).toBeUndefined()
  expect(unseenGently(gentle, false, { measure: 'lostTokens', unit: 'count', bounds: { pass: 0, fail: 0 } })).toBeUndefined()
  expect(unseenGently(gentle, false, { measure: 'effectiveConcurrency', message: 'hello', during: 'crowd', unit: 'count', bounds: { pass: 4, fail: 4, atLeast: true } })).toContain('--load full')
  expect(unseenGently(run({ header: { scenario: { ...concurrent, phases } } }), false, { measure: 'firstVisible', message: 'hello', during: ['crowd'], statistic: 'p95', unit: 'ms', bounds: { pass: 1, fail: 1 } })).toBeUndefined()
})
