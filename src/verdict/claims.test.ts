import { expect, test } from 'vitest'
import { type RoundParts, roundsRun } from '../../test/fixtures/rounds.ts'
import { concurrent, type RunParts, side } from '../../test/fixtures/run.ts'
import type { ClaimSpec, Statistic } from '../scenario/spec.ts'
import type { ClaimResult } from './document.ts'
import { judgeSide, lookDecides } from './claims.ts'

const starts = 'hello starts immediately'
const waits = 'hello does not wait for the story'
const grows = 'a longer story delays hello no more'
const lost = 'no word is lost'

function judged(sentence: string, parts: RoundParts = {}, of: Omit<RunParts, 'messages'> = {}): ClaimResult {
  const run = roundsRun(parts, of)
  const found = run.header.sides.flatMap((one) => judgeSide(run, one)).find(({ claim }) => claim === sentence)
  if (found === undefined) throw new Error(`no claim ${sentence}`)
  return found
}

const claiming = (claims: Record<string, ClaimSpec>): Omit<RunParts, 'messages'> => ({ header: { scenario: { ...concurrent, claims } } })
const stalledClaim = (pass: number, fail = pass): ClaimSpec => ({ measure: 'stalledShare', message: 'hello', during: ['behindStory', 'behindSaga'], quiet: 'quiet', unit: 'share', bounds: { pass, fail } })

/** So many stalled probes in the loaded windows of each round, the first of the window. */
const stalls = (perRound: (round: number) => number, quietPerRound: (round: number) => number = () => 0): RoundParts => ({
  ttft: (round, index, phase) => (phase === 'quiet' ? (index < quietPerRound(round) ? 2_000 : 10) : phase === 'behindStory' && index < perRound(round) ? 1_200 : 10),
})

test('0 of 576 stalled passes at 2 %, and the reason states hellos and stories', () => {
  const { verdict, reason, value, n, low, high } = judged(waits)
  expect({ verdict, value, n, low }).toEqual({ verdict: 'pass', value: 0, n: 576, low: 0 })
  // 1 − .02^(1/576) and 1 − .02^(1/12)
  expect(high).toBeCloseTo(0.006769, 6)
  expect(reason).toBe('0 of 576 hellos stalled (≤ 0.7 %); 0 of 12 stories and sagas stalled anybody (≤ 28 %); so it is at most 2 %')
})

test.each([
  // Evenly spread, so the design effect is 1. Limits of 6, 12, 18, 24 of 576 at 2 % each way: .0036-.0232, .0105-.0369, .0181-.0498, .0263-.0624.
  { perRound: 0, verdict: 'pass' },
  { perRound: 1, verdict: 'inconclusive' },
  { perRound: 2, verdict: 'inconclusive' },
  { perRound: 3, verdict: 'inconclusive' },
  { perRound: 4, verdict: 'fail' },
])('$perRound stalled hellos a round: $verdict', ({ perRound, verdict }) => {
  expect(judged(waits, stalls(() => perRound)).verdict).toBe(verdict)
})

test('the upper limit at the bound itself passes, the lower limit at the bound itself does not fail', () => {
  const { high } = judged(waits, stalls(() => 1))
  const { low } = judged(waits, stalls(() => 8))
  if (high === null || low === null) throw new Error('no interval')
  expect(judged('at', stalls(() => 1), claiming({ at: stalledClaim(high) })).verdict).toBe('pass')
  expect(judged('at', stalls(() => 1), claiming({ at: stalledClaim(high - 1e-9) })).verdict).toBe('inconclusive')
  expect(judged('at', stalls(() => 8), claiming({ at: stalledClaim(low) })).verdict).toBe('inconclusive')
  expect(judged('at', stalls(() => 8), claiming({ at: stalledClaim(low - 1e-9) })).verdict).toBe('fail')
})

test('the alpha of the rules decides: 2 of 576 pass at 5 % one-sided, where 2 % leaves them open', () => {
  const two = stalls((round) => (round <= 5 ? 1 : 0))
  const at = (alpha: number): string => judged('at', two, { ...claiming({ at: stalledClaim(0.0195) }), rules: { alpha } }).verdict
  expect([at(0.02), at(0.05)]).toEqual(['inconclusive', 'pass'])
})

test('stalls that come in bursts are fewer than they look: 30 fail when spread, and decide nothing where one round has 25 of them', () => {
  expect(judged(waits, stalls(() => 5))).toMatchObject({ verdict: 'fail', value: 30 / 576 })
  expect(judged(waits, stalls((round) => (round === 3 ? 25 : 1)))).toMatchObject({ verdict: 'inconclusive', value: 30 / 576 })
})

