import fc from 'fast-check'
import { expect, test } from 'vitest'
import { leastSample, proportionInterval } from './binomial.ts'

// SciPy 1.17.1: low = scipy.stats.beta.ppf(alpha, k, n - k + 1), high = scipy.stats.beta.ppf(1 - alpha, k + 1, n - k); 0 and 1 at the ends.
test.each([
  [0, 194, 0.02, 0, 0.01996311183], [0, 193, 0.02, 0, 0.02006550291], [3, 576, 0.02, 0.0009859662671, 0.01568793761], [12, 576, 0.02, 0.01045516487, 0.03689697289],
  [30, 576, 0.05, 0.03773502107, 0.0699835923], [288, 576, 0.02, 0.4564469837, 0.5435530163], [576, 576, 0.02, 0.9932313049, 1], [1, 6, 0.02, 0.003361455502, 0.6582664903],
  [5.5, 48.25, 0.02, 0.03849331729, 0.2446211371], [0.4, 12.7, 0.05, 0.00003188933049, 0.2582896271], [2.4, 96, 0.02, 0.003572384994, 0.0824302306],
  [1, 1e6, 0.02, 2.020270711e-8, 5.833907602e-6],
  [81, 263, 0.025, 0.2527367456, 0.3676219226], [15, 148, 0.025, 0.05784401008, 0.1616504903], [0, 20, 0.025, 0, 0.168433471], [1, 29, 0.025, 0.0008726468836, 0.1776442955],
])('%d of %d at %d is between %d and %d', (events, n, alpha, low, high) => {
  const interval = proportionInterval({ events, n, alpha })
  expect(interval.low).toBeCloseTo(low, 9)
  expect(interval.high).toBeCloseTo(high, 9)
})

test('no evidence leaves every share possible', () => {
  expect(proportionInterval({ events: 0, n: 0, alpha: 0.02 })).toEqual({ low: 0, high: 1 })
})

test('what is no count, and what is no error, is refused', () => {
  expect(() => proportionInterval({ events: 3, n: 2, alpha: 0.02 })).toThrow(RangeError)
  expect(() => proportionInterval({ events: -1, n: 2, alpha: 0.02 })).toThrow(RangeError)
  expect(() => proportionInterval({ events: NaN, n: 2, alpha: 0.02 })).toThrow(RangeError)
  expect(() => proportionInterval({ events: 1, n: 2, alpha: 0.5 })).toThrow(RangeError)
})

// MEASURING §4.
test.each([
  [0.1, 0.02, 38], [0.05, 0.02, 77], [0.01, 0.02, 390], [0.02, 0.02, 194], [0.1, 0.05, 29], [0.05, 0.05, 59], [0.01, 0.05, 299], [0.02, 0.05, 149],
])('a share below %d at %d takes %d messages', (bound, alpha, n) => {
  expect(leastSample(bound, alpha)).toBe(n)
})

test('the least sample is the first with an upper limit below the bound', () => {
  for (const alpha of [0.02, 0.05]) {
    for (let bound = 0.005; bound < 0.9; bound += 0.0173) {
      const n = leastSample(bound, alpha)
      expect(proportionInterval({ events: 0, n, alpha }).high).toBeLessThan(bound)
      if (n > 1) expect(proportionInterval({ events: 0, n: n - 1, alpha }).high).toBeGreaterThanOrEqual(bound)
    }
  }
})

test('an upper limit that only equals the bound is not below it', () => {
  // 1 − .25^(1/2) is .5.
  expect(leastSample(0.5, 0.25)).toBe(3)
})

test('no sample shows a share below 0, one that a share is below 1', () => {
  expect(leastSample(0, 0.02)).toBe(Infinity)
  expect(leastSample(1, 0.02)).toBe(1)
})

const counts = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.5, max: 5_000, noNaN: true })).map(([share, n]) => ({ events: share * n, n }))

test('the interval holds the share and narrows as more error is allowed', () => {
  fc.assert(fc.property(counts, ({ events, n }) => {
    const strict = proportionInterval({ events, n, alpha: 0.02 })
    const loose = proportionInterval({ events, n, alpha: 0.05 })
    const slack = 1e-9
    expect(strict.low).toBeLessThanOrEqual(events / n + slack)
    expect(strict.high).toBeGreaterThanOrEqual(events / n - slack)
    expect(loose.low).toBeGreaterThanOrEqual(strict.low - slack)
    expect(loose.high).toBeLessThanOrEqual(strict.high + slack)
  }))
})
