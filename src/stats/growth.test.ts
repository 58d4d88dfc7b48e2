import { expect, test } from 'vitest'
import { blocker, concurrent, probes, run, type RunParts } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import { delayGrowth, type DelayGrowthClaim } from './growth.ts'
import type { View } from './ttft.ts'

const claim: DelayGrowthClaim = { measure: 'delayGrowth', message: 'hello', from: 'behindStory', to: 'behindSaga', unit: 'ratio', bounds: { pass: 0.1, fail: 0.1 } }

type Wait = number | null | ((index: number) => number | null)
interface RoundParts {
  readonly short?: number
  readonly long?: number
  readonly behindShort?: Wait
  readonly behindLong?: Wait
  readonly story?: Parameters<typeof blocker>[0]
  readonly saga?: Parameters<typeof blocker>[0]
  readonly errorBound?: number
}

/** Quiet hellos of 10 ms; then 8 behind a story of 1200 ms and 8 behind one of 3600, from 905 on. */
const round = (number: number, parts: RoundParts = {}): MessageRecord[] => {
  const { short = 1_200, long = 3_600, behindShort = 10, behindLong = 10, story, saga, errorBound = 0 } = parts
  return [
    ...probes({ round: number, from: 100, errorBound }),
    blocker({ round: number, lasts: short, errorBound, ...story }), ...probes({ round: number, phase: 'behindStory', ttft: behindShort, errorBound }),
    blocker({ round: number, phase: 'behindSaga', label: 'saga', lasts: long, errorBound, ...saga }), ...probes({ round: number, phase: 'behindSaga', ttft: behindLong, errorBound }),
  ]
}
const rounds = (count: number, parts: RoundParts = {}): MessageRecord[] => Array.from({ length: count }, (_, index) => round(index + 1, parts)).flat()
const growthOf = (messages: readonly MessageRecord[], parts: RunParts = {}, view: View = 'measured') => delayGrowth(run({ messages, ...parts }), 'after', claim, view)
/** A hello due at 1000 + 10 i behind a story that ends at 905 + lasts. */
const untilEnd = (lasts: number) => (index: number): number => 905 + lasts - (1_000 + 10 * index)

test('a serial stack grows by 1, an independent one by 0', () => {
  const serial = growthOf(rounds(6, { behindShort: untilEnd(1_200), behindLong: untilEnd(3_600) }))
  expect(serial).toMatchObject({ estimate: 1, interval: { estimate: 1, low: 1, high: 1, alpha: 0.015625 }, n: 6, voidRounds: 0 })
  expect(growthOf(rounds(6))).toMatchObject({ estimate: 0, interval: { low: 0, high: 0 } })
})

test('a delay that does not depend on the length of the story is no growth', () => {
  expect(growthOf(rounds(6, { behindShort: 160, behindLong: 160 })).estimate).toBe(0)
})

test('one lane of four blocked is seen, since the second largest of the window is one of those that wait', () => {
  const everyFourth = (lasts: number) => (index: number): number => (index % 4 === 0 ? untilEnd(lasts)(index) : 10)
  expect(growthOf(rounds(6, { behindShort: everyFourth(1_200), behindLong: everyFourth(3_600) })).estimate).toBeCloseTo(1, 9)
})

test('one late hello in a window is not growth, two are', () => {
  expect(growthOf(rounds(6, { behindLong: (index) => (index === 3 ? 2_410 : 10) })).estimate).toBe(0)
  expect(growthOf(rounds(6, { behindLong: (index) => (index < 2 ? 2_410 : 10) })).estimate).toBe(1)
})

test('it is by round: the second largest of each window, over the difference of the measured lengths', () => {
  // (700 − 100) / (4000 − 1000), (1200 − 300) / (3600 − 1200).
  const seen = growthOf([
    ...round(1, { short: 1_000, long: 4_000, behindShort: (index) => (index === 5 ? 900 : 100), behindLong: (index) => 700 + (index === 2 ? 999 : 0) }),
    ...round(2, { behindShort: 300, behindLong: 1_200 }),
  ])
  expect(seen.perRound).toEqual([{ round: 1, growth: 0.2, void: null }, { round: 2, growth: 0.375, void: null }])
  expect(seen.estimate).toBeCloseTo(0.2875, 9)
})

// numpy 2.4.6: g = (late − 10) / 2400; median, smallest and largest of (g[i] + g[j]) / 2 for i ≤ j.
test('estimate and limits are those of Hodges-Lehmann and the signed rank over the rounds', () => {
  const late = [250, 130, 10, 490, 370, 40]
  const seen = growthOf(late.flatMap((behindLong, index) => round(index + 1, { behindLong })))
  expect(seen.estimate).toBeCloseTo(0.08125, 9)
  expect(seen.interval?.low).toBe(0)
  expect(seen.interval?.high).toBe(0.2)
})

