import { expect, test } from 'vitest'
import { message, run } from '../../test/fixtures/run.ts'
import { helloInQuiet, valuesOf } from '../../test/fixtures/series.ts'
import { streamed, through } from '../../test/fixtures/upstream.ts'
import type { MessageRecord } from '../sample/message.ts'
import { coalescedShare } from './coalesced-share.ts'

const share = (of: Parameters<typeof coalescedShare>[0]) => coalescedShare(of, 'after', helloInQuiet)
const block = (at: number, lasted: number) => ({ type: 'block' as const, at, lasted })
const inOnePiece = (tokens: number, chunks: number): MessageRecord => ({ ...streamed(tokens, 0), chunks, gaps: { count: chunks - 1, max: 20, pauses: 0, coalesced: 0 } })
const cut = { kind: 'failed', code: 'truncated', detail: '', afterTokens: 3 } as const

test.each([
  ['none came together', streamed(11, 0), [0, 0, 0]],
  ['half of them', streamed(11, 5), [0.5, 0.5, 0.5]],
  ['all of them', streamed(11, 10), [1, 1, 1]],
  ['several tokens in each chunk came together too', inOnePiece(101, 11), [0.9, 0.9, 0.9]],
  ['a whole answer in one chunk', inOnePiece(101, 1), [1, 1, 1]],
  ['without numbered tokens each chunk is one', { ...streamed(11, 5), integrity: null }, [0.5, 0.5, 0.5]],
  ['one token has nothing to come together with', streamed(1, 0), []],
  ['an answer that failed', { ...streamed(11, 5), outcome: cut }, []],
  ['the journal does not know of it', { ...streamed(11, 5), upstream: null }, []],
  ['an older file does not count them', { ...streamed(11, 5), gaps: { count: 10, max: 20, pauses: 0 } }, []],
])('%s', (_, said, expected) => {
  expect(valuesOf(said, share)).toEqual(expected)
})

test.each([
  // The answer is told from 10 to 210 ms.
  ['before it', block(9, 30), [0.5, 0.5, 0.5]],
  ['behind it', block(260, 40), [0.5, 0.5, 0.5]],
  ['in it', block(100, 25), [0.5, 0.6, 0]],
  ['over its beginning', block(20, 25), [0.5, 0.6, 0]],
])('a pause of the tester %s', (_, pause, expected) => {
  expect(valuesOf(streamed(11, 5), share, { blocks: [pause] })).toEqual(expected)
})

test.each([
  ['stamps that may be nearly a gap late', { errorBound: 19 }, 0],
  ['stamps that are not', { errorBound: 18 }, 0.5],
  ['the slip moves no stamp', { dueAt: 0, startedAt: 40, ttft: 50, errorBound: 58 }, 0.5],
  ['the stamp of the end counts as well', { errorBound: 2, endErrorBound: 19 }, 0],
  ['a mock that writes late', { errorBound: 2, upstream: { firstTokenDueAt: -11 } }, 0],
])('against a fail: %s', (_, parts, expected) => {
  expect(valuesOf(streamed(11, 5, parts), share)).toEqual([0.5, 0.5, expected])
})

test('a model that sends all its tokens at once is not the stack’s burst', () => {
  const said = streamed(11, 10)
  expect(valuesOf({ ...said, upstream: said.upstream === null ? null : { ...said.upstream, lastTokenAt: said.upstream.firstTokenAt } }, share)).toEqual([1, 1, 0])
})

test('without the journal of a mock it is a problem', () => {
  expect(share(run({ messages: [{ ...streamed(11, 5), upstream: null }] })).problem).toContain('1 of 1')
  expect(share(run({ messages: [message(), through()] })).problem).toBeUndefined()
})