test('a share fails only with stalls in at least three rounds', () => {
  const every = (rounds: number): RoundParts => ({ ttft: (round, _, phase) => (phase !== 'quiet' && round <= rounds ? 1_200 : 10) })
  // Against a bound of 0, which any stall exceeds, so that only the count of rounds is in question.
  const verdicts = [2, 3].map((rounds) => judged('at', { ...every(rounds), rounds: 40 }, claiming({ at: stalledClaim(0) })).verdict)
  expect(verdicts).toEqual(['inconclusive', 'fail'])
})

test('a share passes only with at least six blockers', () => {
  const failing = (from: number): RoundParts => ({ perKind: 60, every: 5, blocker: (round, phase) => (phase === 'behindSaga' || round >= from ? { lasts: 700 } : {}) })
  const { verdict, reason } = judged(waits, failing(6))
  expect(verdict).toBe('inconclusive')
  expect(reason).toContain('blocker too short')
  expect(judged(waits, failing(7)).verdict).toBe('pass')
})

test.each([
  { what: 'stalled share', sentence: waits },
  { what: 'percentile', sentence: starts },
  { what: 'growth', sentence: grows },
  { what: 'lost words', sentence: lost },
])('five rounds pass nothing: $what', ({ sentence }) => {
  expect(judged(sentence, { rounds: 5, perKind: 60, every: 5 })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('too few') })
  expect(judged(sentence, { rounds: 6, perKind: 60, every: 5 }).verdict).toBe('pass')
})

test('nor does a share fail on five rounds, however many stalled', () => {
  expect(judged(waits, { rounds: 5, ttft: (_, __, phase) => (phase === 'quiet' ? 10 : 1_200) }).verdict).toBe('inconclusive')
})

test('quiet windows that stall too are subtracted from three stalls on: then the bound applies to the difference', () => {
  const both = (quiet: number): ClaimResult => judged(waits, { ...stalls(() => 4, (round) => (round <= quiet ? 1 : 0)) })
  expect(both(2)).toMatchObject({ verdict: 'fail', statistic: 'share' })
  expect(both(3)).toMatchObject({ verdict: 'inconclusive', statistic: 'share above quiet', reason: expect.stringContaining('3 of 288 in the quiet windows') })
})

test('between two bounds it warns', () => {
  const six = stalls(() => 1)
  const at = (pass: number, fail: number): string => judged('at', six, claiming({ at: stalledClaim(pass, fail) })).verdict
  expect([at(0.01, 0.03), at(0.01, 0.02), at(0.001, 0.002), at(0.03, 0.05)]).toEqual(['warn', 'inconclusive', 'fail', 'pass'])
})

const percentile = (pass: number, fail = pass, statistic: Statistic = 'p95', during = ['behindStory', 'behindSaga']): ClaimSpec =>
  ({ measure: 'firstVisible', message: 'hello', during, statistic, unit: 'ms', bounds: { pass, fail } })

test.each([
  // 12, 24, 48 of 576: limits .0105-.0369, .0263-.0624, .0612-.1102.
  { late: 2, verdict: 'pass' },
  { late: 4, verdict: 'inconclusive' },
  { late: 8, verdict: 'fail' },
])('p95 with $late of 96 messages of every round beyond the bound: $verdict', ({ late, verdict }) => {
  const parts: RoundParts = { ttft: (_, index, phase) => (phase === 'behindSaga' && index < late ? 400 : 10) }
  expect(judged('at', parts, claiming({ at: percentile(300) })).verdict).toBe(verdict)
})

test.each([
  { statistic: 'p50', least: 6 }, { statistic: 'p90', least: 38 }, { statistic: 'p95', least: 77 }, { statistic: 'p99', least: 390 },
] as const)('$statistic needs $least messages, and is the maximum below that', ({ statistic, least }) => {
  const of = claiming({ at: percentile(300, 300, statistic, ['behindStory']) })
  // Six rounds; the first is filled up so that exactly so many messages were said.
  const sized = (n: number): ClaimResult => {
    const run = roundsRun({ perKind: 250, every: 1 }, of)
    const said = run.messages.filter(({ phase, part }) => phase === 'behindStory' && part === 'probe')
    const kept = new Set([...Array.from({ length: 6 }, (_, index) => said.find(({ round }) => round === index + 1)?.id), ...said.filter(({ round }) => round === 1).slice(1).map(({ id }) => id)].slice(0, n))
    const fewer = { ...run, messages: run.messages.filter(({ id, phase }) => phase !== 'behindStory' || kept.has(id)) }
    return judgeSide(fewer, side()).find(({ claim }) => claim === 'at') ?? judged('at')
  }
  expect(sized(least)).toMatchObject({ n: least, verdict: 'pass', statistic })
  if (least > 6) expect(sized(least - 1)).toMatchObject({ n: least - 1, verdict: 'inconclusive', statistic: 'max', low: null, high: null })
})

