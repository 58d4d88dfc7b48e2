import { expect, test } from 'vitest'
import { bound, counted, inUnit, percent, percentDown, percentUp, plural, ratio } from './wording.ts'

test.each([[0.0068, '0.7 %'], [0.938, '94 %'], [0.02, '2 %'], [0, '0 %'], [1, '100 %'], [0.0995, '10 %']])('%s is %s', (share, words) => {
  expect(percent(share)).toBe(words)
})

test('an upper limit is never rounded down, a lower one never up', () => {
  expect([percentUp(0.0061), percentUp(0.278), percentUp(0.02)]).toEqual(['0.7 %', '28 %', '2 %'])
  expect([percentDown(0.0069), percentDown(0.988), percentDown(0.02)]).toEqual(['0.6 %', '98 %', '2 %'])
})

test('labels in the plural', () => {
  expect(['hello', 'story', 'search', 'essay'].map(plural)).toEqual(['hellos', 'stories', 'searches', 'essays'])
  expect([counted(1, 'story'), counted(2, 'story')]).toEqual(['1 story', '2 stories'])
})

test('values and bounds in their unit', () => {
  expect([inUnit(1_890, 'ms'), inUnit(null, 'ms'), inUnit(0.5, 'share'), inUnit(3, 'count'), ratio(-0.001), ratio(-0.25)]).toEqual(['1.89 s', '∞', '50 %', '3', '0.00', '−0.25'])
  expect([bound(1_000, 'ms'), bound(2_500, 'ms'), bound(0.02, 'share'), bound(0.1, 'ratio'), bound(10, 'count'), bound(100, 'ms')]).toEqual(['1 s', '2.5 s', '2 %', '0.1', '10', '100 ms'])
})
