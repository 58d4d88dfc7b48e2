import { expect, test } from 'vitest'
import { answerOf, NumberedTokens, timetable } from './answer.ts'
import { behaviour, defaultSettings } from './settings.ts'

const wanted = { ...behaviour(defaultSettings, 'mock', null), tokens: 10, reasoning: 4 }

test('tokens are numbered, and the last carries count and checksum', () => {
  // FNV-1a 32 of "ab-1.0 ab-1.1 ab-1.2", computed with Python: h = 0x811c9dc5; for b in text: h = ((h ^ b) * 0x01000193) % 2**32
  expect(new NumberedTokens('ab-1', 3).text()).toBe('ab-1.0 ab-1.1 ab-1.2/3~4148b03f')
  expect(new NumberedTokens('x', 1).text()).toMatch(/^x\.0\/1~[0-9a-f]{8}$/)
})

test('a request that allows fewer tokens cuts content first, then reasoning', () => {
  expect(answerOf('a', wanted, null, null)).toMatchObject({ reasoning: 4, tokens: 10, finish: 'stop' })
  expect(answerOf('a', wanted, 14, null)).toMatchObject({ reasoning: 4, tokens: 10, finish: 'stop' })
  expect(answerOf('a', wanted, 13, null)).toMatchObject({ reasoning: 4, tokens: 9, finish: 'length' })
  expect(answerOf('a', wanted, 3, null)).toMatchObject({ reasoning: 3, tokens: 0, finish: 'length' })
  expect(answerOf('a', wanted, null, { name: 'f', argument: 'x' })).toMatchObject({ finish: 'tool_calls' })
})

test('head and first token count from the origin, the first token is never before the head, and what is added is added', () => {
  const at = (first: number, head: number, added = 0) => timetable({ ...wanted, first: { kind: 'const', ms: first }, head: { kind: 'const', ms: head }, firstTokenDelay: added }, 'a', 1_000, 1_001, () => 1)
  expect(at(100, 30)).toMatchObject({ headersDueAt: 1_030, firstTokenDueAt: 1_100 })
  expect(at(10, 30)).toMatchObject({ headersDueAt: 1_030, firstTokenDueAt: 1_030 })
  expect(at(100, 0, 50)).toMatchObject({ headersDueAt: 1_001, firstTokenDueAt: 1_150 })
})

test('slowdown stretches each gap by what runs when it is asked for', () => {
  let running = 1
  const { nextGap, isFixed } = timetable({ ...wanted, gap: { kind: 'const', ms: 10 }, slowdown: 0.5 }, 'a', 0, 0, () => running)
  expect([nextGap(), (running = 2, nextGap()), (running = 5, nextGap()), (running = 0, nextGap())]).toEqual([10, 15, 30, 10])
  expect(isFixed).toBe(false)
})

test('nothing is due before the request was read', () => {
  expect(timetable({ ...wanted, first: { kind: 'const', ms: 100 } }, 'a', 1_000, 1_500, () => 1)).toMatchObject({ headersDueAt: 1_500, firstTokenDueAt: 1_500 })
})
