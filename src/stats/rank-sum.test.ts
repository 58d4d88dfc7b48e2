import { expect, test } from 'vitest'
import { rankSumInterval } from './rank-sum.ts'

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, index) => from + index * index * 0.01 + index)

test.each([
  // R: pwilcox(k, n, m) is the error; 1/choose(2n, n) with k = 0.
  { n: 4, m: 4, alpha: 0.02, error: 1 / 70 },
  { n: 6, m: 6, alpha: 0.02, error: 12 / 924 },
  { n: 6, m: 6, alpha: 0.05, error: 43 / 924 },
])('$n against $m at $alpha', ({ n, m, alpha, error }) => {
  expect(rankSumInterval(upTo(n), upTo(m), alpha)?.alpha).toBeCloseTo(error, 12)
})

test('three against three decide nothing at 2 %', () => {
  expect(rankSumInterval([1, 2, 3], [4, 5, 6], 0.02)).toBeUndefined()
  expect(rankSumInterval([], [1], 0.02)).toBeUndefined()
})

test('a shift is found with its sign, and the interval turns with the samples', () => {
  const [one, other] = [upTo(6), upTo(6, 100)]
  const there = rankSumInterval(one, other, 0.02)
  const back = rankSumInterval(other, one, 0.02)
  expect(there?.estimate).toBeCloseTo(100, 6)
  expect(there?.low).toBeGreaterThan(90)
  expect([back?.low, back?.high]).toEqual([-(there?.high ?? NaN), -(there?.low ?? NaN)])
})

test('the error is what it says: over all orders of five and five the interval misses 0 at each end that often', () => {
  const interval = (chosen: readonly number[]): ReturnType<typeof rankSumInterval> => {
    const values = Array.from({ length: 10 }, (_, index) => index)
    return rankSumInterval(values.filter((value) => chosen.includes(value)), values.filter((value) => !chosen.includes(value)), 0.02)
  }
  const orders = Array.from({ length: 1_024 }, (_, bits) => Array.from({ length: 10 }, (_unused, at) => at).filter((at) => (bits >> at) % 2 === 1)).filter(({ length }) => length === 5)
  expect(orders).toHaveLength(252)
  const above = orders.filter((chosen) => (interval(chosen)?.low ?? -1) > 0).length / 252
  expect(above).toBeCloseTo(interval([0, 1, 2, 3, 4])?.alpha ?? NaN, 12)
  expect(above).toBeLessThanOrEqual(0.02)
})

test('what is not finite is refused', () => {
  expect(() => rankSumInterval([1, Infinity], [1, 2], 0.05)).toThrow(RangeError)
})
