import { expect, test } from 'vitest'
import { message, run } from '../../test/fixtures/run.ts'
import { threeViews } from '../../test/fixtures/series.ts'
import type { ObservationRecord } from '../sample/run-file.ts'
import { lookTimes } from './look-time.ts'

const look = (parts: Partial<ObservationRecord> = {}): ObservationRecord => ({
  type: 'observation', side: 'after', round: 1, attempt: 1, phase: 'quiet', what: 'health', dueAt: 100, startedAt: 100, endedAt: 103, status: 200, failure: null, errorBound: 0, ...parts,
})
const times = (observations: readonly ObservationRecord[], thrownAway: readonly string[] = [], during?: readonly string[]) =>
  threeViews(run({ messages: [message(), message({ round: 2 })], observations, thrownAway }), lookTimes('health', during))

test('from due to the end of its answer; only against a fail less its error bound, never less than nothing', () => {
  expect(times([look({ startedAt: 150, endedAt: 160, errorBound: 52 }), look({ errorBound: 9 })])).toEqual([[60, 3], [60, 3], [8, 0]])
})

test('no good answer ranks above all', () => {
  expect(times([look({ failure: '500', status: 500 }), look({ failure: 'time-out', status: null })])).toEqual([[Infinity, Infinity], [Infinity, Infinity], [Infinity, Infinity]])
})

test('phases taken together, other looks and thrown-away rounds left out', () => {
  const [measured] = times([look({ endedAt: 101 }), look({ phase: 'behindStory', endedAt: 102 }), look({ what: 'database', endedAt: 900 }), look({ what: 'model', endedAt: 900 }), look({ round: 2, endedAt: 900 })], ['after/2/1'])
  expect(measured).toEqual([1, 2])
})

test('of named phases their own: what is quick while nobody asks for anything says nothing of what goes on meanwhile', () => {
  const observations = [look({ endedAt: 101 }), look({ phase: 'behindStory', endedAt: 900 }), look({ phase: 'behindSaga', endedAt: 1_000 })]
  expect(times(observations, [], ['behindStory'])[0]).toEqual([800])
  expect(times(observations, [], ['behindStory', 'behindSaga'])[0]).toEqual([800, 900])
  expect(times(observations, [], ['neverWalked'])[0]).toEqual([])
})

test('of the looks at the database their own', () => {
  const observations = [look(), look({ what: 'database', endedAt: 900 })]
  expect(threeViews(run({ messages: [message()], observations }), lookTimes('database'))[0]).toEqual([800])
})
