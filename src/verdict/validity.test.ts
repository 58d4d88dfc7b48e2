import { expect, test } from 'vitest'
import { batchRun, inRounds, user } from '../../test/fixtures/batches.ts'
import { contrastRun, type RoundParts, roundsRun } from '../../test/fixtures/rounds.ts'
import { concurrent, type RunParts, side } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { CalibrationRecord, Run } from '../sample/run-file.ts'
import type { Check, RunResult } from './document.ts'
import { judgeRun } from './judge.ts'
import { wrongAnswers } from './validity.ts'

const waits = 'hello does not wait for the story'

const calibration = (parts: Partial<CalibrationRecord> = {}): CalibrationRecord => ({
  type: 'calibration', answers: 300, violations: 0, oneClock: true, error: { p50: 0.6, p99: 4, max: 9 }, errorBound: { p50: 2.7, p99: 6.2, max: 16 },
  wayIn: { p50: 2, p99: 5 }, mockLateness: { p50: 0.3, p99: 1.8 }, ...parts,
})

const check = (result: RunResult, name: string): Check | undefined => result.validity.find((one) => one.name === name && one.verdict !== 'ok') ?? result.validity.find((one) => one.name === name)
const claimsOf = (result: RunResult, name = 'after'): Record<string, string> => Object.fromEntries(result.claims.filter((claim) => claim.side === name).map(({ claim, verdict }) => [claim, verdict]))
const withPhases = (run: Run, change: (phase: Run['phases'][number]) => Partial<Run['phases'][number]>): Run => ({ ...run, phases: run.phases.map((phase) => ({ ...phase, ...change(phase) })) })

test('a run in order: every check is ok and the claims stand', () => {
  const result = judgeRun(roundsRun({}, { calibrations: [calibration()] }))
  expect(result.validity.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['calibration', 'ok'], ['delivered', 'ok'], ['connections', 'ok'], ['overload', 'ok'], ['drain', 'ok'], ['clock', 'ok'], ['rounds', 'ok'], ['completed', 'ok'],
  ])
  expect(result).toMatchObject({ verdict: 'pass', exitCode: 0 })
})

test.each([
  { violations: 3, oneClock: true, verdict: 'ok', exitCode: 0 },
  { violations: 4, oneClock: true, verdict: 'invalid', exitCode: 4 },
  { violations: 300, oneClock: false, verdict: 'note', exitCode: 0 },
])('$violations of 300 calibration stamps beyond their bound (one clock: $oneClock): $verdict', ({ violations, oneClock, verdict, exitCode }) => {
  const result = judgeRun(roundsRun({}, { calibrations: [calibration({ violations, oneClock })] }))
  expect(check(result, 'calibration')?.verdict).toBe(verdict)
  expect(result.exitCode).toBe(exitCode)
})

test('no calibration, as without a mock, is a note; one with too few answers is no calibration', () => {
  expect(check(judgeRun(roundsRun()), 'calibration')?.verdict).toBe('note')
  for (const answers of [0, 299]) expect(judgeRun(roundsRun({}, { calibrations: [calibration({ answers })] }))).toMatchObject({ verdict: 'invalid', exitCode: 4 })
  expect(judgeRun(roundsRun({}, { calibrations: [calibration({ answers: 300 })] })).exitCode).toBe(0)
})

test.each([{ missed: 2, verdict: 'ok' }, { missed: 3, verdict: 'invalid' }])('$missed of 48 probes started too late in every window: $verdict', ({ missed, verdict }) => {
  const result = judgeRun(withPhases(roundsRun(), (phase) => ({ delivered: phase.offered - missed })))
  expect(check(result, 'delivered')?.verdict).toBe(verdict)
})

test('exactly 95 % delivered is enough', () => {
  const run = withPhases(roundsRun({ perKind: 10, every: 20 }), () => ({ offered: 20, delivered: 19 }))
  expect(check(judgeRun(run), 'delivered')?.verdict).toBe('ok')
})

