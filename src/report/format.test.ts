import { expect, test } from 'vitest'
import { claimOn } from '../../test/fixtures/verdict.ts'
import { formatBound, formatBounds, formatChange, formatChangeBriefly, formatClaimValue, formatCount, formatInterval, formatShare, formatValue } from './format.ts'

test.each([[0, '0 %'], [0.0068, '0.7 %'], [0.02, '2 %'], [0.0204, '2 %'], [0.0251, '2.5 %'], [0.938, '94 %'], [1, '100 %'], [-0.97, '−97 %'], [0.0995, '10 %']])('a share of %d is %s', (share, text) => {
  expect(formatShare(share)).toBe(text)
})

test('a share is 100 % of all and 0 % of none only', () => {
  expect(formatShare(575 / 576)).toBe('99.8 %')
  expect(formatShare(0.99999)).toBe('99.9 %')
  expect(formatShare(0.0001)).toBe('0.01 %')
})

test.each([[0, '0'], [999, '999'], [4_100, '4,100'], [1_234_567, '1,234,567'], [-4_100, '−4,100'], [1e21, '1.0e+21']])('a count of %d is %s', (count, text) => {
  expect(formatCount(count)).toBe(text)
})

test('every unit has its own form, and a minus sign that is none of a hyphen', () => {
  expect(formatValue(7.13, 'ms')).toBe('7.1 ms')
  expect(formatValue(3_480, 'ms')).toBe('3.48 s')
  expect(formatValue(-12, 'ms')).toBe('−12 ms')
  expect(formatValue(0.984, 'ratio')).toBe('0.98')
  expect(formatValue(-0.0012, 'ratio')).toBe('0.00')
  expect(formatValue(-0.97, 'ratio')).toBe('−0.97')
  expect(formatValue(1e9, 'ratio')).toBe('1000000000')
})

test('a message that never got a first token has no figure but the one that it exceeds', () => {
  expect(formatValue(null, 'ms', 33_000)).toBe('> 33.0 s (no first token)')
  expect(formatValue(null, 'ms')).toBe('no first token')
  expect(formatValue(Infinity, 'ms', Infinity)).toBe('no first token')
})

test('a skipped claim and one without a sample have no value, and neither reads as zero', () => {
  const none = { value: null, low: null, high: null, n: 0, reason: '' }
  expect(formatClaimValue(claimOn('after', 'judged', 'loses', { ...none, verdict: 'skipped' }))).toBe('-')
  expect(formatClaimValue(claimOn('after', 'judged', 'grows', { ...none, verdict: 'inconclusive' }))).toBe('no sample')
  expect(formatClaimValue(claimOn('after', 'judged', 'starts', { ...none, low: 33_000, n: 288, censored: 40, verdict: 'fail' }))).toBe('> 33.0 s (no first token)')
})

test('an interval says its unit once', () => {
  expect(formatInterval(6.7, 8.4, 'ms')).toBe('6.7…8.4 ms')
  expect(formatInterval(950, 1_200, 'ms')).toBe('950 ms…1.20 s')
  expect(formatInterval(0.97, 1.01, 'ratio')).toBe('0.97…1.01')
  expect(formatInterval(33_000, null, 'ms')).toBe('≥ 33.0 s')
  expect(formatInterval(null, 12, 'ms')).toBe('≤ 12 ms')
  expect(formatInterval(null, null, 'ms')).toBe('')
})

test('the ends of a share are rounded outwards', () => {
  expect(formatInterval(0.9476, 0.9521, 'share')).toBe('94…96 %')
  expect(formatInterval(0, 0.00676, 'share')).toBe('0…0.7 %')
})

test('a bound is written as a person would set it', () => {
  expect([formatBound(1_000, 'ms'), formatBound(1_500, 'ms'), formatBound(500, 'ms'), formatBound(45_000, 'ms')]).toEqual(['1 s', '1.5 s', '500 ms', '45 s'])
  expect([formatBound(0.02, 'share'), formatBound(0.1, 'ratio'), formatBound(0, 'count'), formatBound(0, 'ratio'), formatBound(100, 'count')]).toEqual(['2 %', '0.1', '0', '0', '100'])
})

const relative = { unit: 'ms', changeUnit: 'relative' } as const

test('a difference that was not detected is ~, never a percentage', () => {
  expect(formatChange({ ...relative, change: 0.12, low: -0.04, high: 0.31 })).toBe('~')
  expect(formatChange({ ...relative, change: -0.4, low: null, high: null })).toBe('~')
  expect(formatChange({ ...relative, change: -0.4, low: -0.5, high: 0 })).toBe('~')
  expect(formatChangeBriefly({ ...relative, change: -0.4, low: -0.5, high: 0.01 })).toBe('~')
})

test('a detected difference comes with its interval', () => {
  expect(formatChange({ ...relative, change: -0.98, low: -0.984, high: -0.968 })).toBe('−98 % (−98…−97)')
  expect(formatChange({ ...relative, change: 0.5, low: 0.31, high: 0.72 })).toBe('+50 % (+31…+72)')
  expect(formatChange({ unit: 'share', changeUnit: 'absolute', change: -0.97, low: -0.99, high: -0.94 })).toBe('−97 points (−99…−94)')
  expect(formatChange({ unit: 'ratio', changeUnit: 'absolute', change: -0.99, low: -1.01, high: -0.97 })).toBe('−0.99 (−1.01…−0.97)')
})

test('an interval that is narrower than a percent is told with a decimal', () => {
  expect(formatChange({ ...relative, change: -0.983, low: -0.984, high: -0.982 })).toBe('−98.3 % (−98.4…−98.2)')
})

test('from eleven times as much on a change is a factor', () => {
  expect(formatChange({ ...relative, change: 11, low: 9.7, high: 13 })).toBe('×12 (11…14)')
})

test('a change to or from a message that never came has an open end', () => {
  expect(formatChange({ ...relative, change: null, low: 2, high: null })).toBe('+∞')
  expect(formatChange({ ...relative, change: 4, low: 2, high: null })).toBe('+400 % (+200…∞)')
})

test('bounds are told the way they are meant', () => {
  expect(formatBounds({ pass: 1_000, fail: 3_000 }, 'ms')).toEqual({ passes: '≤ 1 s', fails: 'above 3 s' })
  expect(formatBounds({ pass: 4, fail: 2, atLeast: true }, 'count')).toEqual({ passes: '≥ 4', fails: 'below 2' })
  expect(formatBounds({ pass: 1, fail: 1, atLeast: true }, 'share')).toEqual({ passes: '≥ 100 %', fails: undefined })
})

test('what never came is named for what was waited for', () => {
  const claim = (metric: string, low: number | null) => formatClaimValue({ ...claimOn('after', 'judged', 'starts', { value: null, low, high: null, censored: 3, verdict: 'fail', reason: '' }), metric })
  expect([claim('firstVisible', 3_000), claim('timeToError', 9_000), claim('timeToCancel', null)]).toEqual(['> 3.00 s (no first token)', '> 9.00 s (no error)', 'never told'])
})

test('a count that reached all it was asked for may be more', () => {
  const claim = (high: number | null) => formatClaimValue({ ...claimOn('after', 'judged', 'loses', { value: 16, low: 16, high, verdict: 'pass', reason: '' }), metric: 'effectiveConcurrency' })
  expect([claim(null), claim(16)]).toEqual(['≥ 16', '16'])
})
