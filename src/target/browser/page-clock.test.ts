import { expect, test } from 'vitest'
import { pageClock } from './page-clock.ts'

test('the tightest reading counts, and is known to half its round trip', () => {
  const clock = pageClock([{ sentAt: 1_000, pageAt: 40, receivedAt: 1_030 }, { sentAt: 1_100, pageAt: 102, receivedAt: 1_104 }, { sentAt: 1_200, pageAt: 215, receivedAt: 1_220 }])
  expect(clock).toEqual({ offset: 1_000, bound: 2.1 })
})

test('wherever in its round trip the page looked at its clock, the bound holds', () => {
  const offset = 5_000
  for (const share of [0, 0.3, 0.5, 1]) {
    const told = pageClock([{ sentAt: 6_000, pageAt: 6_000 + share * 8 - offset, receivedAt: 6_008 }])
    expect(Math.abs(told.offset - offset)).toBeLessThanOrEqual(told.bound)
  }
})

test('without a reading there is no clock', () => {
  expect(() => pageClock([])).toThrow(RangeError)
})
