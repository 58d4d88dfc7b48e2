import { expect, test } from 'vitest'
import { mostAtOnce } from './concurrency.ts'

const told = (firstTokenAt: number | null, endedAt: number) => ({ firstTokenAt, endedAt })

test.each([
  ['nothing', [], 0],
  ['one', [told(0, 10)], 1],
  ['one after another', [told(0, 10), told(10, 20), told(20, 30)], 1],
  ['two that overlap by less than the trim', [told(0, 10), told(9, 19)], 1],
  ['two that overlap by half', [told(0, 10), told(5, 15)], 2],
  ['four at once, and four after them', [0, 0, 0, 0, 10, 10, 10, 10].map((at) => told(at, at + 10)), 4],
  ['one without a token', [told(0, 10), told(null, 10)], 1],
])('%s', (_, answers, most) => {
  expect(mostAtOnce(answers)).toBe(most)
})
