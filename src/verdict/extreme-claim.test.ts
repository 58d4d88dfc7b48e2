import { expect, test } from 'vitest'
import { batchRun, failed, failure, inRounds, leaver, user, type UserParts } from '../../test/fixtures/batches.ts'
import { type RunParts, side } from '../../test/fixtures/run.ts'
import type { Integrity, MessageRecord, Outcome } from '../sample/message.ts'
import type { ExtremeClaim } from '../scenario/spec.ts'
import { judgeSide } from './claims.ts'
import type { ClaimResult } from './document.ts'

function judged(messages: readonly MessageRecord[], claim: ExtremeClaim, of: RunParts = {}): ClaimResult {
  const run = batchRun(messages, { it: claim }, of)
  const [found] = run.header.sides.flatMap((one) => judgeSide(run, one))
  return found ?? expect.fail('no claim')
}

const kinds = ['silentMidAnswer', 'silentAtOnce', 'overloaded']
/** Promised 2 s: `within` passes up to 4 s and fails above 7 s. */
const within = (messages: readonly string[] = kinds): ExtremeClaim => ({ measure: 'timeToError', messages, unit: 'ms', bounds: { pass: 4_000, fail: 7_000 } })
const cancel: ExtremeClaim = { measure: 'timeToCancel', messages: ['leaver'], unit: 'ms', bounds: { pass: 1_000, fail: 2_000 } }

/** Eight of each kind in three rounds; the error comes after `error` ms. */
const failures = (error: (label: string, round: number, index: number) => number = () => 2_010, outcome: Outcome = failed('error-event'), parts: UserParts = {}): MessageRecord[] =>
  kinds.flatMap((label) => inRounds((round, index, dueAt) => failure(label, error(label, round, index), outcome, { round, dueAt, ...parts })))
/** One of the 72 takes that long. */
const oneTakes = (error: number) => (label: string, round: number, index: number): number => (label === 'silentMidAnswer' && round === 2 && index === 3 ? error : 2_000)

test('the slowest of all failures decides, and the sentence is about a mechanism', () => {
  expect(judged(failures(oneTakes(2_010)), within())).toMatchObject({
    verdict: 'pass', value: 2_010, low: 2_010, high: 2_010, n: 72, censored: 0, statistic: 'slowest',
    reason: 'of 72 failures in 3 kinds, the slowest error came after 2.01 s (silentMidAnswer); so it is at most 4 s',
  })
})

test.each([{ error: 4_000, verdict: 'pass' }, { error: 4_001, verdict: 'warn' }, { error: 7_000, verdict: 'warn' }, { error: 7_001, verdict: 'fail' }])('one error after $error ms: $verdict', ({ error, verdict }) => {
  expect(judged(failures(oneTakes(error)), within())).toMatchObject({ verdict, value: error })
})

test.each(['hung', 'silent', 'no-first-token', 'over-deadline'] as const)('%s is no error, however long it was watched: it took for ever', (code) => {
  const [first, ...rest] = failures()
  const seen = judged([first === undefined ? expect.fail() : { ...first, outcome: failed(code), endedAt: first.dueAt + 40_200 }, ...rest], within())
  expect(seen).toMatchObject({ verdict: 'fail', value: null, low: 40_000, high: null, censored: 1, reason: 'of 72 failures in 3 kinds, 1 brought no error (1 silentMidAnswer): nothing came for 40.0 s; so it is above 7 s' })
})

test('what was watched for less than the bound that fails might still have come', () => {
  const [first, ...rest] = failures()
  const silent = (watched: number): ClaimResult => judged([first === undefined ? expect.fail() : { ...first, outcome: failed('silent'), endedAt: first.dueAt + 200 + watched }, ...rest], within())
  expect([6_000, 7_000, 7_001].map((watched) => silent(watched).verdict)).toEqual(['inconclusive', 'inconclusive', 'fail'])
  expect(silent(6_000).reason).toContain('1 of them were watched for only 6.00 s, 7.00 s are needed to tell')
})

test('whatever ended the wait is its end: what was said is for the wrong errors', () => {
  for (const outcome of [{ kind: 'answered' } as const, failed('truncated'), failed('empty'), failed('http-status', '404')]) expect(judged(failures(undefined, outcome), within()).verdict).toBe('pass')
})

