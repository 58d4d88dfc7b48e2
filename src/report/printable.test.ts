import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileTexts } from '../../test/fixtures/verdict.ts'
import { broken, displayWidth, printable, wrapped } from './printable.ts'

// oxlint-disable-next-line no-control-regex
const obeyed = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/

test.each([
  ['a colour', '\u001b[31mred\u001b[0m', 'red'],
  ['clearing the screen', '\u001b[2J\u001b[1;1HPASS', 'PASS'],
  ['a link', '\u001b]8;;http://example.org\u0007text\u001b]8;;\u0007', 'text'],
  ['a window title ended by ST', '\u001b]0;owned\u001b\\text', 'text'],
  ['sequences in C1 form', '\u009b31mred\u0090q\u009c.', 'red.'],
  ['a reset', '\u001bctext', 'text'],
  ['an unfinished sequence', 'text\u001b[', 'text'],
  ['line ends and tabs', 'one\r\ntwo\tthree\u2028four\u0085five', 'one two three four five'],
  ['turned reading direction', '\u202egnp.exe\u2069', 'gnp.exe'],
  ['bell, backspace and null', 'a\u0007b\bc\u0000', 'abc'],
])('%s does nothing', (_, text, shown) => {
  expect(printable(text)).toBe(shown)
})

test('ordinary text of any script stays as it is', () => {
  for (const text of ['“Hello” – 98 % ≤ 1 s ✓', 'naïve café', '日本語', 'Tell me a long story']) expect(printable(text)).toBe(text)
})

test('no text keeps a character that a terminal obeys', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 0xffff })), fc.constantFrom(...hostileTexts), (units, hostile) => {
    const text = String.fromCharCode(...units)
    expect(printable(text + hostile + text)).not.toMatch(obeyed)
  }))
})

test('wide characters take two columns, joined ones none', () => {
  expect(displayWidth('日本')).toBe(4)
  expect(displayWidth('🙂')).toBe(2)
  expect(displayWidth('e\u0301')).toBe(1)
  expect(displayWidth('−98 % (−98…−97) ≤ ✓')).toBe(19)
})

test('wrapped lines are never wider than asked for, and nothing but spaces is lost', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 30 }), (text, width) => {
    const lines = wrapped(text, width)
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width)
    expect(lines.join('').replaceAll(' ', '')).toBe(printable(text).replaceAll(' ', ''))
  }))
})

test('a unit stays with its number', () => {
  expect(wrapped('stalled, at most 0.7 % of them', 20)).toEqual(['stalled, at most', '0.7 % of them'])
  expect(wrapped('a limit of 500 ms', 14)).toEqual(['a limit of', '500 ms'])
})

test('a word that is too long is broken', () => {
  expect(broken('abcdefg', 3)).toEqual(['abc', 'def', 'g'])
  expect(wrapped('ab abcdefg', 3)).toEqual(['ab', 'abc', 'def', 'g'])
})
