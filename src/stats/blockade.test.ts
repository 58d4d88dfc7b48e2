import { expect, test } from 'vitest'
import { blocker, message } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import { blockade, quietTime } from './blockade.ts'
import { earliest, ttft } from './ttft.ts'

const window = (blockers: MessageRecord[], probes: MessageRecord[] = []) => ({ phase: 'behindStory', probes, blockers, record: undefined })

test('a blocker blocks from its first token to its end', () => {
  expect(blockade(window([blocker({ dueAt: 900, ttft: 5, lasts: 2_000 })]), 1, 10, ttft)).toEqual({ kind: 'held', from: 905, to: 2_905 })
})

test('a buffered answer, whose first token comes at its end, blocks from a quiet time after it was sent', () => {
  expect(blockade(window([blocker({ dueAt: 900, sentAt: 902, ttft: 2_000, lasts: 0 })]), 1, 10, ttft)).toEqual({ kind: 'held', from: 912, to: 2_900 })
})

test('where the last byte sent is not known, its start stands for it', () => {
  expect(blockade(window([blocker({ dueAt: 900, startedAt: 901, sentAt: null, ttft: 2_000, lasts: 0 })]), 1, 10, ttft)).toMatchObject({ from: 911 })
})

test('several copies block from the last beginning to the first end', () => {
  const copies = [blocker({ ttft: 5, lasts: 2_000 }), blocker({ ttft: 8, lasts: 1_500 })]
  expect(blockade(window(copies), 2, 10, ttft)).toEqual({ kind: 'held', from: 908, to: 2_408 })
})

test('a blocker that failed, or was not said, blocks nobody', () => {
  const failed = blocker({ outcome: { kind: 'failed', code: 'truncated', detail: '', afterTokens: 50 } })
  expect(blockade(window([blocker(), failed]), 2, 10, ttft)).toEqual({ kind: 'failed', why: 'the blocker failed (truncated)' })
  expect(blockade(window([]), 1, 10, ttft)).toEqual({ kind: 'failed', why: 'no blocker was said' })
  expect(blockade(window([blocker()]), 2, 10, ttft)).toEqual({ kind: 'failed', why: 'only 1 of 2 blockers were said' })
})

test('its first token can be taken at its earliest', () => {
  expect(blockade(window([blocker({ dueAt: 900, ttft: 9, errorBound: 4 })]), 1, undefined, earliest)).toMatchObject({ from: 905 })
})

test('the quiet time is the median of both connection kinds', () => {
  expect(quietTime(window([], [10, 30, 20].map((time) => message({ ttft: time }))), ttft)).toBe(20)
  expect(quietTime(window([]), ttft)).toBeUndefined()
})
