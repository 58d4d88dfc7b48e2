import { expect, test } from 'vitest'
import { places } from './open-webui-page.ts'
import { missingIn } from './page-inspection.ts'

const all = { stop: true, answer: true, words: true, failure: false, hadWords: true }
const selectors = (found: Partial<typeof all>): string[] => missingIn({ ...all, ...found }).map(({ selector }) => selector)

test('of an answer that was there each place that showed nothing of it is missing', () => {
  expect(selectors({})).toEqual([])
  expect(selectors({ words: false })).toEqual([places.words])
  expect(selectors({ stop: false })).toEqual([places.stop])
  expect(selectors({ answer: false, words: false, stop: false })).toEqual([places.answer, places.words, places.stop])
})

test('where nobody said a word there was nothing to show', () => {
  expect(selectors({ answer: false, words: false, stop: false, hadWords: false })).toEqual([])
  expect(selectors({ words: false, failure: true, hadWords: false })).toEqual([])
})
