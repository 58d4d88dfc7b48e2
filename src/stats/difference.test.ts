import fc from 'fast-check'
import { expect, test } from 'vitest'
import { differenceInterval } from './difference.ts'

// Published: the first two are in R. G. Newcombe, Statistics in Medicine 17 (1998) 873, as the tests of the R package propint quote it; 7/34 − 1/34, .019 to .34, is in
// Fagerland et al. (2015) as the tests of statsmodels quote it. All of them are what statsmodels 0.15.0 computes by the call below, to 4 digits.
test.each([
  [56, 70, 48, 80, 0.0524, 0.3339], [9, 10, 3, 10, 0.1705, 0.809], [7, 34, 1, 34, 0.0189, 0.3404], [6, 7, 2, 7, 0.0582, 0.8062], [5, 56, 0, 29, -0.0381, 0.1926],
  [0, 10, 0, 20, -0.1611, 0.2775], [0, 10, 0, 10, -0.2775, 0.2775], [10, 10, 0, 20, 0.6791, 1], [10, 10, 0, 10, 0.6075, 1],
])('%d/%d − %d/%d has the two-sided 95 % interval %d to %d', (a, m, b, n, low, high) => {
  const interval = differenceInterval({ events: a, n: m }, { events: b, n }, 0.025)
  expect(interval.low).toBeCloseTo(low, 4)
  expect(interval.high).toBeCloseTo(high, 4)
})

// statsmodels 0.15.0: confint_proportions_2indep(a, m, b, n, method='newcomb', compare='diff', alpha=2 * alpha).
test.each([
  [0, 576, 0, 288, 0.02, -0.0144340398, 0.0072694839], [12, 576, 3, 288, 0.02, -0.012653284, 0.0280298264], [144, 576, 5, 288, 0.02, 0.1900032895, 0.2727397478],
  [60, 576, 30, 288, 0.05, -0.038470071, 0.0346052405], [5.5, 48.25, 1.5, 30.5, 0.02, -0.0964886447, 0.1968475714], [8, 8, 3, 8, 0.05, 0.250029388, 0.8388276622],
])('%d/%d − %d/%d at %d is between %d and %d', (a, m, b, n, alpha, low, high) => {
  const interval = differenceInterval({ events: a, n: m }, { events: b, n }, alpha)
  expect(interval.low).toBeCloseTo(low, 9)
  expect(interval.high).toBeCloseTo(high, 9)
})

test('nothing on one side leaves every difference possible', () => {
  expect(differenceInterval({ events: 0, n: 0 }, { events: 3, n: 9 }, 0.02)).toEqual({ low: -1, high: 1 })
  expect(differenceInterval({ events: 3, n: 9 }, { events: 0, n: 0 }, 0.02)).toEqual({ low: -1, high: 1 })
})

const count = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 1, max: 2_000, noNaN: true })).map(([share, n]) => ({ events: share * n, n }))

test('it holds the difference, narrows as more error is allowed, and turns round with its sides', () => {
  fc.assert(fc.property(count, count, (a, b) => {
    const strict = differenceInterval(a, b, 0.02)
    const loose = differenceInterval(a, b, 0.05)
    const turned = differenceInterval(b, a, 0.02)
    const difference = a.events / a.n - b.events / b.n
    expect(strict.low).toBeLessThanOrEqual(difference)
    expect(strict.high).toBeGreaterThanOrEqual(difference)
    expect(loose.low).toBeGreaterThanOrEqual(strict.low - 1e-12)
    expect(loose.high).toBeLessThanOrEqual(strict.high + 1e-12)
    expect(strict.low).toBeGreaterThanOrEqual(-1 - 1e-12)
    expect(strict.high).toBeLessThanOrEqual(1 + 1e-12)
    expect(turned.low).toBeCloseTo(-strict.high, 12)
    expect(turned.high).toBeCloseTo(-strict.low, 12)
  }))
})
