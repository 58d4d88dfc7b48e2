import { expect, test } from 'vitest'
import { message, run } from '../../test/fixtures/run.ts'
import { helloInQuiet, valuesOf } from '../../test/fixtures/series.ts'
import { through } from '../../test/fixtures/upstream.ts'
import { addedToFirstToken } from './added-to-first-token.ts'

const added = (of: Parameters<typeof addedToFirstToken>[0]) => addedToFirstToken(of, 'after', helloInQuiet)
const failed = { kind: 'failed', code: 'reset-mid-stream', detail: '', afterTokens: 3 } as const

test.each([
  ['what is left of the time to the first token without the model’s own', through({ ttft: 10, modelTime: 5 }), [5, 5, 5]],
  ['the tester’s slip is in it, and in the error bound', through({ dueAt: 0, startedAt: 40, ttft: 60, modelTime: 5, errorBound: 42 }), [55, 55, 13]],
  ['a slow model adds nothing', through({ ttft: 3_010, modelTime: 3_000, upstream: {} }), [10, 10, 10]],
  ['the model’s lateness is its own', through({ ttft: 110, modelTime: 100, upstream: { firstTokenDueAt: 6 } }), [10, 10, 10]],
  ['never less than nothing', through({ ttft: 10, modelTime: 5, errorBound: 8 }), [5, 5, 0]],
  ['no first token came', through({ ttft: null }), [Infinity, Infinity, Infinity]],
  ['it failed after its first token', through({ outcome: failed }), [Infinity, Infinity, Infinity]],
  ['it failed and never reached the model', message({ ttft: null }), [Infinity, Infinity, Infinity]],
  ['answered, and the journal does not know of it', message(), []],
  ['the journal has no first token of it', through({ modelTime: null }), []],
  ['a gateway’s own word before the model’s is none of the model’s', through({ firstTokenAt: 3, firstVisibleAt: 105, modelTime: 50, wayIn: 50 }), [55, 55, 55]],
  ['nor is one after which nothing came', through({ firstTokenAt: 3, firstVisibleAt: null, modelTime: 50 }), [Infinity, Infinity, Infinity]],
  ['a model that thinks first has its first token when it thinks', through({ firstTokenAt: 10, firstVisibleAt: 900, modelTime: 5 }), [5, 5, 5]],
])('%s', (_, said, expected) => {
  expect(valuesOf(said, added)).toEqual(expected)
})

test('two clocks are as good as one: only differences on the same clock are taken', () => {
  const elsewhere = through({ ttft: 10, modelTime: 5, wayIn: -4_000 })
  expect(valuesOf(elsewhere, added)).toEqual([5, 5, 5])
})

test('what the journal does not know is a problem from more than 1 % on', () => {
  const of = (unknown: number) => added(run({ messages: Array.from({ length: 100 }, (_, index) => (index < unknown ? message() : through())) })).problem
  expect([of(1), of(2)]).toEqual([undefined, expect.stringContaining('2 of 100')])
})
