import { expect, test } from 'vitest'
import { blocker, message, probes, run } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { Statistic } from '../scenario/spec.ts'
import { firstVisibleTimes } from './first-visible.ts'
import { type LateShare, lateShare } from './late-share.ts'
import type { View } from './ttft.ts'
import { sideRounds } from './windows.ts'

interface Asked {
  readonly statistic?: Statistic
  readonly bound?: number
  readonly during?: readonly string[]
  readonly view?: View
  readonly label?: string
}

function shareOf(messages: readonly MessageRecord[], { statistic = 'p95', bound = 1_000, during = ['behindStory'], view = 'measured', label = 'hello' }: Asked = {}): LateShare {
  const { values } = firstVisibleTimes({ message: label, during })
  return lateShare(sideRounds(run({ messages }), 'after').map((round) => values(round, view)), { statistic, bound, atBound: 'late' })
}
const of = (messages: readonly MessageRecord[], statistic: Statistic = 'p95', bound = 1_000): LateShare => shareOf(messages, { statistic, bound })
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

test('only what the claim names is counted: its message, its phases, by round', () => {
  const seen = of([
    ...probes({ round: 1, phase: 'behindStory', ttft: (index) => (index < 3 ? 1_500 : 10) }), ...probes({ round: 2, phase: 'behindStory' }),
    ...probes({ round: 1, ttft: 5_000 }), ...probes({ round: 1, phase: 'behindSaga', ttft: 5_000 }), blocker({ ttft: 5_000 }), message({ phase: 'behindStory', label: 'story', ttft: 5_000 }),
  ])
  expect(seen).toMatchObject({ events: 3, n: 16, rounds: [{ events: 3, n: 8 }, { events: 0, n: 8 }] })
  expect(shareOf([...probes({ phase: 'behindStory' }), ...probes({ phase: 'behindSaga' })], { during: ['behindStory', 'behindSaga'], bound: 5 })).toMatchObject({ n: 16, rounds: [{ n: 16 }] })
})

test('the times are there in order, for limits in ms', () => {
  expect(of([message({ phase: 'behindStory', ttft: null }), message({ phase: 'behindStory', ttft: 100 }), message({ phase: 'behindStory', ttft: 20 })]).times).toEqual([20, 100, Infinity])
})

test('nothing said is no value', () => {
  expect(of([])).toEqual({ events: 0, n: 0, rounds: [], value: undefined, censored: 0, times: [] })
})

test('only against a fail is a time taken at its earliest', () => {
  const said = probes({ phase: 'behindStory', ttft: 1_003, errorBound: 5 })
  expect((['measured', 'against-pass', 'against-fail'] as const).map((view) => shareOf(said, { view }).events)).toEqual([8, 8, 0])
})

test('what blocks and what is said at once count too, under their label; what the tester broke off, or asked the model itself, does not', () => {
  const cancelled = { outcome: { kind: 'failed', code: 'cancelled', detail: '', afterTokens: 3 } } as const
  const users = [message({ phase: 'behindStory', part: 'user', label: 'story', ttft: 2_000 }), message({ phase: 'behindStory', part: 'user', label: 'story', ...cancelled }), message({ phase: 'behindStory', part: 'anchor', label: 'story' })]
  expect(shareOf([blocker(), ...users], { label: 'story' })).toMatchObject({ n: 2, events: 1, times: [5, 2_000] })
})

test('where a value at the bound is allowed, only what is above it is beyond it', () => {
  const at = (atBound: 'late' | 'allowed'): number => lateShare([[0, 0, 0.2, 0.3]], { statistic: 'p50', bound: 0.2, atBound }).events
  expect([at('late'), at('allowed')]).toEqual([2, 1])
})
