import { expect, test } from 'vitest'
import { concurrent, run } from '../../test/fixtures/run.ts'
import type { Check, ClaimResult, RunVerdict } from './document.ts'
import { verdictSentence } from './sentence.ts'

const { header } = run()
const sentence = (verdict: RunVerdict, claims: readonly ClaimResult[], validity: readonly Check[] = [], rounds = 6): string => verdictSentence({ header, verdict, claims, validity, rounds })

const claim = (parts: Partial<ClaimResult> = {}): ClaimResult => ({
  id: 'after/x', claim: 'hello does not wait for the story', side: 'after', role: 'judged', metric: 'stalledShare', statistic: 'share', value: 0, low: 0, high: 0.00677,
  measurementError: 0, unit: 'share', bounds: { pass: 0.02, fail: 0.02 }, n: 576, censored: 0, verdict: 'pass', reason: 'the reason', formula: '', ...parts,
})
const before = claim({ side: 'before', role: 'reference', value: 0.94, low: 0.92, high: 0.96, verdict: 'fail' })
const p95 = claim({ id: 'after/y', claim: 'hello starts immediately', metric: 'firstVisible', statistic: 'p95', unit: 'ms', bounds: { pass: 1_000, fail: 3_000 }, value: 1_890, low: 1_800, high: 1_960, verdict: 'warn' })

test('a pass says which side, what, how many of how many and how sure, and what the other side does', () => {
  expect(sentence('pass', [claim(), before])).toBe('after: hello does not wait for the story (0 of 576 stalled, at most 0.7 %); before: it does (94 %).')
})

test('a sentence without a negation is denied as such', () => {
  const word = { claim: 'no word is lost', metric: 'lostTokens', unit: 'count' as const, value: 0 }
  expect(sentence('pass', [claim(word), { ...before, ...word, value: 7 }])).toBe('after: no word is lost (0 of 576); before: not so (7).')
})

test('the stalled share leads, whatever stands first', () => {
  expect(sentence('pass', [{ ...p95, verdict: 'pass' }, claim()])).toMatch(/^after: hello does not wait/)
})

test('a fail names the number, what is allowed, and what else failed', () => {
  const failed = claim({ value: 1, low: 0.9932, high: 1, verdict: 'fail' })
  const slow = { ...p95, value: null, low: 4_000, high: null, censored: 80, verdict: 'fail' as const }
  expect(sentence('fail', [slow, failed, before])).toBe(
    'after fails "hello does not wait for the story" (576 of 576 stalled, at least 99 %; allowed: 2 %); also: hello starts immediately (p95 no first token, at least 4.00 s); before: likewise (94 %).',
  )
})

test('a warn says which bound is shown and which is not', () => {
  expect(sentence('warn', [p95, claim()])).toBe('after: only just: hello starts immediately (p95 1.89 s, at most 1.96 s): not above 3 s, but not shown to be at most 1 s.')
})

test('an undecided run gives the claim’s reason, an invalid one the finding that made it so', () => {
  expect(sentence('inconclusive', [claim({ verdict: 'inconclusive' })])).toBe('Undecided: after: "hello does not wait for the story": the reason.')
  const finding = { name: 'overload', verdict: 'invalid' as const, detail: 'after: probes overload the target' }
  const other = { name: 'delivered', verdict: 'invalid' as const, detail: 'before: 3 of 48' }
  expect(sentence('invalid', [claim({ verdict: 'invalid', reason: `${finding.detail} (by itself pass)` })], [other, finding])).toBe('The measurement cannot be trusted: after: probes overload the target.')
  expect(sentence('invalid', [claim({ verdict: 'invalid' })], [other])).toContain('the reason')
})

test('a run that judged nothing says so', () => {
  expect(sentence('inconclusive', [claim({ verdict: 'skipped' })])).toBe(`${concurrent.name}: no claim could be judged here; see the reason beside each.`)
})

test('a run that was stopped before its first round ended says that, and nothing about hellos', () => {
  expect(sentence('inconclusive', [claim({ verdict: 'inconclusive', reason: 'no hello was exposed' })], [], 0)).toBe('Interrupted before the first round of after ended: there is nothing to judge.')
})

