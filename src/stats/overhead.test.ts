import { expect, test } from 'vitest'
import { message, type MessageParts, run } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { OverheadClaim } from '../scenario/spec.ts'
import { overhead } from './overhead.ts'
import type { View } from './ttft.ts'

const claim: OverheadClaim = { measure: 'overhead', of: 'first token', message: 'chat', through: 'through', direct: 'direct', statistic: 'p50', unit: 'ms', bounds: { pass: 10, fail: 10 } }
const gaps: OverheadClaim = { ...claim, of: 'gap', statistic: 'p95' }
const user = (phase: string, parts: MessageParts = {}): MessageRecord => message({ phase, part: 'user', label: 'chat', ...parts })
const times = (phase: string, round: number, list: readonly (number | null)[]): MessageRecord[] => list.map((ttft) => user(phase, { round, ttft }))
const of = (messages: readonly MessageRecord[], what = claim, view: View = 'measured') => overhead(run({ messages }), 'after', what, view)
const views = (messages: readonly MessageRecord[], what = claim): number[] => (['measured', 'against-pass', 'against-fail'] as const).flatMap((view) => of(messages, what, view).perRound.map(({ added }) => added))

test('of each round the quantile through the system less the same of the model directly', () => {
  expect(of([...times('through', 1, [30, 10, 20]), ...times('direct', 1, [6, 4, 5])]).perRound).toEqual([{ round: 1, added: 15 }])
  expect(of([...times('through', 1, [30, 10, 20]), ...times('direct', 1, [6, 4, 5])], { ...claim, statistic: 'p95' }).perRound).toEqual([{ round: 1, added: 24 }])
})

test('over rounds the middle of them, with the exact interval from six on', () => {
  const rounds = (count: number) => Array.from({ length: count }, (_, index) => [...times('through', index + 1, [10 + index]), ...times('direct', index + 1, [5])]).flat()
  expect(of(rounds(6))).toMatchObject({ estimate: 7.5, interval: { low: 5, high: 10 } })
  expect(of(rounds(5))).toMatchObject({ estimate: 7, interval: undefined })
})

test('rounds in which the phases were not walked are no rounds, those in which the model did not answer are void', () => {
  const said = [...times('through', 1, [10]), ...times('direct', 1, [5]), ...times('through', 2, [10]), ...times('direct', 2, [null]), ...times('through', 3, [10]), message({ round: 4 })]
  expect(of(said)).toMatchObject({ perRound: [{ round: 1, added: 5 }], voidRounds: 1 })
})

test('answers that never come through the system rank above all', () => {
  expect(of([...times('through', 1, [null, null, 10]), ...times('direct', 1, [5, 5, 5])]).perRound).toEqual([{ round: 1, added: Infinity }])
})

test('what was said directly may be kept as an anchor', () => {
  expect(of([user('through', { ttft: 10 }), user('direct', { part: 'anchor', ttft: 4 })]).perRound).toEqual([{ round: 1, added: 6 }])
})

test('through is late by its bound against a fail, directly against a pass', () => {
  const said = [user('through', { ttft: 30, errorBound: 3 }), user('direct', { ttft: 10, errorBound: 2 })]
  expect(views(said)).toEqual([20, 22, 17])
})

const told = (phase: string, p95: number, parts: MessageParts = {}): MessageRecord => user(phase, { ...parts, gaps: { count: 9, max: 40, pauses: 0, p50: 20, p95 } })

test('of gaps the answers’ own quantile, of a round the median answer’s', () => {
  const said = [told('through', 22), told('through', 24), told('through', 90), told('direct', 20), told('direct', 20), told('direct', 21)]
  expect(of(said, gaps).perRound).toEqual([{ round: 1, added: 4 }])
  expect(of(said, { ...gaps, statistic: 'p50' }).perRound).toEqual([{ round: 1, added: 0 }])
})

test('an answer without a gap says nothing of gaps, one that failed ranks above all', () => {
  const failed = { outcome: { kind: 'failed', code: 'truncated', detail: '', afterTokens: 3 } } as const
  expect(of([user('through'), told('through', 24), told('direct', 20)], gaps).perRound).toEqual([{ round: 1, added: 4 }])
  expect(of([user('through'), told('direct', 20)], gaps)).toMatchObject({ perRound: [], voidRounds: 1 })
  expect(of([told('through', 24, failed), told('direct', 20)], gaps).perRound).toEqual([{ round: 1, added: Infinity }])
})

test('a gap may be wrong by one stamp’s error, the slip not counted', () => {
  const said = [told('through', 30, { dueAt: 0, startedAt: 10, errorBound: 13 }), told('direct', 20, { errorBound: 2 })]
  expect(views(said, gaps)).toEqual([10, 12, 7])
})

test('rounds whose answers came in bursts through the system alone are counted', () => {
  const burst = (phase: string, coalesced: number, round = 1): MessageRecord => user(phase, { round, gaps: { count: 9, max: 40, pauses: 0, p50: 0.4, p95: 1, coalesced } })
  expect(of([burst('through', 8), burst('direct', 0), burst('through', 4, 2), burst('direct', 0, 2), burst('through', 8, 3), burst('direct', 7, 3)], gaps).burstRounds).toBe(1)
  expect(of([burst('through', 8), burst('through', 8), burst('through', 0), burst('direct', 0)], gaps).burstRounds).toBe(1)
  expect(of([burst('through', 8), burst('direct', 0)]).burstRounds).toBe(0)
})
