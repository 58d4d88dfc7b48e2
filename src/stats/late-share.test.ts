import { expect, test } from 'vitest'
import { blocker, message, probes, run } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { Statistic } from '../scenario/spec.ts'
import { type FirstVisibleClaim, lateShare } from './late-share.ts'

const claim = (statistic: Statistic = 'p95', during = ['behindStory']): FirstVisibleClaim => ({ measure: 'firstVisible', message: 'hello', during, statistic, unit: 'ms', bounds: { pass: 1_000, fail: 3_000 } })
const of = (messages: readonly MessageRecord[], statistic: Statistic = 'p95', bound = 1_000) => lateShare(run({ messages }), 'after', claim(statistic), 'measured', bound)
/** 1, 2, … 100 ms. */
const hundred = probes({ phase: 'behindStory', perKind: 50, every: 1, ttft: (index) => index + 1 })

test('a message exactly at the bound is late, one a thousandth before it is not', () => {
  expect(of(probes({ phase: 'behindStory', ttft: 1_000 })).events).toBe(8)
  expect(of(probes({ phase: 'behindStory', ttft: 999.999 })).events).toBe(0)
})

test.each([['p50', 50], ['p90', 90], ['p95', 95], ['p99', 99]] as const)('the value of %s is that rank: %d ms of 1 to 100', (statistic, expected) => {
  expect(of(hundred, statistic)).toMatchObject({ value: expected, n: 100 })
})

test('p95 is below a bound exactly if the share at or above it is below 5 %', () => {
  for (const bound of [90, 94, 95, 96, 97, 100, 101]) {
    const seen = of(hundred, 'p95', bound)
    expect((seen.value ?? NaN) < bound).toBe(seen.events / seen.n <= 0.05)
  }
})

test('a message without a visible word is late, counted, and ranks last', () => {
  const silent = probes({ phase: 'behindStory', ttft: (index) => (index === 0 ? null : 10) })
  expect(of(silent)).toMatchObject({ events: 1, n: 8, censored: 1, value: Infinity })
  expect(of(silent, 'p50').value).toBe(10)
})

test('what a person reads counts, not the reasoning before it', () => {
  expect(of([message({ phase: 'behindStory', dueAt: 0, firstTokenAt: 10, firstVisibleAt: 2_000 })])).toMatchObject({ events: 1, value: 2_000 })
})

test('only what the claim names is counted: its message, its phases, probes, by round', () => {
  const seen = of([
    ...probes({ round: 1, phase: 'behindStory', ttft: (index) => (index < 3 ? 1_500 : 10) }), ...probes({ round: 2, phase: 'behindStory' }),
    ...probes({ round: 1, ttft: 5_000 }), ...probes({ round: 1, phase: 'behindSaga', ttft: 5_000 }), blocker({ ttft: 5_000 }), message({ phase: 'behindStory', label: 'story', ttft: 5_000 }),
  ])
  expect(seen).toMatchObject({ events: 3, n: 16, rounds: [{ events: 3, n: 8 }, { events: 0, n: 8 }] })
  expect(lateShare(run({ messages: [...probes({ phase: 'behindStory' }), ...probes({ phase: 'behindSaga' })] }), 'after', claim('p95', ['behindStory', 'behindSaga']), 'measured', 5)).toMatchObject({ n: 16, rounds: [{ n: 16 }] })
})

test('the times are there in order, for limits in ms', () => {
  expect(of([message({ phase: 'behindStory', ttft: null }), message({ phase: 'behindStory', ttft: 100 }), message({ phase: 'behindStory', ttft: 20 })]).times).toEqual([20, 100, Infinity])
})

test('nothing said is no value', () => {
  expect(of([])).toEqual({ events: 0, n: 0, rounds: [], value: undefined, censored: 0, times: [] })
})

test('only against a fail is a time taken at its earliest', () => {
  const said = run({ messages: probes({ phase: 'behindStory', ttft: 1_003, errorBound: 5 }) })
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => lateShare(said, 'after', claim(), view, 1_000).events)).toEqual([8, 8, 0])
})
