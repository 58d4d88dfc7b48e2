import { expect, test } from 'vitest'
import { passing } from '../../test/fixtures/verdict.ts'
import type { ClaimResult, ClaimVerdict, RunResult, StatementResult } from './document.ts'
import { statementsOf } from './statements.ts'

/** A run whose sides are profiles, each with one claim of the metric. */
function runOf(scenario: string, metric: string, verdicts: Readonly<Record<string, ClaimVerdict>>, kind = 'open-webui'): RunResult {
  const [run] = passing.runs
  const [side] = run?.sides ?? []
  const [claim] = run?.claims ?? []
  if (run === undefined || side === undefined || claim === undefined) throw new Error('the fixture is empty')
  return {
    ...run, scenario,
    sides: Object.keys(verdicts).map((profile) => ({ ...side, name: profile, profile, kind })),
    claims: Object.entries(verdicts).map(([profile, verdict]): ClaimResult => ({ ...claim, metric, side: profile, verdict, reason: `${profile} said so` })),
  }
}

const finding = (run: RunResult): StatementResult['finding'] | undefined => statementsOf([run])[0]?.finding

test.each<[ClaimVerdict, ClaimVerdict, StatementResult['finding']]>([
  ['fail', 'pass', 'supported'], ['fail', 'warn', 'supported'], ['pass', 'pass', 'not supported'], ['pass', 'fail', 'not supported'], ['fail', 'fail', 'not supported'],
  ['inconclusive', 'pass', 'undecided'], ['invalid', 'pass', 'undecided'], ['skipped', 'pass', 'undecided'], ['fail', 'invalid', 'undecided'],
])('a problem of before: before %s and after %s is %s', (before, after, expected) => {
  expect(finding(runOf('concurrent', 'stalledShare', { before, after }))).toBe(expected)
})

test('a problem that is there without a side that has the change is undecided', () => {
  expect(finding(runOf('concurrent', 'stalledShare', { before: 'fail', recommended: 'pass' }))).toBe('undecided')
})

test.each<[ClaimVerdict, StatementResult['finding']]>([['pass', 'supported'], ['fail', 'not supported'], ['inconclusive', 'undecided']])('a change: after %s is %s', (after, expected) => {
  expect(finding(runOf('multi-worker', 'deliveredShare', { after, recommended: 'pass' }))).toBe(expected)
})

test('what is refuted says what holds instead, a problem that stays says another thing than one that is not there', () => {
  const [absent, uncured] = (['pass', 'fail'] as const).map((verdict) => statementsOf([runOf('disconnect', 'timeToError', { before: verdict, after: verdict })])[0])
  expect(absent?.instead).toContain('told in time')
  expect(uncured?.instead).toContain('does not make')
  expect(statementsOf([runOf('disconnect', 'timeToError', { before: 'fail', after: 'pass' })])[0]?.instead).toBeNull()
})

test('the evidence names every side', () => {
  expect(statementsOf([runOf('concurrent', 'stalledShare', { before: 'pass', after: 'pass', recommended: 'fail' })])[0]?.evidence).toBe('before pass: before said so; after pass: after said so; recommended fail: recommended said so')
})

test('nothing is said of systems whose settings are not ours', () => {
  expect(statementsOf([runOf('concurrent', 'stalledShare', { before: 'fail', after: 'pass' }, 'control')])).toEqual([])
  const unknown = runOf('concurrent', 'stalledShare', { before: 'fail', after: 'pass' })
  expect(statementsOf([{ ...unknown, sides: unknown.sides.map((side) => ({ ...side, profile: null })) }])).toEqual([])
  expect(statementsOf([runOf('concurrent', 'stalledShare', { recommended: 'pass' })])).toEqual([])
})
