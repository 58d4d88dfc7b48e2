import { expect, test } from 'vitest'
import { contrastRun, type RoundParts, roundMessages } from '../../test/fixtures/rounds.ts'
import { blocker, probes, run, side } from '../../test/fixtures/run.ts'
import type { PlanRecord, Run } from '../sample/run-file.ts'
import { comparisons } from './compare.ts'
import type { Comparison } from './document.ts'

const quiet = 'ttft quiet'
const loaded = 'ttft behind a blocker'

function row(of: Run, metric: string, statistic: string): Comparison {
  const found = comparisons(of).find((one) => one.metric === metric && one.statistic === statistic)
  if (found === undefined) throw new Error(`no row ${metric} ${statistic}`)
  return found
}

/** Both sides always take that long; the times of the rounds differ a little, as machines do. */
const taking = (before: number, after: number, parts: RoundParts = {}, plans: PlanRecord[] = []): Run => {
  const time = (usual: number): RoundParts => ({ ttft: (round) => usual * (1 + round / 1_000), ...parts })
  return contrastRun({ before: time(before), after: time(after) }, { plans })
}

const plan = (name: string, rate: number): PlanRecord => ({
  type: 'plan', side: name, aloneTime: 5, togetherTime: 5, together: 32, serviceTime: 0, rate, probesPerKind: 24, windowTime: 600, blockers: {}, rounds: 6, warmUp: { requests: 20, time: 3_000, settled: true },
})

test('rows: quiet p50 and p90, loaded p50 and p95, then share and growth', () => {
  expect(comparisons(contrastRun()).map(({ metric, statistic }) => `${metric} ${statistic}`)).toEqual([
    'ttft quiet p50', 'ttft quiet p90', 'ttft behind a blocker p50', 'ttft behind a blocker p95', 'stalledShare share', 'delayGrowth Hodges-Lehmann',
  ])
})

test('the change is relative, by rounds, with its interval', () => {
  expect(row(taking(400, 300), quiet, 'p50')).toMatchObject({ verdict: 'improved', changeUnit: 'relative', beforeSide: 'before', afterSide: 'after' })
  expect(row(taking(400, 300), quiet, 'p50').change).toBeCloseTo(-0.25, 3)
})

test.each([
  // p50 may be 15 % slower, p90 25 %.
  { statistic: 'p50', after: 459, verdict: 'pass' }, { statistic: 'p50', after: 461, verdict: 'fail' },
  { statistic: 'p90', after: 499, verdict: 'pass' }, { statistic: 'p90', after: 501, verdict: 'fail' },
])('400 ms, then $after ms at $statistic: $verdict', ({ statistic, after, verdict }) => {
  expect(row(taking(400, after), quiet, statistic).verdict).toBe(verdict)
})

test.each([{ after: 29.9, verdict: 'pass' }, { after: 30.1, verdict: 'fail' }])('20 ms nobody notices: 10 ms, then $after ms: $verdict', ({ after, verdict }) => {
  expect(row(taking(10, after), quiet, 'p90').verdict).toBe(verdict)
})

test('no change at all is a pass and no improvement', () => {
  expect(row(taking(400, 400), quiet, 'p50').verdict).toBe('pass')
})

test('the round is the unit: one round of six that is far faster is no improvement, and five rounds decide nothing', () => {
  const one = contrastRun({ before: { ttft: () => 400 }, after: { ttft: (round) => (round === 1 ? 10 : 400) } })
  expect(row(one, quiet, 'p50').verdict).toBe('pass')
  expect(row(taking(400, 300, { rounds: 5 }), quiet, 'p50')).toMatchObject({ verdict: 'unjudged', change: null, reason: '5 rounds on both sides are too few, it takes 6' })
})

test('fewer than 40 probes a side and round tell an improvement and nothing else', () => {
  const asked = (before: number, after: number, time: number): Comparison => {
    const at = (usual: number, perKind: number): RoundParts => ({ ttft: (round) => usual * (1 + round / 1_000), perKind })
    return row(contrastRun({ before: at(400, before), after: at(time, after) }), quiet, 'p50')
  }
  expect([400, 500].map((time) => asked(20, 20, time).verdict)).toEqual(['pass', 'fail'])
  expect(asked(19, 19, 300).verdict).toBe('improved')
  for (const time of [400, 500]) expect(asked(19, 19, time)).toMatchObject({ verdict: 'unjudged', reason: expect.stringContaining('38 probes') })
})

