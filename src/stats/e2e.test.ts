import { expect, test } from 'vitest'
import { message } from '../../test/fixtures/run.ts'
import { helloInQuiet, valuesOf } from '../../test/fixtures/series.ts'
import { e2eTimes } from './e2e.ts'

const failed = { kind: 'failed', code: 'truncated', detail: '', afterTokens: 3 } as const

test.each([
  ['from when it was due to its end', message({ dueAt: 100, startedAt: 140, endedAt: 1_100 }), [1_000, 1_000, 1_000]],
  ['the stamp of the end may be late by its own bound', message({ dueAt: 0, endedAt: 1_000, errorBound: 30, endErrorBound: 4 }), [1_000, 1_000, 996]],
  ['in older files by that of the first token', message({ dueAt: 0, endedAt: 1_000, errorBound: 30 }), [1_000, 1_000, 970]],
  ['never less than nothing', message({ dueAt: 0, endedAt: 3, endErrorBound: 10 }), [3, 3, 0]],
  ['one that failed after a while is no answer', message({ dueAt: 0, endedAt: 5, outcome: failed }), [Infinity, Infinity, Infinity]],
])('%s', (_, said, expected) => {
  expect(valuesOf(said, () => e2eTimes(helloInQuiet))).toEqual(expected)
})
