import { expect, test } from 'vitest'
import { constant, type Delay, delayFromJson, delayFromText, draws } from './delay.ts'

const many = (delay: Delay, id = 'a'): number[] => {
  const draw = draws(delay, 1, id, 'gap')
  return Array.from({ length: 20_000 }, draw).toSorted((a, b) => a - b)
}
const at = (sorted: number[], q: number): number => sorted[Math.ceil(q * sorted.length) - 1] ?? NaN
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

test('the same seed, id and purpose give the same times; another of any of them gives others', () => {
  const delay: Delay = { kind: 'lognormal', median: 100, sigma: 0.5 }
  const three = (seed: number, id: string, what: 'first' | 'gap'): number[] => Array.from({ length: 3 }, draws(delay, seed, id, what))
  expect(three(1, 'a', 'gap')).toEqual(three(1, 'a', 'gap'))
  const others = [three(2, 'a', 'gap'), three(1, 'b', 'gap'), three(1, 'a', 'first')]
  for (const other of others) expect(other).not.toEqual(three(1, 'a', 'gap'))
})

test('normal draws have the mean and spread asked for', () => {
  const values = many({ kind: 'normal', mean: 300, sd: 50 })
  expect(mean(values)).toBeCloseTo(300, -0.5)
  // The standard normal's 15.87 % and 84.13 % quantiles are one standard deviation away.
  expect(at(values, 0.1587)).toBeGreaterThan(247)
  expect(at(values, 0.1587)).toBeLessThan(253)
  expect(at(values, 0.8413)).toBeGreaterThan(347)
  expect(at(values, 0.8413)).toBeLessThan(353)
})

test('lognormal draws have the median asked for and a sigma of logarithms', () => {
  const values = many({ kind: 'lognormal', median: 200, sigma: 0.5 })
  expect(at(values, 0.5)).toBeGreaterThan(196)
  expect(at(values, 0.5)).toBeLessThan(204)
  expect(Math.log(at(values, 0.8413) / 200)).toBeCloseTo(0.5, 1)
})

test('ids that differ in their last digit draw independently: their first draws spread like the distribution', () => {
  const firsts = Array.from({ length: 5_000 }, (_, index) => draws({ kind: 'normal', mean: 100, sd: 10 }, 7, `p-${index}`, 'first')()).toSorted((a, b) => a - b)
  expect(at(firsts, 0.1587)).toBeGreaterThan(89)
  expect(at(firsts, 0.1587)).toBeLessThan(91)
  expect(at(firsts, 0.8413)).toBeGreaterThan(109)
  expect(at(firsts, 0.8413)).toBeLessThan(111)
})

test('no draw is below 0', () => {
  expect(Math.min(...many({ kind: 'normal', mean: 1, sd: 50 }))).toBe(0)
})

test.each([
  ['20', constant(20)],
  ['2.5', constant(2.5)],
  ['normal:300,50', { kind: 'normal', mean: 300, sd: 50 }],
  ['lognormal:300,0.5', { kind: 'lognormal', median: 300, sigma: 0.5 }],
  ['20ms', undefined],
  ['-1', undefined],
  ['normal:300', undefined],
  ['300,50', undefined],
  ['', undefined],
])('the flag %j is %j', (text, delay) => {
  expect(delayFromText(text)).toEqual(delay)
})

test.each([
  [20, constant(20)],
  [{ kind: 'const', ms: 3 }, constant(3)],
  [{ kind: 'normal', mean: 3, sd: 1 }, { kind: 'normal', mean: 3, sd: 1 }],
  [{ kind: 'lognormal', median: 3, sigma: 1 }, { kind: 'lognormal', median: 3, sigma: 1 }],
  [{ kind: 'normal', mean: 3 }, undefined],
  [{ kind: 'normal', mean: 3, sd: 1, extra: 1 }, undefined],
  [{ kind: 'const', ms: -3 }, undefined],
  ['20', undefined],
  [null, undefined],
  [[1], undefined],
])('the setting %j is %j', (value, delay) => {
  expect(delayFromJson(value)).toEqual(delay)
})
