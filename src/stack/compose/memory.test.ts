import { expect, test } from 'vitest'
import { fitTogether, inGigabytes } from './memory.ts'

const gigabytes = (count: number): number => count * 2 ** 30

test.each([
  { limits: [4, 7], available: 12, together: true },
  { limits: [4, 7], available: 11.9, together: false },
  { limits: [4, 7, 7], available: 16, together: false },
  // One side is one side, whatever it may take.
  { limits: [7], available: 4, together: true },
  { limits: [], available: 0, together: true },
])('limits of $limits GB in $available GB: at the same time is $together', ({ limits, available, together }) => {
  expect(fitTogether(limits.map(gigabytes), gigabytes(available))).toBe(together)
})

test('gigabytes have one decimal, and none where they are whole', () => {
  expect([inGigabytes(gigabytes(7)), inGigabytes(gigabytes(7.25))]).toEqual(['7 GB', '7.3 GB'])
})
