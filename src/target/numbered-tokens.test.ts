import { expect, test } from 'vitest'
import { numberedTokens } from './numbered-tokens.ts'

// FNV-1a of 'a' and 'foobar' are published (isthe.com/chongo/tech/comp/fnv): e40c292c, bf9cf968. The sums below were made with another implementation.
const whole = 'ab-1.0 ab-1.1 ab-1.2/3~'

function fnv(text: string): string {
  let hash = 2166136261n
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 16777619n) & 0xffffffffn
  return hash.toString(16).padStart(8, '0')
}

const sum = fnv('ab-1.0 ab-1.1 ab-1.2')

test('the reference checksum agrees with the published vectors', () => {
  expect(fnv('a')).toBe('e40c292c')
  expect(fnv('foobar')).toBe('bf9cf968')
})

test('a whole answer has every token once, in order, and its checksum', () => {
  expect(numberedTokens(`${whole}${sum}`, 'ab-1', 3)).toEqual({ expected: 3, received: 3, missing: 0, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: true })
})

test.each([
  ['a lost token in the middle', `ab-1.0 ab-1.2/3~${sum}`, { missing: 1, checksumMatches: false }],
  ['a lost last token, checksum and all', 'ab-1.0 ab-1.1', { missing: 1, checksumMatches: null }],
  ['no token at all', '', { missing: 3, received: 0, checksumMatches: null }],
  ['a repeated token', `ab-1.0 ab-1.1 ab-1.1 ab-1.2/3~${sum}`, { duplicated: 1, missing: 0, checksumMatches: false }],
  ['two tokens swapped', `ab-1.1 ab-1.0 ab-1.2/3~${sum}`, { reordered: 1, missing: 0, checksumMatches: false }],
  ['a token of another answer', `ab-1.0 cd-9.1 ab-1.1 ab-1.2/3~${sum}`, { foreign: 1, missing: 0, checksumMatches: false }],
  ['another answer altogether', 'cd-9.0 cd-9.1 cd-9.2', { foreign: 3, missing: 3 }],
  ['a token of another answer behind the end', `${whole}${sum} cd-9.7`, { foreign: 1, missing: 0, checksumMatches: false }],
  ['a letter of somebody else behind the end', `${whole}${sum} and so on`, { foreign: 0, missing: 0, checksumMatches: false }],
  ['white space behind the end, which is nothing', `${whole}${sum}\n`, { foreign: 0, missing: 0, checksumMatches: true }],
  ['changed text between the tokens', `ab-1.0  ab-1.1 ab-1.2/3~${sum}`, { missing: 0, checksumMatches: false }],
])('%s is seen', (_name, text, expected) => {
  expect(numberedTokens(text, 'ab-1', 3)).toMatchObject(expected)
})

test('a first token that is said twice, or put into another answer, is glued to a number whose digits it must not lend', () => {
  expect(numberedTokens('5-9j-nq.05-9j-nq.0 5-9j-nq.1', '5-9j-nq', 2)).toMatchObject({ received: 3, duplicated: 1, reordered: 0, foreign: 0, missing: 0 })
  expect(numberedTokens('5-9j-a.0 5-9j-a.15-9j-b.0 5-9j-a.2', '5-9j-a', 3)).toMatchObject({ received: 4, duplicated: 0, reordered: 0, foreign: 1, missing: 0 })
})
