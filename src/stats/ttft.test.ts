import { expect, test } from 'vitest'
import { message } from '../../test/fixtures/run.ts'
import type { Upstream } from '../sample/message.ts'
import { earliest, firstVisible, isEvidence, judgedTime, referenceTime, ttft } from './ttft.ts'

const upstream = (parts: Partial<Upstream>): Upstream => ({
  receivedAt: 101, firstTokenDueAt: 103, firstTokenAt: 103, lastTokenAt: 103, clientGoneAt: null, socket: 1, requestsBefore: 0, tokensWritten: 1, others: [], ...parts,
})

test('the time counts from the instant the plan wanted it said, not from when it was sent', () => {
  const late = message({ dueAt: 100, startedAt: 140, firstTokenAt: 150, firstVisibleAt: 170 })
  expect(ttft(late)).toBe(50)
  expect(firstVisible(late)).toBe(70)
})

test('a message without a first token, or without a visible word, took for ever', () => {
  expect(ttft(message({ ttft: null }))).toBe(Infinity)
  expect(firstVisible(message({ firstVisibleAt: null }))).toBe(Infinity)
  expect(ttft(message({ firstVisibleAt: null }))).toBe(10)
})

test('a message that failed after its first word took for ever too: an error that came fast is no fast answer', () => {
  const broken = message({ dueAt: 100, ttft: 5, outcome: { kind: 'failed', code: 'error-event', detail: '', afterTokens: 1 } })
  expect([ttft(broken), firstVisible(broken), earliest(broken)]).toEqual([Infinity, Infinity, Infinity])
})

test('the earliest time is less the error bound and less the lateness of the mock', () => {
  expect(earliest(message({ dueAt: 100, ttft: 30, errorBound: 4 }))).toBe(26)
  expect(earliest(message({ dueAt: 100, ttft: 30, errorBound: 4, upstream: upstream({ firstTokenDueAt: 103, firstTokenAt: 110 }) }))).toBe(19)
  expect(earliest(message({ dueAt: 100, ttft: 30, errorBound: 4, upstream: upstream({ firstTokenDueAt: null, firstTokenAt: 110 }) }))).toBe(26)
})

test('a mock that stamps itself early makes no answer later', () => {
  expect(earliest(message({ dueAt: 100, ttft: 30, upstream: upstream({ firstTokenDueAt: 110, firstTokenAt: 109 }) }))).toBe(30)
})

test('no time is below 0, and none that never came becomes finite', () => {
  expect(earliest(message({ ttft: 3, errorBound: 5 }))).toBe(0)
  expect(earliest(message({ ttft: null, errorBound: 5 }))).toBe(Infinity)
})

test('a pass is made hardest by what is judged as measured against what is compared at its earliest', () => {
  const record = message({ ttft: 30, errorBound: 4 })
  expect([judgedTime(record, 'measured'), referenceTime(record, 'measured')]).toEqual([30, 30])
  expect([judgedTime(record, 'against-pass'), referenceTime(record, 'against-pass')]).toEqual([30, 26])
  expect([judgedTime(record, 'against-fail'), referenceTime(record, 'against-fail')]).toEqual([26, 30])
})

test('the moved time is of the instant asked for', () => {
  const thinking = message({ dueAt: 0, ttft: 30, firstVisibleAt: 90, errorBound: 4 })
  expect(judgedTime(thinking, 'against-fail', firstVisible)).toBe(86)
  expect(referenceTime(thinking, 'against-pass', firstVisible)).toBe(86)
})

test('every message is evidence but those that the tester broke off', () => {
  expect(isEvidence(message())).toBe(true)
  expect(isEvidence(message({ ttft: null, outcome: { kind: 'failed', code: 'hung', detail: '', afterTokens: 0 } }))).toBe(true)
  expect(isEvidence(message({ ttft: null, outcome: { kind: 'failed', code: 'cancelled', detail: '', afterTokens: 0 } }))).toBe(false)
})
