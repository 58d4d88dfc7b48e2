import { expect, test } from 'vitest'
import { batchRun, failed, failure, inRounds, leaver, user } from '../../test/fixtures/batches.ts'
import { contrastRun, type RoundParts, roundMessages, roundsRun } from '../../test/fixtures/rounds.ts'
import { blocker, concurrent, message, probes, run, side } from '../../test/fixtures/run.ts'
import { formatRecord, parseRun, type Run } from '../sample/run-file.ts'
import { type ClaimVerdict, type RunResult, type RunVerdict, verdictDocument } from './document.ts'
import { judgeRun, verdictJsonSchema, verdictOf } from './judge.ts'

const starts = 'hello starts immediately'
const waits = 'hello does not wait for the story'
const grows = 'a longer story delays hello no more'
const lost = 'no word is lost'

const verdicts = (result: RunResult, name = 'after'): (ClaimVerdict | undefined)[] =>
  [starts, waits, grows, lost].map((sentence) => result.claims.find(({ claim, side: of }) => claim === sentence && of === name)?.verdict)

test('a blocked before and a free after: before fails as it should, after passes, exit 0', () => {
  const result = judgeRun(contrastRun())
  expect(verdicts(result, 'before')).toEqual(['fail', 'fail', 'fail', 'pass'])
  expect(verdicts(result)).toEqual(['pass', 'pass', 'pass', 'pass'])
  expect(result).toMatchObject({
    verdict: 'pass', exitCode: 0, interrupted: false,
    sentence: 'after: hello does not wait for the story (0 of 576 stalled, at most 0.7 %); before: it does (100 %).',
  })
  expect(result.sides.map(({ name, role, verdict, rounds, stallLimit, completed, failed }) => ({ name, role, verdict, rounds, stallLimit, completed, failed }))).toEqual([
    { name: 'before', role: 'reference', verdict: 'fail', rounds: 6, stallLimit: 500, completed: 876, failed: 0 },
    { name: 'after', role: 'judged', verdict: 'pass', rounds: 6, stallLimit: 500, completed: 876, failed: 0 },
  ])
})

test('the document has the published shape, and nothing in it is lost in JSON', () => {
  for (const of of [contrastRun(), roundsRun({ ttft: () => null }), run(), roundsRun({ rounds: 2 }, { end: null })]) {
    const document = verdictOf([judgeRun(of)])
    expect(verdictDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document)
  }
})

test('judged twice, and from the file again: the same bytes', () => {
  const once = contrastRun()
  const copy: Run = parseRun([once.header, ...once.phases, ...once.messages, ...once.rounds, ...(once.end === null ? [] : [once.end])].map(formatRecord).join(''))
  const [first, second, third] = [once, once, copy].map((each) => verdictOf([judgeRun(each)]))
  expect(second).toEqual(first)
  expect(JSON.stringify(second)).toBe(JSON.stringify(first))
  expect(JSON.stringify(third)).toBe(JSON.stringify(first))
})

test('judging leaves the run as it is', () => {
  const of = contrastRun()
  const before = JSON.stringify(of)
  judgeRun(of)
  expect(JSON.stringify(of)).toBe(before)
})

test('percentiles below their least sample are null', () => {
  const few = run({ messages: probes({ perKind: 18 }) })
  expect(judgeRun(few).sides[0]?.ttft_ms).toEqual({ p50: 10, p90: null, p95: null, p99: null })
})

test('failures are counted by code', () => {
  const of = run({ messages: [message(), message({ ttft: null }), message({ ttft: null, outcome: { kind: 'failed', code: 'http-status', detail: '500', afterTokens: 0 } }), message({ ttft: null })] })
  expect(judgeRun(of).sides[0]).toMatchObject({ completed: 1, failed: 3, failures: { 'http-status': 1, silent: 2 } })
})

