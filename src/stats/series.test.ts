import { expect, test } from 'vitest'
import { message, run } from '../../test/fixtures/run.ts'
import { through } from '../../test/fixtures/upstream.ts'
import { type JournalValue, journalSeries, saidIn } from './series.ts'
import { sideRounds } from './windows.ts'

const claim = { message: 'hello', during: ['quiet', 'crowd'] }

test('what the claim names: its label in its phases, as probe, user or blocker', () => {
  const said = [
    message({ part: 'probe' }), message({ part: 'user', phase: 'crowd' }), message({ part: 'blocker', phase: 'crowd' }),
    message({ part: 'anchor' }), message({ part: 'warm-up' }), message({ label: 'story' }), message({ phase: 'other' }),
  ]
  const [round] = sideRounds(run({ messages: said }), 'after')
  expect(round === undefined ? [] : saidIn(round, claim).map(({ id }) => id).sort()).toEqual(said.slice(0, 3).map(({ id }) => id).sort())
})

test('somebody who left is no evidence, somebody who was sent away is', () => {
  const failed = (code: 'cancelled' | 'refused') => message({ part: 'user', outcome: { kind: 'failed', code, detail: '', afterTokens: 0 } })
  const [round] = sideRounds(run({ messages: [failed('cancelled'), failed('refused')] }), 'after')
  expect(round === undefined ? [] : saidIn(round, claim)).toHaveLength(1)
})

test.each([
  { unknown: 0, n: 0, isProblem: false }, { unknown: 1, n: 100, isProblem: false }, { unknown: 2, n: 100, isProblem: true }, { unknown: 1, n: 99, isProblem: true }, { unknown: 5, n: 5, isProblem: true },
])('$unknown of $n unknown to the journal: a problem is $isProblem', ({ unknown, n, isProblem }) => {
  const messages = Array.from({ length: n }, (_, index) => (index < unknown ? message() : through()))
  const series = journalSeries(run({ messages }), 'after', claim, ({ upstream }): JournalValue => (upstream === null ? 'unknown' : 1))
  expect(series.problem !== undefined).toBe(isProblem)
  if (isProblem) expect(series.problem).toContain(`on ${unknown} of ${n} messages`)
  const [round] = sideRounds(run({ messages }), 'after')
  expect(round === undefined ? [] : series.values(round, 'measured')).toHaveLength(n - unknown)
})

test('messages that the measure is not about are neither known nor unknown', () => {
  const messages = [...Array.from({ length: 50 }, () => through()), message({ tokens: 7 })]
  const valueOf = (what: JournalValue) => journalSeries(run({ messages }), 'after', claim, ({ upstream }): JournalValue => (upstream === null ? what : 1)).problem
  expect([valueOf('none'), valueOf('unknown') === undefined]).toEqual([undefined, false])
})
