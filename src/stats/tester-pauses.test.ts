import { expect, test } from 'vitest'
import { message } from '../../test/fixtures/run.ts'
import { pausedTime, stampError } from './tester-pauses.ts'

const block = (at: number, lasted: number) => ({ type: 'block' as const, at, lasted })

test.each([
  ['none', [], 0], ['inside', [block(50, 25)], 25], ['over the beginning', [block(20, 40)], 10], ['over the end', [block(120, 40)], 20], ['over all of it', [block(500, 500)], 90],
  ['up to the beginning', [block(10, 30)], 0], ['from the end on', [block(130, 30)], 0], ['two', [block(40, 20), block(90, 30)], 50],
] as const)('of 10 to 100 ms the tester stood still: %s', (_, blocks, expected) => {
  expect(pausedTime(blocks, 10, 100)).toBe(expected)
})

test('the error of a stamp is the larger bound without the slip', () => {
  expect(stampError(message({ dueAt: 0, startedAt: 10, errorBound: 13, endErrorBound: 15 }))).toBe(5)
  expect(stampError(message({ dueAt: 0, startedAt: 10, errorBound: 13 }))).toBe(3)
})
