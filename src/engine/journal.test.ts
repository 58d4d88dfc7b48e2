import { expect, test } from 'vitest'
import type { JournalEntry } from '../sample/journal.ts'
import { clockAgreement, inRunTime, upstreamOf } from './journal.ts'

const entry = (fields: Partial<JournalEntry>): JournalEntry => ({
  id: 'a-1', kind: 'chat', socket: 1, requestsBefore: 0, receivedAt: 1_000, firstTokenDueAt: 1_002, firstTokenAt: 1_003, lastTokenAt: 1_003, tokensWritten: 1, clientGoneAt: null, fault: null, faultAt: null, ...fields,
})

test('one clock is one whose offset is within half the fastest round trip', () => {
  const pings = [{ sentAt: 10, receivedAt: 20, modelAt: 5_018 }, { sentAt: 30, receivedAt: 30.4, modelAt: 5_030.3 }]
  expect(clockAgreement(pings, 5_000, true)).toMatchObject({ oneClock: true, bound: expect.closeTo(0.2), offset: expect.closeTo(0.1) })
  expect(clockAgreement(pings, 5_000, false).oneClock).toBe(false)
  expect(clockAgreement(pings, 4_990, true)).toMatchObject({ oneClock: false, offset: expect.closeTo(10.1) })
})

test('instants of the journal become run time, and another clock loses its offset too', () => {
  expect(inRunTime(entry({}), 900, { oneClock: true, offset: 0.1, bound: 0.2 })).toMatchObject({ receivedAt: 100, firstTokenAt: 103, clientGoneAt: null, faultAt: null })
  expect(inRunTime(entry({ fault: 'silence', faultAt: 1_001 }), 900, { oneClock: true, offset: 0.1, bound: 0.2 }).faultAt).toBe(101)
  expect(inRunTime(entry({}), 900, { oneClock: false, offset: 50, bound: 0.2 }).receivedAt).toBe(50)
})

test('of several upstream requests the one whose tokens came out is the message\'s, the others are listed', () => {
  const title = entry({ kind: 'title', receivedAt: 990 })
  const first = entry({ socket: 2, firstTokenAt: null, lastTokenAt: null, tokensWritten: 0 })
  const retry = entry({ socket: 3, receivedAt: 1_500, firstTokenAt: 1_503 })
  const upstream = upstreamOf([title, first, retry], 1_504)
  expect(upstream?.socket).toBe(3)
  expect(upstream?.others.map((other) => other.kind)).toEqual(['title', 'chat'])
  expect(upstreamOf([title], 1_504)).toBeNull()
  expect(upstreamOf([], null)).toBeNull()
})

test('tokens that were written after the first token was seen are another request\'s', () => {
  const early = entry({ socket: 4, firstTokenAt: 1_000 })
  const late = entry({ socket: 5, firstTokenAt: 2_000 })
  expect(upstreamOf([early, late], 1_001)?.socket).toBe(4)
})

test('of a message that was asked again after each failure the first failure counts: from then on the person waits', () => {
  const tries = [1_000, 3_000, 5_000].map((receivedAt) => entry({ receivedAt, firstTokenAt: null, lastTokenAt: null, tokensWritten: 0, fault: 'silence@headers', faultAt: receivedAt }))
  expect(upstreamOf(tries, null)).toMatchObject({ receivedAt: 5_000, fault: 'silence@headers', faultAt: 1_000 })
})
