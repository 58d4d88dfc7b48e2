import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Histogram } from './lateness.ts'

test('quantiles are by rank and at most 1/32 or 1 µs above the sorted sample, never below', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 }), fc.double({ min: 0.001, max: 1, noNaN: true }), (values, q) => {
    const histogram = new Histogram()
    for (const value of values) histogram.add(value)
    const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1] ?? NaN
    expect(histogram.quantile(q)).toBeGreaterThanOrEqual(exact - 0.001)
    expect(histogram.quantile(q)).toBeLessThanOrEqual(exact * (1 + 1 / 32) + 0.001)
  }))
})

test('whole microseconds below 32 are exact', () => {
  const histogram = new Histogram()
  for (const micros of [1, 7, 31]) histogram.add(micros / 1_000)
  expect([0.3, 0.6, 1].map((q) => histogram.quantile(q))).toEqual([0.001, 0.007, 0.031])
})

test('count, sum and max are exact, and an empty histogram says 0', () => {
  const histogram = new Histogram()
  expect([histogram.count, histogram.quantile(0.99), histogram.max]).toEqual([0, 0, 0])
  for (const value of [1.5, 2.5, 4_000_000]) histogram.add(value)
  expect([histogram.count, histogram.sum, histogram.max]).toEqual([3, 4_000_004, 4_000_000])
  histogram.clear()
  expect([histogram.count, histogram.sum, histogram.quantile(0.5), histogram.max]).toEqual([0, 0, 0, 0])
})
