import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

const names = ['slots', 'connections', 'upstreamTimeout', 'drops', 'delayBefore', 'delayAfter']

test.each([
  ['slot', 'slots'], ['sltos', 'slots'], ['SLOTS', 'slots'], ['conections', 'connections'], ['upstreamTimeuot', 'upstreamTimeout'], ['delayBefor', 'delayBefore'], ['delayafter', 'delayAfter'],
])('%s most likely means %s', (word, meant) => {
  expect(nearest(word, names)).toBe(meant)
})

test.each(['colour', '', 'x', 'timeout-of-the-model'])('nothing is near "%s"', (word) => {
  expect(nearest(word, names)).toBeUndefined()
})

test('of two that are equally near the first is taken, and without candidates none', () => {
  expect(nearest('ac', ['ab', 'ad'])).toBe('ab')
  expect(nearest('slots', [])).toBeUndefined()
})

test('where real words stand close together, fewer wrong letters are another word', () => {
  expect(nearest('delayBefor', names, 1)).toBe('delayBefore')
  expect(nearest('delayBef', names)).toBe('delayBefore')
  expect(nearest('delayBef', names, 1)).toBeUndefined()
})