test('bounds from below are told as what was wanted', () => {
  const four = claim({ claim: 'four at once', metric: 'effectiveConcurrency', statistic: 'most at once', unit: 'count', bounds: { pass: 4, fail: 2, atLeast: true }, value: 1, low: 1, high: 1, n: 93 })
  expect(sentence('fail', [{ ...four, verdict: 'fail' }])).toBe('after fails "four at once" (1 at once; wanted: at least 2).')
  expect(sentence('warn', [{ ...four, value: 3, verdict: 'warn' }])).toBe('after: only just: four at once (3 at once): not below 2, but not shown to be at least 4.')
  expect(sentence('pass', [{ ...four, value: 16, high: null }])).toBe('after: four at once (≥ 16 at once).')
})

test('of failures and people who left the slowest is told, and what never came', () => {
  const error = claim({ claim: 'an error is seen in time', metric: 'timeToError', statistic: 'slowest', unit: 'ms', bounds: { pass: 4_000, fail: 7_000 }, value: 2_010, low: 2_010, high: 2_010, n: 144 })
  expect(sentence('pass', [error, { ...error, side: 'before', role: 'reference', verdict: 'fail', value: null, low: 10_000, high: null, censored: 24 }])).toBe('after: an error is seen in time (slowest error after 2.01 s, 144 failures); before: not so (no error).')
  const left = claim({ claim: 'the model knows', metric: 'timeToCancel', statistic: 'slowest', unit: 'ms', bounds: { pass: 1_000, fail: 1_000 }, value: null, low: null, high: null, n: 24, verdict: 'fail' })
  expect(sentence('fail', [left])).toBe('after fails "the model knows" (the model was never told; allowed: 1 s).')
  const whole = claim({ claim: 'it arrives whole', metric: 'wholeAnswers', bounds: { pass: 1, fail: 1, atLeast: true }, value: 5 / 6, n: 6, verdict: 'fail' })
  expect(sentence('fail', [whole])).toBe('after fails "it arrives whole" (5 of 6; wanted: at least 100 %).')
})

const figures = { value: 12, low: 10, high: 15, bounds: { pass: 50, fail: 50 } }
test.each([
  { parts: { metric: 'addedToFirstToken', statistic: 'p95', unit: 'ms', ...figures }, words: 'p95 12 ms, at most 15 ms' },
  { parts: { metric: 'e2e', statistic: 'p50', unit: 'ms', ...figures }, words: 'p50 12 ms, at most 15 ms' },
  { parts: { metric: 'healthTime', statistic: 'p99', unit: 'ms', ...figures }, words: 'p99 12 ms, at most 15 ms' },
  { parts: { metric: 'connectionCost', statistic: 'p95', unit: 'ms', ...figures, value: 0, low: 0, high: 0 }, words: 'p95 0.0 ms, at most 0.0 ms' },
  { parts: { metric: 'coalescedShare', statistic: 'p95', unit: 'share', value: 0.02, low: 0, high: 0.04 }, words: 'p95 2 %, at most 4 %' },
  { parts: { metric: 'overhead', statistic: 'gap p50', unit: 'ms', ...figures }, words: '12 ms more than directly, at most 15 ms' },
  { parts: { metric: 'requestsPerSocket', statistic: 'mean', unit: 'ratio', value: 4, low: 4, high: 4, n: 96 }, words: '4.00 requests for each new connection, 96 in all' },
  { parts: { metric: 'requestsPerSocket', statistic: 'at least', unit: 'ratio', value: 96, low: 96, high: 96, n: 96 }, words: 'no new connection for 96 requests' },
] as const)('$parts.metric in few words', ({ parts, words }) => {
  expect(sentence('pass', [claim({ claim: 'it is so', ...parts })])).toBe(`after: it is so (${words}).`)
})

test('what never came is not called a first token where it is none', () => {
  const never = { claim: 'it is so', metric: 'e2e', statistic: 'p95', unit: 'ms' as const, bounds: { pass: 50, fail: 50 }, value: null, low: 400, high: null, censored: 80, verdict: 'fail' as const }
  expect(sentence('fail', [claim(never), { ...before, ...never }])).toBe('after fails "it is so" (p95 never, at least 400 ms; allowed: 50 ms); before: likewise (never).')
})
