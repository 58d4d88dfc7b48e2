import { expect, test } from 'vitest'
import type { Upstream } from '../sample/message.ts'
import { failed } from '../target/failure.ts'
import type { Answer, Utterance } from '../target/target.ts'
import { messageRecord, pageOutcome } from './records.ts'

const place = { side: 'after', round: 1, attempt: 1, phase: 'quiet', label: 'hello', part: 'probe' } as const
const utterance: Utterance = { id: 'a-1', text: 'Hello', mock: { tokens: 1, firstTokenAfter: 2, gap: 20 } }
const answer = (parts: Partial<Answer> = {}): Answer => ({
  connection: { id: 1, kind: 'warm', requestsBefore: 1, openedAt: 1 }, startedAt: 10, sentAt: 10.1, headersAt: 15, firstEventAt: 15, firstTokenAt: 15, firstVisibleAt: 15, endedAt: 16,
  stampError: 2, endStampError: 2, chunks: 1, coalesced: 0, gaps: [], sources: 0, text: '', usageTokens: null, outcome: { kind: 'answered' }, ...parts,
})

test('the error bound is how late the tester was, and how late the stamp may be', () => {
  expect(messageRecord(place, utterance, 7, answer(), null).errorBound).toBe(5)
  expect(messageRecord(place, utterance, 10, answer(), null).errorBound).toBe(2)
  expect(messageRecord(place, utterance, 11, answer(), null).errorBound).toBe(2)
})

test('instants are kept to the microsecond, absent ones stay absent', () => {
  expect(messageRecord(place, utterance, 7.123_456_7, answer({ firstTokenAt: null, sentAt: 10.000_04 }), null)).toMatchObject({ dueAt: 7.123, firstTokenAt: null, sentAt: 10 })
})

test('tokens are those that the mock numbered; else those that usage counts; else unknown', () => {
  const told = answer({ text: 'a-1.0', usageTokens: 7 })
  expect(messageRecord(place, utterance, 7, told, null).tokens).toBe(1)
  expect(messageRecord(place, { ...utterance, mock: undefined }, 7, told, null)).toMatchObject({ tokens: 7, integrity: null })
  expect(messageRecord(place, { ...utterance, mock: undefined }, 7, answer(), null).tokens).toBeNull()
})

test('a pause is a gap of more than a second and more than ten times the median', () => {
  const gapsOf = (gaps: number[]) => messageRecord(place, utterance, 7, answer({ gaps }), null).gaps
  expect(gapsOf([20, 20, 1_000, 1_001])).toEqual({ count: 4, max: 1_001, pauses: 1, coalesced: 0, p50: 20, p95: 1_001 })
  expect(gapsOf([200, 200, 200, 1_900, 2_001])).toEqual({ count: 5, max: 2_001, pauses: 1, coalesced: 0, p50: 200, p95: 2_001 })
  expect(gapsOf([])).toEqual({ count: 0, max: 0, pauses: 0, coalesced: 0 })
})

test('the quantiles of an answer are those of its own gaps, by rank', () => {
  const gaps = Array.from({ length: 100 }, (_, index) => (index * 37) % 100 + 1)
  expect(messageRecord(place, utterance, 7, answer({ gaps }), null).gaps).toMatchObject({ p50: 50, p95: 95, max: 100 })
})

test('a page that waited in vain for what the model has told to its end was not told; of anything else the outcome stays', () => {
  const upstream = (tokensWritten: number): Upstream => ({ receivedAt: 1, firstTokenDueAt: 2, firstTokenAt: 2, lastTokenAt: 2, clientGoneAt: null, socket: 1, requestsBefore: 0, tokensWritten, others: [] })
  const hung = failed('hung', 'nothing came for 30 s', 0)
  const of = (parts: Partial<Answer>, told: Upstream | null): string => {
    const outcome = pageOutcome(answer({ firstTokenAt: null, outcome: hung, ...parts }), utterance, told)
    return outcome.kind === 'failed' ? outcome.code : 'answered'
  }
  expect(of({}, upstream(1))).toBe('not-delivered')
  expect([of({}, upstream(0)), of({}, null), of({ firstTokenAt: 5 }, upstream(1)), of({ outcome: failed('error-event', 'x', 0) }, upstream(1)), of({ outcome: { kind: 'answered' } }, upstream(1))])
    .toEqual(['hung', 'hung', 'hung', 'error-event', 'answered'])
})