test('a percentile between its two bounds warns, and fails above the second', () => {
  const at = (time: number): string => judged('at', { ttft: () => time }, claiming({ at: percentile(1_000, 3_000) })).verdict
  expect([at(999), at(1_500), at(2_999), at(3_001)]).toEqual(['pass', 'warn', 'warn', 'fail'])
})

test('the printed interval is the verdict in ms: its ends are where a bound begins to pass, and ceases to fail', () => {
  const spread: RoundParts = { ttft: (round, index, phase) => (phase === 'quiet' ? 10 : 20 + ((index * 37 + round * 11) % 96)) }
  const { low, high } = judged('at', spread, claiming({ at: percentile(500) }))
  if (low === null || high === null) throw new Error('no interval')
  const at = (bound: number): string => judged('at', spread, claiming({ at: percentile(bound) })).verdict
  expect([at(low - 0.5), at(low + 0.5), at(high - 0.5), at(high + 0.5)]).toEqual(['fail', 'inconclusive', 'inconclusive', 'pass'])
})

test('messages without a first token rank above all: value and upper end are infinite', () => {
  const some: RoundParts = { ttft: (_, index, phase) => (phase !== 'quiet' && index < 4 ? null : 10) }
  expect(judged('at', some, claiming({ at: percentile(300) }))).toMatchObject({ verdict: 'fail', value: null, high: null, low: null, censored: 48, reason: expect.stringContaining('> 10 ms (no first token)') })
})

/** Behind the saga, 4 s longer than the story, hello waits so much longer. */
const growing = (growth: (round: number) => number): RoundParts => ({ ttft: (round, _, phase) => (phase === 'behindSaga' ? 10 + 4_000 * growth(round) : 10) })

test.each([
  { growth: 0, verdict: 'pass' }, { growth: 0.099, verdict: 'pass' }, { growth: 0.101, verdict: 'fail' }, { growth: 1, verdict: 'fail' },
])('growth $growth: $verdict', ({ growth, verdict }) => {
  expect(judged(grows, growing(() => growth)).verdict).toBe(verdict)
})

test('growth of exactly the bound passes: equality passes', () => {
  const bound = judged(grows, growing(() => 0.25)).value ?? NaN
  const claim: ClaimSpec = { measure: 'delayGrowth', message: 'hello', from: 'behindStory', to: 'behindSaga', unit: 'ratio', bounds: { pass: bound, fail: bound } }
  expect(judged('at', growing(() => 0.25), claiming({ at: claim })).verdict).toBe('pass')
})

test('growth of exactly the bound above which it fails does not fail', () => {
  const bound = judged(grows, growing(() => 0.25)).value ?? NaN
  const claim: ClaimSpec = { measure: 'delayGrowth', message: 'hello', from: 'behindStory', to: 'behindSaga', unit: 'ratio', bounds: { pass: 0.1, fail: bound } }
  expect(judged('at', growing(() => 0.25), claiming({ at: claim })).verdict).toBe('warn')
})

test('five rounds are no growth, though at 5 % they would have an interval', () => {
  expect(judged(grows, { ...growing(() => 1), rounds: 5 }, { rules: { alpha: 0.05 } })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('5 usable rounds are too few') })
})

test('growth that some rounds show and others do not is undecided, and more rounds are the remedy', () => {
  expect(judged(grows, growing((round) => (round % 2 === 0 ? 0 : 0.5)))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('raise --budget or --rounds') })
})

test('one lost word in one message fails, in whatever round', () => {
  const integrity = { expected: 1, received: 0, missing: 1, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: null }
  const run = roundsRun({ rounds: 2 })
  const messages = run.messages.map((message, index) => (index === 3 ? { ...message, integrity } : message))
  const found = judgeSide({ ...run, messages }, side()).find(({ claim }) => claim === lost)
  expect(found).toMatchObject({ verdict: 'fail', value: 1, low: 1, high: 1 })
})

test('no lost word passes, and says how often one may still be lost', () => {
  // 6 × (3 × 48 + 2) messages, 12 blockers: 1 − .02^(1/876), 1 − .02^(1/12)
  expect(judged(lost)).toMatchObject({ verdict: 'pass', measurementError: 0, reason: '0 of 876 answers lacked a word (≤ 0.5 %), in 12 blockers (≤ 28 %)' })
})

