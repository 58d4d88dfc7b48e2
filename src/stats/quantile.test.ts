import fc from 'fast-check'
import { expect, test } from 'vitest'
import { median, rankQuantile } from './quantile.ts'

// numpy 2.4.6, seed 7: round(lognormal(3, 1, 20), 2).
const twenty = [20.11, 27.08, 15.27, 8.24, 12.75, 7.45, 21.33, 76.72, 12.28, 10.8, 32.78, 28.7, 22.32, 7.92, 19.51, 40.26, 5.24, 12.71, 3, 5.53]

// numpy 2.4.6, numpy.quantile(x, q, method='inverted_cdf'), which is type 1 of Hyndman & Fan, The American Statistician 50 (1996) 361.
test.each([
  [20, 0.05, 3], [20, 0.1, 5.24], [20, 0.25, 7.92], [20, 0.5, 12.75], [20, 0.75, 22.32], [20, 0.9, 32.78], [20, 0.95, 40.26], [20, 0.951, 76.72], [20, 1, 76.72],
  [7, 0.1, 7.45], [7, 0.25, 8.24], [7, 0.5, 15.27], [7, 0.75, 21.33], [7, 0.9, 27.08],
])('of the first %d values the quantile %d by rank is %d', (count, q, expected) => {
  expect(rankQuantile(twenty.slice(0, count), q)).toBe(expected)
})

test('a message without a first token ranks above every answer and is not averaged with one', () => {
  expect(rankQuantile([10, Infinity, 20, 30], 0.75)).toBe(30)
  expect(rankQuantile([10, Infinity, 20, 30], 0.76)).toBe(Infinity)
  expect(median([10, Infinity])).toBe(10)
})

test('there is no quantile of nothing', () => {
  expect(rankQuantile([], 0.5)).toBeUndefined()
})

test('a rank that is whole but for its last binary digit is that rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  for (let percent = 1; percent <= 100; percent += 1) expect(rankQuantile(hundred, percent / 100)).toBe(percent)
})

test('the values are left in their order', () => {
  const values = [3, 1, 2]
  rankQuantile(values, 0.5)
  expect(values).toEqual([3, 1, 2])
})

test('numbers are ordered as numbers', () => {
  expect(rankQuantile([10, 9, 100], 1)).toBe(100)
})

test('what is no quantile is refused', () => {
  for (const q of [0, -0.1, 1.1, NaN]) expect(() => rankQuantile([1], q)).toThrow(RangeError)
  expect(() => rankQuantile([1, NaN], 0.5)).toThrow(RangeError)
})

test('at least a share q of the values do not exceed it, and fewer do not reach it', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
    const quantile = rankQuantile(values, percent / 100) ?? NaN
    const share = (holds: (value: number) => boolean): number => values.filter(holds).length / values.length
    expect(values).toContain(quantile)
    expect(share((value) => value <= quantile)).toBeGreaterThanOrEqual(percent / 100 - 1e-9)
    expect(share((value) => value < quantile)).toBeLessThan(percent / 100)
  }))
})
