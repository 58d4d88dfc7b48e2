import { expect, test } from 'vitest'
import { blocker, concurrent, message } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import { blockade, blockingOf, quietTime } from './blockade.ts'
import { earliest, ttft } from './ttft.ts'

const blocks = (copies: number, untilFirstToken = false) => ({ copies, untilFirstToken })
const window = (blockers: MessageRecord[], probes: MessageRecord[] = []) => ({ phase: 'behindStory', probes, blockers, record: undefined })

test('a blocker blocks from its first token to its end', () => {
  expect(blockade(window([blocker({ dueAt: 900, ttft: 5, lasts: 2_000 })]), blocks(1), 10, ttft)).toEqual({ kind: 'held', from: 905, to: 2_905 })
})

test('a buffered answer, whose first token comes at its end, blocks from a quiet time after it was sent', () => {
  expect(blockade(window([blocker({ dueAt: 900, sentAt: 902, ttft: 2_000, lasts: 0 })]), blocks(1), 10, ttft)).toEqual({ kind: 'held', from: 912, to: 2_900 })
})

test('where the last byte sent is not known, its start stands for it', () => {
  expect(blockade(window([blocker({ dueAt: 900, startedAt: 901, sentAt: null, ttft: 2_000, lasts: 0 })]), blocks(1), 10, ttft)).toMatchObject({ from: 911 })
})

test('several copies block from the last beginning to the first end', () => {
  const copies = [blocker({ ttft: 5, lasts: 2_000 }), blocker({ ttft: 8, lasts: 1_500 })]
  expect(blockade(window(copies), blocks(2), 10, ttft)).toEqual({ kind: 'held', from: 908, to: 2_408 })
})

test('a blocker that failed, or was not said, blocks nobody', () => {
  const failed = blocker({ outcome: { kind: 'failed', code: 'truncated', detail: '', afterTokens: 50 } })
  expect(blockade(window([blocker(), failed]), blocks(2), 10, ttft)).toEqual({ kind: 'failed', why: 'the blocker failed (truncated)' })
  expect(blockade(window([]), blocks(1), 10, ttft)).toEqual({ kind: 'failed', why: 'no blocker was said' })
  expect(blockade(window([blocker()]), blocks(2), 10, ttft)).toEqual({ kind: 'failed', why: 'only 1 of 2 blockers were said' })
})

test('its first token can be taken at its earliest', () => {
  expect(blockade(window([blocker({ dueAt: 900, ttft: 9, errorBound: 4 })]), blocks(1), undefined, earliest)).toMatchObject({ from: 905 })
})

test('the quiet time is the median of both connection kinds', () => {
  expect(quietTime(window([], [10, 30, 20].map((time) => message({ ttft: time }))), ttft)).toBe(20)
  expect(quietTime(window([]), ttft)).toBeUndefined()
})

const search = (parts: Parameters<typeof blocker>[0] = {}): MessageRecord => blocker({ dueAt: 900, sentAt: 901, ttft: 1_500, lasts: 400, sources: 3, ...parts })

test('a search blocks from a quiet time after it was sent until its first token: it tells its answer like any other', () => {
  expect(blockade(window([search()]), blocks(1, true), 10, ttft)).toEqual({ kind: 'held', from: 911, to: 2_400 })
  expect(blockade(window([search(), search({ ttft: 1_200 })]), blocks(2, true), 10, ttft)).toMatchObject({ to: 2_100 })
  expect(blockade(window([search()]), blocks(1), 10, ttft)).toMatchObject({ to: 2_800 })
})

test('a search that brought no sources may never have searched, and blocks nobody', () => {
  const { sources: _, ...unsearched } = search()
  for (const none of [search({ sources: 0 }), unsearched]) expect(blockade(window([none]), blocks(1, true), 10, ttft)).toMatchObject({ kind: 'unsearched', why: expect.stringContaining('no sources') })
})

test('a search that began when the model had been asked blocks nobody', () => {
  const searchedAt = (receivedAt: number): MessageRecord => search({ upstream: { ...blocker().upstream, receivedAt: 950, others: [{ kind: 'search', receivedAt, tokensWritten: 0 }] } as MessageRecord['upstream'] })
  expect(blockade(window([searchedAt(960)]), blocks(1, true), 10, ttft)).toMatchObject({ kind: 'unsearched', why: expect.stringContaining('after the question to the model') })
  expect(blockade(window([searchedAt(940)]), blocks(1, true), 10, ttft)).toMatchObject({ kind: 'held' })
})

test('the scenario says how a phase blocks', () => {
  const scenario = { ...concurrent, messages: { ...concurrent.messages, saga: { text: 'Search', search: true as const, mock: { tokens: 5, firstTokenAfter: 2, gap: 20 } } } }
  expect(['quiet', 'behindStory', 'behindSaga', 'nowhere'].map((phase) => blockingOf(scenario, phase))).toEqual([blocks(0), blocks(1), blocks(1, true), blocks(0)])
})
