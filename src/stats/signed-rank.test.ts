import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hodgesLehmann, signedRankInterval } from './signed-rank.ts'

// The data of the example of R's wilcox.test (change of the Hamilton depression factor of nine patients, from Hollander and Wolfe). The limits are from SciPy, as below.
const depression = [-0.952, 0.147, -1.022, -0.43, -0.62, -0.59, -0.49, 0.08, -0.01]

test('nine patients changed by −.46, from −.786 to −.010 with 96 %', () => {
  const interval = signedRankInterval(depression, 0.02)
  expect(interval?.estimate).toBeCloseTo(-0.46, 9)
  expect(interval?.low).toBeCloseTo(-0.786, 9)
  expect(interval?.high).toBeCloseTo(-0.01, 9)
  expect(interval?.alpha).toBeCloseTo(0.0195, 4)
})

/** Whose Walsh averages are all different, so that a limit tells its rank. */
const powers = (n: number): number[] => Array.from({ length: n }, (_, index) => 2 ** index)

function rankOf(limit: number | undefined, values: readonly number[]): number {
  const averages = values.flatMap((value, index) => values.slice(index).map((other) => (value + other) / 2)).sort((a, b) => a - b)
  return averages.indexOf(limit ?? NaN)
}

// SciPy 1.17.1: the largest k with scipy.stats._wilcoxon.WilcoxonDistribution(n).cdf(k) <= alpha.
test.each([
  [5, 0.05, 0], [6, 0.05, 2], [7, 0.05, 3], [8, 0.05, 5], [9, 0.05, 8], [10, 0.05, 10], [12, 0.05, 17], [15, 0.05, 30], [20, 0.05, 60],
  [6, 0.025, 0], [7, 0.025, 2], [8, 0.025, 3], [9, 0.025, 5], [10, 0.025, 8], [12, 0.025, 13], [16, 0.025, 29], [20, 0.025, 52],
  [7, 0.01, 0], [8, 0.01, 1], [9, 0.01, 3], [10, 0.01, 5], [12, 0.01, 9], [20, 0.01, 43],
])('of %d values at %d the critical value is %d', (n, alpha, critical) => {
  const values = powers(n)
  const interval = signedRankInterval(values, alpha)
  expect(rankOf(interval?.low, values)).toBe(critical)
  expect(rankOf(interval?.high, values)).toBe((n * (n + 1)) / 2 - 1 - critical)
})

// SciPy 1.17.1: the Walsh averages m at which scipy.stats.wilcoxon(values − m ∓ 1e-7, alternative='greater' | 'less', method='exact').pvalue first exceeds alpha;
// estimate numpy.median of the Walsh averages.
test.each([
  [[-0.116, -1.92, -0.132, -0.765, 3.423, 0.326], 0.02, -1.92, 3.423, -0.124],
  [[-0.253, -0.181, -0.568, -0.955, -0.291, 0.582, -0.139], 0.02, -0.7615, 0.2215, -0.2445],
  [[1.058, -0.1, 0.124, 1.646, 0.645, -0.405, -0.083, 0.641], 0.02, -0.1405, 1.1435, 0.3835],
  [[2.035, -0.17, -0.144, 1.102, -0.786, -0.192, 0.983, 0.68, 0.192], 0.02, -0.192, 1.102, 0.4065],
  [[0.77, -2.728, 1.121, -0.86, -1.569, 0.376, 0.801, -0.345, -0.976, 0.126], 0.05, -0.979, 0.4635, -0.242],
  [[0.047, 1.506, 0.847, 0.294, 1.212, -0.106, -0.826, 0.684, 0.683, -0.115, -0.683, 0.329], 0.02, -0.177, 0.7765, 0.32025],
  [[-2.394, 0.79, 0.591, -1.539, 0.161, -0.864, 0.857, -1.934, -0.814, 0.81, 1.256, -2.058], 0.05, -1.1765, 0.4855, -0.4375],
  [[-0.398, 0.428, -0.509, 1.691, -1.091, 0.455, -0.948, 1.506, 0.078, -0.272, -1.618, 1.782, 0.853, 0.854, 1.238], 0.01, -0.5065, 1.0595, 0.28475],
  [[-0.694, 0.234, -0.011, 0.643, 0.325, 2.65, 1.599, 1.597, -1.94, -0.24, -0.509, 0.633, -2.179, 1.274, 1.167, -1.202, -0.879, -0.701, 0.143, 0.741, 2.148, -0.097, 0.868, 0.255], 0.02, -0.2795, 0.7555, 0.2475],
  [[1.86, 0.842, 1.469, -0.978, -0.092], 0.05, -0.978, 1.86, 0.6885],
])('the interval of %j at %d is %d to %d about %d', (values, alpha, low, high, estimate) => {
  const interval = signedRankInterval(values, alpha)
  expect(interval?.low).toBeCloseTo(low, 4)
  expect(interval?.high).toBeCloseTo(high, 4)
  expect(interval?.estimate).toBeCloseTo(estimate, 9)
  expect(hodgesLehmann(values)).toBeCloseTo(estimate, 9)
})

