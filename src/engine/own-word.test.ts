import { expect, test } from 'vitest'
import { ownWord } from './own-word.ts'

test('messages whose ids differ in their last letter begin with words that differ from the first one on', () => {
  const words = Array.from({ length: 2_000 }, (_, index) => ownWord(`1x2y3z-abc-${index.toString(36)}`))
  expect(new Set(words).size).toBe(words.length)
  for (const word of words) expect(word).toMatch(/^[a-z]{8}$/)
  const firsts = new Map<string, number>()
  for (const [first = ''] of words) firsts.set(first, (firsts.get(first) ?? 0) + 1)
  expect(firsts.size).toBe(26)
  expect(Math.max(...firsts.values())).toBeLessThan(2_000 / 10)
  expect(ownWord('one')).toBe(ownWord('one'))
})
