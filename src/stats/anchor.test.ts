import { expect, test } from 'vitest'
import { message, run } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type AnchorChange, anchorOverRuns, anchorOverTurns } from './anchor.ts'

/** Three anchors of each round of a side, the middle one with that time. */
const anchors = (side: string, times: readonly (number | null)[], label = 'model'): MessageRecord[] => times.flatMap((ttft, index) =>
  [0.5, 1, 900].map((factor) => message({ side, round: index + 1, phase: 'anchor', part: 'anchor', label, ttft: ttft === null ? null : ttft * factor })))

const turns = (before: readonly (number | null)[], after: readonly (number | null)[], labels = ['model', 'model']): AnchorChange =>
  anchorOverTurns(run({ messages: [...anchors('before', before, labels[0]), ...anchors('after', after, labels[1])] }), 'before', 'after')
const alone = (side: string, times: readonly (number | null)[]): Run => run({ messages: anchors(side, times) })
const runs = (before: readonly (number | null)[], after: readonly (number | null)[]): AnchorChange =>
  anchorOverRuns({ run: alone('one', before), side: 'one' }, { run: alone('other', after), side: 'other' })

const steady = [100, 104, 98, 101, 103, 99]
const by = (factor: number): number[] => steady.map((time) => time * factor)

test.each([{ over: turns }, { over: runs }])('a model that went from 100 to 160 ms has moved, by the median of each round: $over.name', ({ over }) => {
  const change = over(steady, by(1.6))
  expect(change).toMatchObject({ kind: 'measured', asked: 'model', before: 100, moved: true })
  expect(change.kind === 'measured' && change.after).toBeCloseTo(160, 6)
})

test.each([{ over: turns }, { over: runs }])('one that is the same has not: $over.name', ({ over }) => {
  expect(over(steady, steady.toReversed())).toMatchObject({ kind: 'measured', moved: false })
})

test('pairs of visits see a drift that is in both; rounds of two runs do not', () => {
  const drifting = [100, 130, 170, 220, 290, 370]
  expect(turns(drifting, drifting.map((time) => time * 1.1))).toMatchObject({ moved: true })
  expect(runs(drifting, drifting.map((time) => time * 1.1))).toMatchObject({ moved: false })
})

test('one visit of six that is slower moves nothing', () => {
  expect(turns(steady, by(1).with(3, 300))).toMatchObject({ kind: 'measured', moved: false })
})

test('2 ms are nothing, whatever part of a loopback hello they are', () => {
  expect(turns(steady.map((time) => time / 50), steady.map((time) => time / 50 + 1.9))).toMatchObject({ moved: false })
  expect(turns(steady.map((time) => time / 50), steady.map((time) => time / 50 + 2.1))).toMatchObject({ moved: true })
})

test('five pairs tell nothing, and three rounds of a run', () => {
  expect(turns(steady.slice(1), steady.slice(1))).toEqual({ kind: 'few' })
  expect(runs(steady.slice(3), steady.slice(3))).toEqual({ kind: 'few' })
})

test('a model that did not answer half of a round has no ratio', () => {
  expect(turns(steady, [...steady.slice(1), null])).toEqual({ kind: 'silent', asked: 'model' })
})

test('nobody asked, or somebody else on each side: no anchor', () => {
  expect(turns([], [])).toEqual({ kind: 'none' })
  expect(turns(steady, [])).toEqual({ kind: 'none' })
  expect(turns(steady, steady, ['model', 'mock'])).toEqual({ kind: 'none' })
})

test('rounds that were thrown away are not asked', () => {
  const messages = [...anchors('before', steady), ...anchors('after', steady)].map((one) => (one.side === 'after' && one.round === 6 ? { ...one, attempt: 2 } : one))
  expect(anchorOverTurns(run({ messages, thrownAway: ['after/6/2'] }), 'before', 'after')).toEqual({ kind: 'few' })
})