test('five rounds have no interval at 2 %, and one at 5 %', () => {
  expect(growthOf(rounds(5))).toMatchObject({ estimate: 0, interval: undefined, n: 5 })
  expect(growthOf(rounds(5), { rules: { alpha: 0.05 } }).interval?.alpha).toBe(0.03125)
})

test('hellos that get no token behind the long story grow without limit', () => {
  expect(growthOf(rounds(6, { behindLong: (index) => (index < 2 ? null : 10) }))).toMatchObject({ estimate: Infinity, interval: { low: Infinity, high: Infinity }, n: 6 })
  expect(growthOf(rounds(6, { behindLong: (index) => (index < 1 ? null : 10) })).estimate).toBe(0)
})

test('where two hellos get none behind the short story, nothing can grow, and the round is void', () => {
  const seen = growthOf([...rounds(6), ...round(7, { behindShort: (index) => (index < 2 ? null : 10), behindLong: null })])
  expect(seen).toMatchObject({ n: 6, voidRounds: 1 })
  expect(seen.perRound[6]).toEqual({ round: 7, growth: null, void: 'two or more probes in behindStory got no first token' })
})

test('a round whose stories differ by less than 2 × is void, one with exactly 2 × is not', () => {
  expect(growthOf(round(1, { short: 1_000, long: 2_000 }))).toMatchObject({ n: 1, voidRounds: 0 })
  const seen = growthOf(round(1, { short: 1_000, long: 1_990 }))
  expect(seen).toMatchObject({ n: 0, voidRounds: 1, estimate: undefined, interval: undefined })
  expect(seen.perRound[0]?.void).toBe('the long blocker lasted only 2.0 times as long as the short one')
})

test('a round whose story failed, or had ended before its window, is void', () => {
  const failed = growthOf(round(1, { saga: { outcome: { kind: 'failed', code: 'reset-mid-stream', detail: '', afterTokens: 3 } } }))
  expect(failed.perRound[0]?.void).toBe('behindSaga: the blocker failed (reset-mid-stream)')
  const over = growthOf(round(1, { short: 95, long: 3_600 }))
  expect(over.perRound[0]?.void).toBe('behindStory: the blocker had ended before the window began')
  expect(growthOf(round(1, { short: 96, long: 3_600 })).perRound[0]?.void).toBeNull()
})

test('the time of a buffered story counts from a quiet time after it was sent', () => {
  // Sent at 900: from 910 on, so 1190 and 3590.
  const buffered = (lasts: number) => ({ ttft: lasts, lasts: 0 })
  const seen = growthOf(round(1, { story: buffered(1_200), saga: buffered(3_600), behindLong: 2_410 }))
  expect(seen.estimate).toBe(1)
  expect(growthOf(round(1, { story: buffered(1_200), saga: { ttft: 5, lasts: 3_595 }, behindLong: 2_415 })).estimate).toBe(1)
})

test('an attempt that was thrown away is no round', () => {
  const thrown = round(1, { behindLong: 2_410 }).map((record) => ({ ...record, attempt: 2 }))
  expect(growthOf([...rounds(6), ...thrown], { thrownAway: ['after/1/2'] })).toMatchObject({ n: 6, estimate: 0 })
})

test('against a pass what is subtracted is at its earliest, against a fail what is judged is', () => {
  // 250 behind the long, 10 behind the short, each 8 ms uncertain; and so is the first token of the stories (5 ms, to 0).
  const messages = rounds(6, { behindLong: 250, errorBound: 8 })
  expect(growthOf(messages, {}, 'measured').estimate).toBeCloseTo(240 / 2_400, 12)
  expect(growthOf(messages, {}, 'against-pass').estimate).toBeCloseTo(248 / (3_600 - 1_205), 12)
  expect(growthOf(messages, {}, 'against-fail').estimate).toBeCloseTo(232 / (3_605 - 1_200), 12)
})

test('the length of a search is the time to its first word, however long it tells afterwards', () => {
  const messages = Object.fromEntries(Object.entries(concurrent.messages).map(([label, spec]) => [label, label === 'hello' ? spec : { ...spec, search: true as const }]))
  const header = { scenario: { ...concurrent, messages } }
  const search = (ttft: number, sources = 3) => ({ ttft, lasts: 5_000, sources })
  // From 910 to 2100 and to 4500: 2400 ms longer, for which hello waits 2400 ms longer.
  const said = (sources?: number) => round(1, { story: search(1_200), saga: search(3_600, sources), behindLong: 2_410 })
  expect(growthOf(said(), { header }).estimate).toBe(1)
  expect(growthOf(said(0), { header }).perRound[0]?.void).toBe('behindSaga: the search brought no sources: nothing shows that it took place')
})
