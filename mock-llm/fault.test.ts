import { expect, test } from 'vitest'
import { FaultCounts, placeIndex, readFault } from './fault.ts'

test.each([
  ['silence@headers', { kind: 'silence', place: 'headers' }],
  ['silence@first', { kind: 'silence', place: 0 }],
  ['rst@5', { kind: 'rst', place: 5 }],
  ['fin@end', { kind: 'fin', place: 'end' }],
  ['hang', { kind: 'hang', place: 'end' }],
  ['hang@first', { kind: 'hang', place: 'end' }],
  ['status:429@headers', { kind: 'status', code: 429, place: 'headers' }],
  ['status:500', { kind: 'status', code: 500, place: 'headers' }],
  ['split@2', { kind: 'split', place: 2 }],
])('%s is a fault', (text, fault) => {
  expect(readFault(text)).toEqual({ text, ...fault })
})

test.each([
  '', 'silence', 'silence@', 'silence@x', 'silence@-1', 'silence@1.5', 'silence@first@2', 'silence:3@first', 'boom@first', 'status@headers', 'status:200@headers', 'status:500@first', 'status:500:1@headers',
  'heartbeat@headers', 'garbage@headers', 'error@headers', 'split@headers', 'split@end',
])('%j is none, and is told why', (text) => {
  expect(readFault(text)).toEqual(expect.any(String))
})

test('a place is so many tokens, and no fault has none', () => {
  const indexOf = (text: string): number => {
    const fault = readFault(text)
    if (typeof fault === 'string') throw new Error(fault)
    return placeIndex(fault, 7)
  }
  expect([indexOf('rst@headers'), indexOf('rst@first'), indexOf('rst@3'), indexOf('rst@end')]).toEqual([-1, 0, 3, 7])
  expect(placeIndex(null, 7)).toBe(Infinity)
})

test('the first so many requests of an id are hit, each id by itself', () => {
  const counts = new FaultCounts()
  expect([counts.isDue('a', 2), counts.isDue('b', 1), counts.isDue('a', 2), counts.isDue('a', 2), counts.isDue('b', 1)]).toEqual([true, true, true, false, false])
})