test('what a thrown-away attempt delivered does not count', () => {
  const run = withPhases(roundsRun(), () => ({}))
  const spoilt = run.phases.map((phase) => ({ ...phase, attempt: 2, delivered: 0 }))
  const thrownAway = run.rounds.map((round) => ({ ...round, attempt: 2, kept: false, spoiltBy: 'a loop block of 900 ms' }))
  const result = judgeRun({ ...run, phases: [...run.phases, ...spoilt], rounds: [...run.rounds, ...thrownAway] })
  expect(check(result, 'delivered')?.verdict).toBe('ok')
  expect(check(result, 'rounds')).toMatchObject({ verdict: 'note', detail: expect.stringContaining('900 ms') })
})

/** The second half of the quiet window of so many rounds takes `second` ms, all else `first`. */
const slower = (rounds: number, first: number, second: number): RoundParts => ({ ttft: (round, index, phase) => (phase === 'quiet' && round <= rounds && index >= 24 ? second : first) })

test.each([
  { rounds: 6, first: 10, second: 100, verdict: 'invalid' },
  { rounds: 2, first: 10, second: 100, verdict: 'invalid' },
  { rounds: 1, first: 10, second: 100, verdict: 'note' },
  { rounds: 6, first: 10, second: 30, verdict: 'ok' },
  { rounds: 6, first: 10, second: 31, verdict: 'invalid' },
  { rounds: 6, first: 100, second: 150, verdict: 'ok' },
  { rounds: 6, first: 100, second: 151, verdict: 'invalid' },
])('$rounds of 6 quiet windows go from $first to $second ms: $verdict', ({ rounds, first, second, verdict }) => {
  const result = judgeRun(roundsRun(slower(rounds, first, second)))
  expect(check(result, 'overload')?.verdict).toBe(verdict)
  expect(result.exitCode).toBe(verdict === 'invalid' ? 4 : 0)
})

test('one window of three is one hiccup', () => {
  expect(check(judgeRun(roundsRun({ rounds: 3, ...slower(1, 10, 100) })), 'overload')?.verdict).toBe('note')
})

test('of 24 quiet windows eight have to be slower', () => {
  const at = (rounds: number): string | undefined => check(judgeRun(roundsRun({ rounds: 24, ...slower(rounds, 10, 100) })), 'overload')?.verdict
  expect([at(7), at(8)]).toEqual(['note', 'invalid'])
})

test('a system that keeps no connection open is noted: nothing is known of reused ones', () => {
  const run = roundsRun()
  const fresh = { ...run, messages: run.messages.map((message) => ({ ...message, connection: { ...message.connection, kind: 'fresh' as const } })) }
  expect(check(judgeRun(fresh), 'connections')).toMatchObject({ verdict: 'note', detail: expect.stringContaining('0 of 864 probes') })
})

test('slow fresh connections beside fast warm ones are no overload', () => {
  const result = judgeRun(roundsRun({ ttft: (_, index) => (index === 26 ? 400 : index % 2 === 0 ? 5 : 305) }))
  expect(check(result, 'overload')?.verdict).toBe('ok')
})

test('a pause of the tester is no overload', () => {
  const run = roundsRun(slower(6, 10, 100))
  const late = { ...run, messages: run.messages.map((message) => ({ ...message, errorBound: 95 })) }
  expect(check(judgeRun(late), 'overload')?.verdict).toBe('ok')
})

test('a system that does not drain is undecided, not passed', () => {
  const result = judgeRun(withPhases(roundsRun(), ({ round, phase }) => ({ drained: !(round === 2 && phase === 'behindSaga') })))
  expect(result).toMatchObject({ verdict: 'inconclusive', exitCode: 3, sentence: expect.stringContaining('does not drain') })
})