test('without a mock behind the side lost words are skipped with the reason', () => {
  expect(judged(lost, {}, { header: { sides: [side({ hasMock: false })] } })).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('--mock') })
})

test('a claim that only the error bounds leave open is invalid, and names how late the tester was', () => {
  const noisy = (errorBound: number): ClaimResult => judged('at', { ttft: () => 310, probe: { errorBound } }, claiming({ at: percentile(300) }))
  expect(noisy(5).verdict).toBe('fail')
  expect(noisy(20)).toMatchObject({ verdict: 'invalid', measurementError: 20, reason: expect.stringContaining('up to 20 ms late') })
})

test('the mock’s own lateness counts like the tester’s', () => {
  const upstream = { receivedAt: 0, firstTokenDueAt: 100, firstTokenAt: 120, lastTokenAt: 120, clientGoneAt: null, socket: 1, requestsBefore: 0, tokensWritten: 1, others: [] }
  expect(judged('at', { ttft: () => 310, probe: { upstream } }, claiming({ at: percentile(300) })).verdict).toBe('invalid')
})

test('against a pass the quiet times are taken at their earliest', () => {
  // Measured, quiet hellos take 300 ms and loaded ones 750: less than 500 more. With the quiet ones 100 ms earlier it is more.
  const parts: RoundParts = { ttft: (_, __, phase) => (phase === 'quiet' ? 300 : 750), probe: { errorBound: 100 } }
  expect(judged(waits, parts)).toMatchObject({ verdict: 'invalid', value: 0, measurementError: 1 })
  expect(judged(waits, { ...parts, probe: { errorBound: 40 } }).verdict).toBe('pass')
})

test('a look decides when every claim of every judged side passes or fails', () => {
  expect(lookDecides(roundsRun())).toBe(true)
  expect(lookDecides(roundsRun(stalls(() => 1)))).toBe(false)
  expect(lookDecides(roundsRun({ rounds: 5 }))).toBe(false)
})

test('a claim of a side that nobody waits for keeps no look open', () => {
  const open = roundsRun(stalls(() => 1))
  const name = open.header.sides[0]?.name
  expect(lookDecides(open, (side, claim) => side === name && claim === waits)).toBe(false)
  expect(lookDecides(open, (_, claim) => claim !== waits)).toBe(true)
  expect(lookDecides(open, (side) => side !== name)).toBe(true)
})

test('a claim between two bounds waits for the last look', () => {
  expect(lookDecides(roundsRun({ ttft: () => 1_500 }))).toBe(false)
})

test('a reference is not waited for, except where its failing is a known answer', () => {
  const open = roundsRun({ ...stalls(() => 1) })
  const asBefore = { ...open, header: { ...open.header, sides: [side({ role: 'reference', profile: 'before', settings: { slots: 1 } })] } }
  expect(lookDecides(asBefore)).toBe(true)
  expect(lookDecides({ ...asBefore, header: { ...asBefore.header, rules: { ...asBefore.header.rules, knownAnswers: true } } })).toBe(false)
})

test('a claim that cannot be seen here is not waited for', () => {
  const unnumbered = { integrity: null }
  const run = (hasMock: boolean): boolean => lookDecides(roundsRun({ probe: unnumbered, blocker: () => unnumbered }, { header: { sides: [side({ hasMock })] } }))
  expect([run(false), run(true)]).toEqual([true, false])
})

test('ids are the side and the claim in kebab case', () => {
  expect(judged(grows).id).toBe('after/a-longer-story-delays-hello-no-more')
})

test('what a look has failed stays failed, though the run went on for another claim and saw nothing more', () => {
  const early = (rounds: number): RoundParts => ({ rounds, ...stalls((round) => (round <= 6 ? 6 : 0)) })
  expect(judged(waits, early(6)).verdict).toBe('fail')
  expect(judged(waits, early(24))).toMatchObject({ verdict: 'fail', n: 576 })
  expect(judged(waits, early(24), { rules: { looks: [24] } }).verdict).toBe('inconclusive')
})

test('what a look has passed does not stay passed', () => {
  const late = (rounds: number): RoundParts => ({ rounds, ...stalls((round) => (round > 6 ? 6 : 0)) })
  expect(judged(waits, late(6)).verdict).toBe('pass')
  expect(judged(waits, late(24)).verdict).toBe('fail')
})

test('a bound that the user set himself is marked as his', () => {
  const scenario = { ...concurrent, ownBounds: [waits] }
  expect(judged(waits, {}, { header: { scenario } }).bounds).toEqual({ pass: 0.02, fail: 0.02, own: true })
  expect(judged(starts, {}, { header: { scenario } }).bounds).toEqual({ pass: 1_000, fail: 3_000 })
})