test('a page that lost its network is timed from then, with no mock to tell of it', () => {
  const lost = (end: number, outcome: Outcome = failed('error-event')): MessageRecord[] => inRounds((round, _, dueAt) => ({ ...failure('offline', end, outcome, { round, dueAt, upstream: null }), offlineAt: dueAt + 200 }))
  const noMock = { header: { sides: [side({ hasMock: false })] } }
  expect(judged(lost(2_050), within(['offline']), noMock)).toMatchObject({ verdict: 'pass', value: 2_050, n: 24 })
  expect(judged(lost(8_000), within(['offline']), noMock).verdict).toBe('fail')
  expect(judged(lost(60_000, failed('hung')), within(['offline']), noMock)).toMatchObject({ verdict: 'fail', value: null, censored: 24 })
})

test('a network that may have gone later than it was told to fails nothing by it', () => {
  const lost = (offlineErrorBound: number): MessageRecord[] => inRounds((round, _, dueAt) => ({ ...failure('offline', 8_000, failed('error-event'), { round, dueAt, upstream: null }), offlineAt: dueAt + 200, offlineErrorBound }))
  const noMock = { header: { sides: [side({ hasMock: false })] } }
  expect([0, 900, 1_100].map((bound) => judged(lost(bound), within(['offline']), noMock).verdict)).toEqual(['fail', 'fail', 'invalid'])
})

test('an answer that was over before its page was to lose the network says nothing', () => {
  const whole = inRounds((round, _, dueAt) => user({ label: 'offline', phase: 'failures', round, dueAt }))
  expect(judged(whole, within(['offline']))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringMatching(/no failure to wait for; 24 messages more never came to their failure/) })
})

test('it fails at any look, and passes only after the rounds of the plan', () => {
  const rounds = (last: number, error: number): MessageRecord[] => failures(() => error).filter(({ round }) => round <= last)
  expect(judged(rounds(1, 8_000), within()).verdict).toBe('fail')
  expect(judged(rounds(2, 2_000), within())).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('2 rounds are too few, it takes 3') })
  expect(judged(rounds(1, 2_000), within(), { rules: { looks: [1], size: 'quick', alpha: 0.05 } }).verdict).toBe('pass')
})

test('a kind that never failed, or in too few batches, is named and passes nothing', () => {
  const without = (of: (message: MessageRecord) => boolean): ClaimResult => judged(failures().map((message) => (of(message) ? user({ ...message, upstream: null }) : message)), within())
  expect(without(({ label }) => label === 'overloaded')).toMatchObject({ verdict: 'inconclusive', n: 48, reason: expect.stringContaining('24 messages more never came to their failure; no overloaded came to its failure') })
  expect(without(({ label, round }) => label === 'overloaded' && round === 3)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('2 batches of overloaded are too few, it takes 3') })
  expect(without(({ label, dueAt }) => label === 'overloaded' && dueAt === 1)).toMatchObject({ verdict: 'pass' })
  expect(judged([], within())).toMatchObject({ verdict: 'inconclusive', value: null })
})

test('garbage that the system got over is no failure to wait for: the answer may go on as long as it likes', () => {
  const whole: Integrity = { expected: 40, received: 40, missing: 0, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: true }
  const repaired = inRounds((round, _, dueAt) => failure('garbled', 20_000, { kind: 'answered' }, { round, dueAt, integrity: whole }))
  expect(judged([...failures(), ...repaired], within([...kinds, 'garbled']))).toMatchObject({ verdict: 'pass', n: 72, reason: expect.stringContaining('24 more were got over, without an error') })
  expect(judged(repaired, within(['garbled']))).toMatchObject({ verdict: 'inconclusive', value: null })
  const cut = inRounds((round, _, dueAt) => failure('garbled', 20_000, { kind: 'answered' }, { round, dueAt }))
  expect(judged([...failures(), ...cut], within([...kinds, 'garbled'])).verdict).toBe('fail')
})

test('a round that was thrown away says nothing of times', () => {
  const thrown = inRounds((_, __, dueAt) => failure('overloaded', 9_000, failed('error-event'), { round: 4, dueAt }), { rounds: 1 })
  expect(judged([...failures(), ...thrown], within(), { thrownAway: ['after/4/1'] })).toMatchObject({ verdict: 'pass', n: 72 })
  expect(judged([...failures(), ...thrown], within()).verdict).toBe('fail')
})

