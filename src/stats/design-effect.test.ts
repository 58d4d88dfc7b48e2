import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Count } from './binomial.ts'
import { designEffect } from './design-effect.ts'

const rounds = (events: readonly number[], n: readonly number[]): Count[] => events.map((count, index) => ({ events: count, n: n[index] ?? 0 }))
const equal = (events: readonly number[], n = 48): Count[] => events.map((count) => ({ events: count, n }))

// statsmodels 0.15.0: OLS(y, ones).fit(cov_type='cluster', cov_kwds={'groups': round}).cov_params()[0, 0] / (mean(y) (1 − mean(y)) / len(y)), y one 0 or 1 a message.
test.each([
  [[0, 0, 48, 0, 0, 0], [48, 48, 48, 48, 48, 48], 57.6],
  [[1, 0, 2, 0, 1, 0], [48, 48, 48, 48, 48, 48], 1.014084507],
  [[5, 0, 7, 12, 0, 1], [48, 48, 48, 48, 48, 48], 6.0359543726],
  [[3, 9, 1, 0, 14, 2], [48, 47, 30, 12, 48, 40], 4.7704677457],
  [[2, 10, 3, 30], [10, 50, 20, 60], 7.1997772208],
  [[1, 0], [48, 48], 1.0105263158],
  [[47, 48, 48, 20, 48, 48], [48, 48, 48, 48, 48, 48], 29.6704034083],
  [[6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32, 32], 6.0952380952],
  [[10, 0, 10, 0, 10, 0], [20, 1, 20, 40, 20, 3], 10.5498960499],
])('rounds of %j stalled among %j have an effect of %d', (events, n, expected) => {
  expect(designEffect(rounds(events, n))).toBeCloseTo(expected, 9)
})

// The same expression gives 0, .0823170732 and .2526315789 here: less spread than chance alone, which is worth no more than independence.
test.each([
  [[24, 24, 24, 24, 24, 24], [48, 48, 48, 48, 48, 48]],
  [[0, 1, 2, 3, 4, 5, 6, 7, 8], [9, 18, 27, 36, 45, 54, 63, 72, 81]],
  [[9, 11, 10, 12, 8, 10], [48, 48, 48, 48, 48, 48]],
])('rounds of %j among %j, more alike than by chance, have an effect of 1', (events, n) => {
  expect(designEffect(rounds(events, n))).toBe(1)
})

// SciPy 1.17.1: scipy.stats.chi2_contingency([[5,0,7,12,0,1],[43,48,41,36,48,47]], correction=False)[0] / 5.
test('with rounds of one size it is the chi-square of homogeneity over its degrees of freedom', () => {
  expect(designEffect(equal([5, 0, 7, 12, 0, 1]))).toBeCloseTo(6.035954372623573, 12)
})

test('it is the variance of the shares of the rounds over the binomial variance', () => {
  const shares = [5, 0, 7, 12, 0, 1].map((events) => events / 48)
  const mean = shares.reduce((sum, share) => sum + share, 0) / 6
  const between = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / 5
  expect(designEffect(equal([5, 0, 7, 12, 0, 1]))).toBeCloseTo(between / ((mean * (1 - mean)) / 48), 12)
})

test('without events, with nothing but events, in one round and in none it is 1', () => {
  expect(designEffect(equal([0, 0, 0]))).toBe(1)
  expect(designEffect(equal([48, 48, 48]))).toBe(1)
  expect(designEffect(equal([7]))).toBe(1)
  expect(designEffect([])).toBe(1)
})

test('a round without messages is no round', () => {
  expect(designEffect([...equal([5, 0, 7]), { events: 0, n: 0 }])).toBe(designEffect(equal([5, 0, 7])))
})

test('rounds that stall whole or not at all are worth no more messages than there are rounds', () => {
  fc.assert(fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 24 }), (whole) => {
    fc.pre(whole.includes(true) && whole.includes(false))
    expect((48 * whole.length) / designEffect(equal(whole.map((stalled) => (stalled ? 48 : 0))))).toBeLessThanOrEqual(whole.length)
  }))
})

test('it is at least 1 and does not depend on the order of the rounds', () => {
  const round = fc.integer({ min: 1, max: 60 }).chain((n) => fc.integer({ min: 0, max: n }).map((events) => ({ events, n })))
  fc.assert(fc.property(fc.array(round, { maxLength: 12 }), (several) => {
    expect(designEffect(several)).toBeGreaterThanOrEqual(1)
    expect(designEffect(several.toReversed())).toBeCloseTo(designEffect(several), 9)
  }))
})
