import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedText } from './bounded-text.ts'

const mega = 1024 * 1024
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Pushes the piece until it is given up, at most so often. */
function fed(piece: Uint8Array, times: number, first = ''): { excess: string | null; after: number } {
  const text = new BoundedText()
  text.decode(bytes(first))
  let after = 0
  for (; after < times && text.excess === null; after += 1) text.decode(piece)
  return { excess: text.excess, after }
}

test('a line without end is given up after 8 MB, and what comes behind it is not read', () => {
  const text = new BoundedText()
  const megabyte = bytes('x'.repeat(mega))
  for (let count = 0; count < 9; count += 1) text.decode(megabyte)
  expect(text.excess).toBe('a line of the answer is longer than 8 MB')
  expect(text.decode(bytes('more\n'))).toBe('')
})

test('many lines are given up after 64 MB', () => {
  expect(fed(bytes(`${'x'.repeat(mega - 1)}\n`), 100)).toEqual({ excess: 'the answer is longer than 64 MB', after: 65 })
})

test('the one line that holds the pages of a search may be as long as an answer', () => {
  expect(fed(bytes('x'.repeat(mega)), 20, 'data: {"sources":[')).toEqual({ excess: null, after: 20 })
  expect(fed(bytes('x'.repeat(mega)), 20, 'data: {}\n\ndata: {"sources":[').excess).toBeNull()
  expect(fed(bytes('x'.repeat(mega)), 20, 'data: {"choices":[').after).toBe(8)
  expect(fed(bytes('x'.repeat(mega)), 100, 'data: {"sources":[').excess).toMatch(/64 MB/)
})

test('any split of any bytes is the same text, and bytes that are no UTF-8 are replaced', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (all, size) => {
    const whole = new TextDecoder().decode(all)
    const text = new BoundedText()
    let told = ''
    for (let from = 0; from < all.length; from += size) told += text.decode(all.subarray(from, from + size))
    expect(told + text.rest()).toBe(whole)
  }), { seed: 6, numRuns: 300 })
})
