import { expect, test } from 'vitest'
import { message, run, type RunParts } from '../../test/fixtures/run.ts'
import { helloInQuiet, threeViews, valuesOf } from '../../test/fixtures/series.ts'
import { through, type ThroughParts } from '../../test/fixtures/upstream.ts'
import type { MessageRecord } from '../sample/message.ts'
import { connectionCost } from './connection-cost.ts'

const cost = (of: Parameters<typeof connectionCost>[0]) => connectionCost(of, 'after', helloInQuiet)
const opening = (wayIn: number, parts: ThroughParts = {}): MessageRecord => through({ ...parts, wayIn, upstream: { requestsBefore: 0, ...parts.upstream } })
const views = (messages: readonly MessageRecord[], parts: Omit<RunParts, 'messages'> = {}) => {
  const of = run({ ...parts, messages })
  return threeViews(of, cost(of))
}

test.each([
  ['a connection that was open costs nothing, however long the way', through({ wayIn: 900 }), [0, 0, 0]],
  ['where none was ever open it is the whole way in', opening(301), [301, 301, 301]],
  ['from the tester’s call on: its slip is its own', opening(301, { dueAt: 0, startedAt: 50, errorBound: 60 }), [301, 301, 301]],
  ['one that failed at the model had its connection', opening(301, { ttft: null }), [301, 301, 301]],
  ['one that failed and never reached the model', message({ ttft: null }), [Infinity, Infinity, Infinity]],
  ['answered, and the journal does not know of it', message(), []],
  ['the mock that read late is not the stack', opening(301, { upstream: { firstTokenDueAt: 286 } }), [301, 301, 281]],
])('%s', (_, said, expected) => {
  expect(valuesOf(said, cost)).toEqual(expected)
})

test('of a new connection the median way in over open ones is none of its cost', () => {
  const open = [2, 4, 90].map((wayIn) => through({ wayIn }))
  expect(views([...open, opening(34), opening(3)])).toEqual([[0, 0, 0, 30, 0], [0, 0, 0, 30, 0], [0, 0, 0, 30, 0]])
})

test('against a pass the usual way in is the shortest that it can have been', () => {
  // Its first token was written 3 ms late: so may its request have been read.
  const open = through({ wayIn: 4, upstream: { firstTokenDueAt: 6 } })
  expect(views([open, opening(34)])).toEqual([[0, 30], [0, 33], [0, 30]])
})

test('against a fail the tester did not stand still for nothing', () => {
  const blocks = [{ type: 'block' as const, at: 60, lasted: 50 }, { type: 'block' as const, at: 900, lasted: 50 }]
  expect(views([opening(100)], { blocks })).toEqual([[100], [100], [50]])
})

test('rounds in which tester and mock do not share a clock say nothing; where all are such it is a problem', () => {
  const clock = (oneClock: boolean) => ({ oneClock, offset: 900, bound: 0.1, drift: 0 })
  const said = run({ messages: [opening(301, { round: 1 }), opening(301, { round: 2 })] })
  const mixed = { ...said, rounds: said.rounds.map((round, index) => ({ ...round, clock: index === 0 ? clock(true) : clock(false) })) }
  expect(threeViews(mixed, cost(mixed))[0]).toEqual([301])
  expect(cost(mixed).problem).toBeUndefined()
  expect(cost({ ...said, rounds: said.rounds.map((round) => ({ ...round, clock: clock(false) })) }).problem).toContain('another clock')
})