test('parts of the way that took less than no time are invalid', () => {
  const upstream = { receivedAt: 0, firstTokenDueAt: null, firstTokenAt: 1, lastTokenAt: 1, clientGoneAt: null, socket: 1, requestsBefore: 0, tokensWritten: 1, others: [] }
  const result = judgeRun(roundsRun({ probe: { upstream } }))
  expect(check(result, 'clock')).toMatchObject({ verdict: 'invalid', detail: expect.stringContaining('do not agree') })
  expect(result.exitCode).toBe(4)
})

test('a claim that failed keeps its fail and exit 1 when the run is invalid; one that passed does not', () => {
  const result = judgeRun(roundsRun({ ttft: (_, __, phase) => (phase === 'quiet' ? 10 : 900) }, { calibrations: [calibration({ violations: 30 })] }))
  expect(claimsOf(result)).toEqual({
    'hello starts immediately': 'invalid', [waits]: 'fail', 'a longer story delays hello no more': 'invalid', 'no word is lost': 'invalid',
  })
  expect(result).toMatchObject({ verdict: 'fail', exitCode: 1 })
})

test('an undelivered reference leaves the judged side alone', () => {
  const result = judgeRun(withPhases(contrastRun(), ({ side: name, offered }) => ({ delivered: name === 'before' ? 0 : offered })))
  expect(check(result, 'delivered')?.verdict).toBe('invalid')
  expect(result.verdict).toBe('pass')
  expect(claimsOf(result, 'before')['no word is lost']).toBe('invalid')
})

const known: Omit<RunParts, 'messages'> = {
  rules: { knownAnswers: true },
  header: { sides: [side({ name: 'before', profile: 'before', role: 'reference', settings: { slots: 1 } }), side({ name: 'after', profile: 'after', settings: { slots: 4 } })] },
}
const free: RoundParts = { ttft: () => 10 }
const blocked: RoundParts = { ttft: (_, index, phase) => (phase === 'quiet' ? 40 : (phase === 'behindStory' ? 1_910 : 5_910) - index * 10) }

test('on the control stack before fails what its defect must make fail, and after passes', () => {
  const run = contrastRun({}, known)
  expect(wrongAnswers(run)).toEqual([])
  expect(judgeRun(run)).toMatchObject({ verdict: 'pass', exitCode: 0 })
})

test('a passing run in which before passes too does not exit 0', () => {
  const run = contrastRun({ before: free }, known)
  expect(wrongAnswers(run)).toHaveLength(2)
  const result = judgeRun(run)
  expect(result).toMatchObject({ verdict: 'invalid', exitCode: 4, sentence: expect.stringContaining('the control stack answered otherwise') })
  expect(claimsOf(result, 'before')[waits]).toBe('pass')
})

test('an undecided before has not proved anything either', () => {
  const barely: RoundParts = { ttft: (_, index, phase) => (phase === 'behindStory' && index === 0 ? 900 : 10) }
  const scenario = { ...concurrent, provedBy: { [waits]: { slots: 1 } } }
  const result = judgeRun(contrastRun({ before: barely }, { ...known, header: { ...known.header, scenario } }))
  expect(claimsOf(result, 'before')[waits]).toBe('inconclusive')
  expect(result.exitCode).toBe(4)
})

test('a before without the defect may pass', () => {
  const sides = [side({ name: 'before', profile: 'before', role: 'reference', settings: { slots: 4 } }), side({ name: 'after' })]
  expect(wrongAnswers(contrastRun({ before: free }, { ...known, header: { sides } }))).toEqual([])
})

test('an after that fails is itself the wrong answer: invalid, not failed', () => {
  const run = contrastRun({ after: blocked }, known)
  expect(wrongAnswers(run).length).toBeGreaterThan(0)
  const result = judgeRun(run)
  expect(result).toMatchObject({ verdict: 'invalid', exitCode: 4 })
  expect(claimsOf(result)[waits]).toBe('invalid')
})