test('what the tester’s own lateness, or two clocks, may have made is invalid', () => {
  const late = { endErrorBound: 200 }
  expect(judged(failures(() => 7_100, failed('error-event'), late), within()).verdict).toBe('invalid')
  expect(judged(failures(() => 7_300, failed('error-event'), late), within()).verdict).toBe('fail')
  expect(judged(failures(() => 3_990, failed('error-event'), late), within()).verdict).toBe('pass')
  const apart = (error: number): ClaimResult => {
    const run = batchRun(failures(() => error), { it: within() })
    const rounds = run.rounds.map((round) => ({ ...round, clock: { oneClock: false, offset: 5, bound: 100, drift: 1 } }))
    return judgeSide({ ...run, rounds }, side())[0] ?? expect.fail()
  }
  expect([3_890, 3_990, 7_050, 7_150].map((error) => apart(error).verdict)).toEqual(['pass', 'warn', 'invalid', 'fail'])
})

test('without a mock nothing fails on demand, and nobody tells who is gone', () => {
  const unmocked: RunParts = { header: { sides: [side({ hasMock: false })] } }
  const unknown = failures().map((message) => ({ ...message, upstream: null }))
  expect(judged(unknown, within(), unmocked)).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('--mock') })
  expect(judged(inRounds((round, _, dueAt) => leaver(5, { round, dueAt, upstream: null })), cancel, unmocked).verdict).toBe('skipped')
})

const leavers = (knew: (round: number, index: number) => number | null, parts: UserParts = {}): MessageRecord[] => inRounds((round, index, dueAt) => leaver(knew(round, index), { round, dueAt, ...parts }))

test('the model knows at once that nobody listens any more', () => {
  expect(judged(leavers((_, index) => index), cancel)).toMatchObject({
    verdict: 'pass', value: 7, n: 24, reason: 'of 24 answers that were left in the middle, the model knew after 7.0 ms at the latest (leaver); up to 1 word of an answer was told to nobody; so it is at most 1 s',
  })
})

test('one of 24 that the model is never told of fails: it went on telling to nobody', () => {
  expect(judged(leavers((round, index) => (round === 2 && index === 1 ? null : 5)), cancel)).toMatchObject({
    verdict: 'fail', value: null, low: null, censored: 1, reason: 'of 24 answers that were left in the middle, the model was never told of 1 while we watched (1 leaver): it went on for 583 ms; up to 30 words of an answer were told to nobody; so it is above 2 s',
  })
})

test('an answer that the model had told to the end by then there is nothing to cancel of', () => {
  const told = leavers(() => null).map((message) => ({ ...message, upstream: message.upstream === null ? null : { ...message.upstream, lastTokenAt: message.endedAt - 5 } }))
  expect(judged(told, cancel)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('24 answers more had nothing left to cancel') })
  const over = inRounds((round, _, dueAt) => user({ round, dueAt, label: 'leaver', phase: 'leaving' }), { copies: 1 })
  expect(judged([...leavers(() => 5), ...over], cancel)).toMatchObject({ verdict: 'pass', n: 24, reason: expect.stringContaining('3 answers more had nothing left') })
})

test('leaving is stamped late too: then it took longer than it seems', () => {
  expect([800, 950, 1_100].map((knew) => judged(leavers(() => knew, { endErrorBound: 100 }), cancel).verdict)).toEqual(['pass', 'warn', 'warn'])
  expect([2_050, 2_150].map((knew) => judged(leavers(() => knew, { endErrorBound: 100 }), cancel).verdict)).toEqual(['invalid', 'fail'])
})

test('people who hang because the model failed for somebody else are not left out: the claim cannot pass', () => {
  const [first, ...rest] = failures()
  const stranded = first === undefined ? expect.fail() : { ...first, upstream: null, outcome: failed('hung'), endedAt: first.dueAt + 40_000 }
  expect(judged([stranded, ...rest], within())).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('1 message more hung before the model could fail') })
})

test('an answer that failed before the person could leave it says nothing good: the claim cannot pass', () => {
  const left = inRounds((round, _, dueAt) => leaver(3, { round, dueAt }))
  const [first, ...rest] = left
  const broken = first === undefined ? expect.fail() : { ...first, outcome: failed('http-status', '500') }
  expect(judged(left, cancel).verdict).toBe('pass')
  expect(judged([broken, ...rest], cancel)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('1 answer more failed before the person could leave') })
})