test('what several said at once counts like any message; what the scenario breaks on purpose is no failure of the system', () => {
  const of = batchRun([
    ...inRounds((round, index, dueAt) => user({ round, dueAt, ttft: 10 + index, ...(index === 7 ? { outcome: failed('reset-mid-stream') } : {}) })),
    ...inRounds((round, _, dueAt) => failure('silentMidAnswer', 2_000, failed('error-event'), { round, dueAt })),
    ...inRounds((round, _, dueAt) => leaver(5, { round, dueAt })),
    failure('silentMidAnswer', 2_000, failed('refused'), { upstream: null }),
  ], {})
  expect(judgeRun(of).sides[0]).toMatchObject({ completed: 21, failed: 4, failures: { 'reset-mid-stream': 3, refused: 1 }, ttft_ms: { p50: 13, p90: null } })
})

test('beside probes, what was said at once has no part in their percentiles', () => {
  const both = run({ messages: [...probes({ perKind: 30 }), ...inRounds((round, _, dueAt) => user({ round, dueAt, ttft: 5_000 }))] })
  expect(judgeRun(both).sides[0]?.ttft_ms).toMatchObject({ p50: 10, p90: 10 })
})

const adversarial: { what: string; of: Run; exitCode: number }[] = [
  { what: 'every message fails', of: roundsRun({ ttft: () => null }), exitCode: 1 },
  { what: 'only role chunks come', of: roundsRun({ ttft: () => null, probe: { headersAt: 5, firstEventAt: 6, outcome: { kind: 'failed', code: 'empty', detail: '', afterTokens: 0 } } }), exitCode: 1 },
  { what: 'more than 5 % of the quiet hellos fail', of: roundsRun({ ttft: (_, index, phase) => (phase === 'quiet' && index < 3 ? null : 10) }), exitCode: 1 },
  { what: 'the blocker fails at once', of: roundsRun({ blocker: () => ({ ttft: null, integrity: null, endedAt: 0 }) }), exitCode: 1 },
  { what: 'three of four stories fail and nobody numbers words', of: roundsRun({ rounds: 24, probe: { integrity: null }, blocker: (round) => ({ integrity: null, ...(round % 4 === 0 ? {} : { outcome: { kind: 'failed', code: 'error-event', detail: '', afterTokens: 2 } }) }) }, { header: { sides: [side({ hasMock: false })] } }), exitCode: 1 },
  { what: 'every answer ends with words of somebody else', of: roundsRun({ probe: { integrity: { expected: 1, received: 3, missing: 0, duplicated: 0, reordered: 0, foreign: 2, checksumMatches: true } } }), exitCode: 1 },
  { what: 'stories break off in rounds that are thrown away', of: roundsRun({ rounds: 7, blocker: (round) => (round === 7 ? { outcome: { kind: 'failed', code: 'truncated', detail: '', afterTokens: 40 }, integrity: { expected: 100, received: 40, missing: 60, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: null } } : {}) }, { thrownAway: ['after/7/1'] }), exitCode: 1 },
  { what: 'the blocker is shorter than two stall limits', of: roundsRun({ blocker: () => ({ lasts: 900 }) }), exitCode: 3 },
  { what: 'nothing was said', of: run(), exitCode: 3 },
  { what: 'only blockers were said', of: run({ messages: [1, 2, 3, 4, 5, 6].map((round) => blocker({ round })) }), exitCode: 3 },
  { what: 'the writer died in the third round', of: roundsRun({ rounds: 3 }, { end: null }), exitCode: 3 },
  { what: 'no attempt was kept', of: roundsRun({ rounds: 6 }, { thrownAway: [1, 2, 3, 4, 5, 6].map((round) => `after/${round}/1`) }), exitCode: 3 },
  { what: 'probes overload the target: quiet hellos come as late as loaded ones', of: roundsRun({ ttft: (_, index) => 20 + 40 * index }), exitCode: 4 },
  { what: 'a word is lost', of: roundsRun({ blocker: (round) => (round === 4 ? { integrity: { expected: 100, received: 99, missing: 1, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: false } } : {}) }), exitCode: 1 },
]