test('an undecided after is worth another try, and says inconclusive by itself', () => {
  const run = contrastRun({ after: { ttft: (_, index, phase) => (phase === 'behindStory' && index === 0 ? 900 : 10) } }, known)
  expect(wrongAnswers(run)).toHaveLength(1)
  expect(judgeRun(run)).toMatchObject({ verdict: 'inconclusive', exitCode: 3 })
})

test('where answers are not known, or after too few rounds, none is wrong', () => {
  expect(wrongAnswers(contrastRun({ before: free }))).toEqual([])
  expect(wrongAnswers(contrastRun({ before: { ...free, rounds: 5 }, after: { rounds: 5 } }, known))).toEqual([])
})

test('a control stack that answered wrongly before the target makes the target’s passes invalid, and leaves its fails', () => {
  const record = { type: 'known-answers' as const, attempts: 2, right: false, wrong: ['before: "x" came out pass'], falseAlarm: false, runFile: 'control/run.ndjson' }
  expect(judgeRun(roundsRun({}, { knownAnswers: record })).exitCode).toBe(4)
  expect(judgeRun(roundsRun({}, { knownAnswers: { ...record, right: true, wrong: [] } })).exitCode).toBe(0)
  expect(judgeRun(roundsRun(blocked, { knownAnswers: record })).exitCode).toBe(1)
  expect(judgeRun(roundsRun(blocked, { knownAnswers: { ...record, falseAlarm: true } })).exitCode).toBe(4)
})

test('a round that was kept though spoilt is listed, and its error bounds decide', () => {
  const run = roundsRun()
  const result = judgeRun({ ...run, rounds: run.rounds.map((round) => (round.round === 4 ? { ...round, spoiltBy: 'a loop block of 300 ms' } : round)) })
  expect(check(result, 'rounds')).toEqual({ name: 'rounds', verdict: 'note', detail: 'after: 6 rounds; kept though spoilt, its error bounds decide: round 4 (a loop block of 300 ms)' })
  expect(result.verdict).toBe('pass')
})

test('a run without an end was interrupted, and so was one that says why', () => {
  const killed = judgeRun(roundsRun({}, { end: null }))
  expect(killed).toMatchObject({ interrupted: true, verdict: 'pass' })
  expect(check(killed, 'completed')?.verdict).toBe('note')
  const stopped = judgeRun(roundsRun({ rounds: 3 }, { end: { type: 'end', at: 1, interrupted: 'SIGINT', offered: 0, delivered: 0 } }))
  expect(stopped).toMatchObject({ interrupted: true, verdict: 'inconclusive', exitCode: 3 })
  expect(check(stopped, 'completed')?.detail).toContain('SIGINT')
})

test('a run whose process died under it cannot be trusted, whatever its rounds say; what failed before stays failed', () => {
  const end = { type: 'end' as const, at: 1, interrupted: 'lost: gateway after ended unasked (SIGKILL)', offered: 0, delivered: 0 }
  expect(judgeRun(roundsRun({}, { end }))).toMatchObject({ verdict: 'invalid', exitCode: 4, sentence: expect.stringContaining('gateway after ended unasked') })
  expect(judgeRun(roundsRun(blocked, { end })).exitCode).toBe(1)
})

test('a before with too few rounds has proved nothing, so nothing passes', () => {
  const run = contrastRun({ before: { ...free, rounds: 5 } }, known)
  expect(judgeRun(run)).toMatchObject({ verdict: 'inconclusive', exitCode: 3 })
  expect(check(judgeRun(run), 'known-answers')?.verdict).toBe('note')
})

test('a target before which the control stack was not measured does not pass', () => {
  const target = { header: { sides: [side({ name: 'after', kind: 'openai', profile: null })] } }
  expect(judgeRun(roundsRun({}, target))).toMatchObject({ verdict: 'inconclusive', exitCode: 3 })
})