test('where the judged side has the fewer probes not even an improvement is told: a quantile of few lies lower', () => {
  const few = contrastRun({ before: { ttft: () => 400 }, after: { ttft: () => 300, perKind: 4 } })
  expect(row(few, quiet, 'p50').verdict).toBe('unjudged')
  const fewBefore = contrastRun({ before: { ttft: () => 400, perKind: 4 }, after: { ttft: () => 300 } })
  expect(row(fewBefore, quiet, 'p50').verdict).toBe('improved')
})

test('loads that differ by more than 10 % judge nothing, and only the side that was asked more may have improved', () => {
  const at = (before: number, after: number, time: number): string => row(taking(400, time, {}, [plan('before', before), plan('after', after)]), quiet, 'p50').verdict
  expect([at(10, 11, 500), at(100, 111, 500), at(100, 111, 300), at(111, 100, 300)]).toEqual(['fail', 'unjudged', 'improved', 'unjudged'])
})

test('infinite times have no ratio', () => {
  const lost = contrastRun({ after: { ttft: (round, index) => (round === 2 && index < 10 ? null : 10) } })
  expect(row(lost, quiet, 'p90')).toMatchObject({ verdict: 'unjudged', change: null, low: null, high: null, reason: expect.stringContaining('without a first token') })
})

test('p95 is judged only where quiet windows hardly stall', () => {
  const stalling = (probes: number): Run => {
    const ttft: RoundParts['ttft'] = (_, index, phase) => (phase === 'quiet' && index < probes ? 2_000 : 400)
    return contrastRun({ before: { ttft }, after: { ttft } })
  }
  expect(row(stalling(1), loaded, 'p95').verdict).toBe('pass')
  expect(row(stalling(2), loaded, 'p95')).toMatchObject({ verdict: 'unjudged', reason: expect.stringContaining('quiet windows') })
})

test('error bounds are held against the verdict: an improvement must survive the earliest before, a fail the earliest after', () => {
  const within = (before: number, after: number, errorBound: number): string => row(taking(before, after, { probe: { errorBound } }), quiet, 'p50').verdict
  expect([within(400, 390, 0), within(400, 390, 20)]).toEqual(['improved', 'pass'])
  expect([within(400, 470, 0), within(400, 470, 20)]).toEqual(['fail', 'inconclusive'])
})

test('shares and growth: the difference with its interval; what is worse is for the claim to say', () => {
  const better = contrastRun()
  expect(row(better, 'stalledShare', 'share')).toMatchObject({ verdict: 'improved', before: 1, after: 0, change: -1, changeUnit: 'absolute' })
  expect(row(better, 'delayGrowth', 'Hodges-Lehmann')).toMatchObject({ verdict: 'improved', before: 1, after: 0, change: -1 })
  const same = contrastRun({ before: { ttft: () => 10 } })
  expect(row(same, 'stalledShare', 'share')).toMatchObject({ verdict: 'unjudged', change: 0 })
  expect(row(same, 'delayGrowth', 'Hodges-Lehmann').verdict).toBe('unjudged')
})

test('every judged side is compared with the reference; without one there is nothing to compare', () => {
  const sides = [side({ name: 'before', role: 'reference' }), side({ name: 'after' }), side({ name: 'recommended' })]
  const three = run({ messages: sides.flatMap(({ name }) => roundMessages({ side: name })), header: { sides } })
  expect([...new Set(comparisons(three).map(({ beforeSide, afterSide }) => `${beforeSide} ${afterSide}`))]).toEqual(['before after', 'before recommended'])
  expect(comparisons(run({ messages: roundMessages() }))).toEqual([])
})

test('of one message a round there is one quantile, not three of one name or another', () => {
  const messages = ['before', 'after'].flatMap((side) => Array.from({ length: 12 }, (_, index) => [...probes({ side, round: index + 1, perKind: 1 }), blocker({ side, round: index + 1 }), ...probes({ side, round: index + 1, phase: 'behindStory', perKind: 1 })]).flat())
  const latencies = comparisons(run({ messages, rules: { load: 'gentle', looks: [12], alpha: 0.05 } })).filter(({ metric }) => metric.startsWith('ttft'))
  expect(latencies.map(({ metric, statistic }) => [metric, statistic])).toEqual([['ttft quiet', 'p50'], ['ttft behind a blocker', 'p50']])
})
