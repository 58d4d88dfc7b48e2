import { expect, test } from 'vitest'
import { batchRun, failed, failure, inRounds, leaver, user } from '../../test/fixtures/batches.ts'
import { roundMessages, roundsRun } from '../../test/fixtures/rounds.ts'
import { message, run } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import { endedAsAsked, episodesOf, meantWhole, said } from './said.ts'

const count = (messages: readonly MessageRecord[], thrownAway: readonly string[] = []): number => said(run({ messages, thrownAway }), 'after').length

test('probes, blockers and users of a side are its messages; warm-up and what went to the model directly are not', () => {
  expect(count([message(), message({ part: 'blocker' }), user(), message({ part: 'warm-up' }), message({ part: 'anchor' }), message({ side: 'before' })])).toBe(3)
  const direct = batchRun([user(), user({ phase: 'direct' })], {}, { scenario: { phases: { crowd: { together: ['chat'], copies: [1], repeat: 3 }, direct: { together: ['chat'], copies: [1], repeat: 3, via: 'model' } } } })
  expect(said(direct, 'after').map(({ message: { phase } }) => phase)).toEqual(['crowd'])
})

test('an episode is a blocker with the hellos behind it, or one batch of one size in one round', () => {
  expect(episodesOf(said(roundsRun(), 'after'))).toEqual({ blockers: 12, batches: 0 })
  const ladder = [1, 2].flatMap((round) => [1, 2, 4].flatMap((copies) => Array.from({ length: copies }, () => user({ round, copies }))))
  expect(episodesOf(said(run({ messages: [...ladder, ...inRounds((round) => user({ round, phase: 'other' }))] }), 'after'))).toEqual({ blockers: 0, batches: 9 })
  expect(episodesOf(said(run({ messages: roundMessages({ rounds: 1 }).filter(({ phase }) => phase === 'quiet') }), 'after'))).toEqual({ blockers: 0, batches: 0 })
})

test('rounds that were thrown away count, but for what the tester’s own timers ended in them', () => {
  expect(count([message(), message({ round: 2 }), message({ round: 2, ttft: null, outcome: failed('hung') })], ['after/2/1'])).toBe(2)
  expect(count([message({ ttft: null, outcome: failed('hung') })])).toBe(1)
})

test('meant to be answered whole is what neither fails on purpose nor is left', () => {
  const of = batchRun([user(), user({ outcome: failed('reset') }), user({ outcome: failed('cancelled') }), leaver(5), leaver(5, { outcome: { kind: 'answered' } }), failure('silentAtOnce', 100, failed('error-event'))], {})
  expect(meantWhole(of, said(of, 'after')).map(({ message: { outcome } }) => (outcome.kind === 'failed' ? outcome.code : outcome.kind))).toEqual(['answered', 'reset'])
})

test.each([
  { what: 'a failure on demand', one: failure('silentAtOnce', 100, failed('error-event')), asked: true },
  { what: 'a failure that the model did not make', one: failure('silentAtOnce', 100, failed('refused'), { upstream: null }), asked: false },
  { what: 'somebody who left', one: leaver(5), asked: true },
  { what: 'an answer that broke off before anybody left', one: leaver(5, { outcome: failed('truncated') }), asked: false },
  { what: 'any other failure', one: user({ outcome: failed('reset') }), asked: false },
  { what: 'an answer', one: user(), asked: false },
])('$what ended as the scenario asked: $asked', ({ one, asked }) => {
  expect(endedAsAsked(batchRun([one], {}), one)).toBe(asked)
})