test.each(adversarial)('$what: no pass, exit $exitCode', ({ of, exitCode }) => {
  expect(judgeRun(of).exitCode).toBe(exitCode)
})

test('a scenario with nothing but skipped claims is inconclusive', () => {
  const claims = { [lost]: { measure: 'lostTokens', unit: 'count', bounds: { pass: 0, fail: 0 } } } as const
  const result = judgeRun(run({ messages: roundMessages(), header: { scenario: { ...concurrent, claims }, sides: [side({ hasMock: false })] } }))
  expect(result).toMatchObject({ verdict: 'inconclusive', exitCode: 3 })
})

test('a reference never gates', () => {
  const blocked: RoundParts = { ttft: (_, index, phase) => (phase === 'quiet' ? 40 : 1_910 - index * 10) }
  expect(judgeRun(contrastRun({ before: blocked })).exitCode).toBe(0)
  expect(judgeRun(contrastRun({ before: { ttft: () => null } })).exitCode).toBe(0)
  expect(judgeRun(contrastRun({ after: blocked })).exitCode).toBe(1)
})

const resultOf = (verdict: RunVerdict, claims: ClaimVerdict[] = [verdict]): RunResult => {
  const [first] = judgeRun(contrastRun()).claims.filter(({ role }) => role === 'judged')
  return { ...judgeRun(contrastRun()), verdict, claims: first === undefined ? [] : claims.map((one) => ({ ...first, verdict: one })) }
}

test.each<{ of: RunVerdict[]; exitCode: number; verdict: RunVerdict }>([
  { of: ['pass'], exitCode: 0, verdict: 'pass' },
  { of: ['pass', 'warn'], exitCode: 0, verdict: 'warn' },
  { of: ['pass', 'inconclusive'], exitCode: 3, verdict: 'inconclusive' },
  { of: ['inconclusive', 'invalid', 'pass'], exitCode: 4, verdict: 'invalid' },
  { of: ['invalid', 'fail', 'inconclusive'], exitCode: 1, verdict: 'fail' },
  { of: [], exitCode: 3, verdict: 'inconclusive' },
])('of several scenarios 1 beats 4 beats 3 beats 0: $of exit $exitCode', ({ of, exitCode, verdict }) => {
  expect(verdictOf(of.map((one) => resultOf(one)))).toMatchObject({ exitCode, verdict })
})

test.each<{ verdict: RunVerdict; claims: ClaimVerdict[]; exitCode: number; strict: number }>([
  { verdict: 'pass', claims: ['pass'], exitCode: 0, strict: 0 },
  { verdict: 'pass', claims: ['pass', 'skipped'], exitCode: 0, strict: 3 },
  { verdict: 'warn', claims: ['pass', 'warn'], exitCode: 0, strict: 1 },
  { verdict: 'warn', claims: ['skipped', 'warn'], exitCode: 0, strict: 1 },
  { verdict: 'invalid', claims: ['invalid', 'skipped'], exitCode: 4, strict: 4 },
  { verdict: 'invalid', claims: ['invalid', 'warn'], exitCode: 4, strict: 1 },
])('--strict: $claims exit $exitCode, strictly $strict', ({ verdict, claims, exitCode, strict }) => {
  expect(verdictOf([resultOf(verdict, claims)])).toMatchObject({ exitCode, runs: [{ exitCode }] })
  expect(verdictOf([resultOf(verdict, claims)], { strict: true })).toMatchObject({ exitCode: strict, verdict, runs: [{ exitCode: strict }] })
})

test('schema/verdict.schema.json is the schema of this document; npx vitest run src/verdict/judge.test.ts -u writes it', async () => {
  await expect(`${JSON.stringify(verdictJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../schema/verdict.schema.json')
})