test('a scenario that names no defect proves nothing, and says so', () => {
  const unproved = { ...known, header: { ...known.header, scenario: { ...concurrent, provedBy: {} } } }
  expect(check(judgeRun(contrastRun({}, unproved)), 'known-answers')).toMatchObject({ verdict: 'note', detail: expect.stringContaining('provedBy') })
})

test('comparisons of a run that cannot be trusted say nothing', () => {
  const of = (violations: number): string[] => [...new Set(judgeRun(contrastRun({}, { calibrations: [calibration({ violations })] })).comparisons.map(({ verdict }) => verdict))]
  expect(of(0)).toContain('improved')
  expect(of(30)).toEqual(['unjudged'])
})

const crowdClaim = { 'no word is of another answer': { measure: 'foreignTokens', unit: 'count', bounds: { pass: 0, fail: 0 } } } as const
const spoilt = { integrity: { expected: 40, received: 41, missing: 0, duplicated: 0, reordered: 0, foreign: 1, checksumMatches: false } }
const crowd = (name: string, parts: Parameters<typeof user>[0] = {}, rounds = 3): MessageRecord[] => inRounds((round, _, dueAt) => user({ side: name, round, dueAt, ...parts }), { rounds })
const knownCrowd = (before: Parameters<typeof user>[0], rounds = 3): Run => batchRun([...crowd('before', before, rounds), ...crowd('after', {}, rounds)], crowdClaim, {
  scenario: { provedBy: { 'no word is of another answer': { mixes: 'tokens' } } }, rules: { knownAnswers: true },
  header: { sides: [side({ name: 'before', profile: 'before', role: 'reference', settings: { mixes: 'tokens' } }), side({ name: 'after', profile: 'after' })] },
})

test('a run of nothing but batches is looked at for what it has: no word of probes and quiet windows', () => {
  const result = judgeRun(batchRun(crowd('after'), crowdClaim, { calibrations: [calibration()] }))
  expect(result.validity.map(({ name, verdict }) => [name, verdict])).toEqual([['calibration', 'ok'], ['delivered', 'ok'], ['drain', 'ok'], ['clock', 'ok'], ['rounds', 'ok'], ['completed', 'ok']])
  expect(check(result, 'delivered')?.detail).toBe('after: 24 of 24 messages started in time')
  expect(result).toMatchObject({ verdict: 'pass', exitCode: 0 })
})

test('batches that were started too late are no batches', () => {
  const late = withPhases(batchRun(crowd('after'), crowdClaim), () => ({ delivered: 7 }))
  expect(check(judgeRun(late), 'delivered')).toMatchObject({ verdict: 'invalid', detail: expect.stringContaining('21 of 24 messages') })
})

test('three rounds of batches prove what the control stack must come to; two do not', () => {
  expect(wrongAnswers(knownCrowd(spoilt))).toEqual([])
  expect(judgeRun(knownCrowd(spoilt))).toMatchObject({ verdict: 'pass', exitCode: 0 })
  expect(wrongAnswers(knownCrowd({}))).toHaveLength(1)
  expect(judgeRun(knownCrowd({}))).toMatchObject({ verdict: 'invalid', exitCode: 4 })
  expect(judgeRun(knownCrowd(spoilt, 2))).toMatchObject({ verdict: 'inconclusive', exitCode: 3 })
  expect(check(judgeRun(knownCrowd(spoilt, 2)), 'known-answers')?.detail).toContain('fewer than 3 rounds')
})

test('a window cannot be known by three rounds, however few were asked for: that is no wrong answer', () => {
  const run = contrastRun({ before: { ...blocked, rounds: 3 }, after: { rounds: 3 } }, { ...known, rules: { knownAnswers: true, looks: [3] } })
  expect(wrongAnswers(run)).toEqual([])
  expect(judgeRun(run)).toMatchObject({ verdict: 'inconclusive', exitCode: 3 })
})