test('five values have no interval at 2 %, six have one that errs 1.5625 %', () => {
  expect(signedRankInterval([1, 2, 3, 4, 5], 0.02)).toBeUndefined()
  expect(signedRankInterval([1, 2, 3, 4, 5, 6], 0.02)).toEqual({ estimate: 3.5, low: 1, high: 6, alpha: 0.015625 })
})

test('an error that equals the one asked for is allowed', () => {
  expect(signedRankInterval([1, 2, 3, 4, 5, 6], 0.015625)?.alpha).toBe(0.015625)
})

test('there is no estimate of nothing', () => {
  expect(hodgesLehmann([])).toBeUndefined()
  expect(signedRankInterval([], 0.02)).toBeUndefined()
})

test('a round without end counts as larger than all and moves the upper limit to infinity', () => {
  expect(signedRankInterval([1, 2, 3, 4, 5, Infinity], 0.02)).toEqual({ estimate: 3.5, low: 1, high: Infinity, alpha: 0.015625 })
  expect(hodgesLehmann([Infinity, Infinity, 1])).toBe(Infinity)
})

const values = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 6, maxLength: 14 })

test('the interval holds the estimate, and narrows as more error is allowed', () => {
  fc.assert(fc.property(values, (some) => {
    const strict = signedRankInterval(some, 0.02)
    const loose = signedRankInterval(some, 0.05)
    if (strict === undefined || loose === undefined) throw new Error('six values have an interval')
    expect(strict.low).toBeLessThanOrEqual(strict.estimate)
    expect(strict.high).toBeGreaterThanOrEqual(strict.estimate)
    expect(loose.low).toBeGreaterThanOrEqual(strict.low)
    expect(loose.high).toBeLessThanOrEqual(strict.high)
    expect(strict.alpha).toBeLessThanOrEqual(0.02)
  }))
})

test('what is added to every value is added to estimate and limits; what is turned round turns them', () => {
  fc.assert(fc.property(values, fc.double({ min: -3, max: 3, noNaN: true }), (some, shift) => {
    const before = signedRankInterval(some, 0.02)
    const shifted = signedRankInterval(some.map((value) => value + shift), 0.02)
    const turned = signedRankInterval(some.map((value) => -value), 0.02)
    if (before === undefined || shifted === undefined || turned === undefined) throw new Error('six values have an interval')
    for (const end of ['low', 'estimate', 'high'] as const) expect(shifted[end]).toBeCloseTo(before[end] + shift, 9)
    expect(turned.low).toBeCloseTo(-before.high, 9)
    expect(turned.estimate).toBeCloseTo(-before.estimate, 9)
  }))
})
