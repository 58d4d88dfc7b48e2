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

test.each([['second-message', 'stalledShare', 'does not wait for the first'], ['web-search', 'e2e', 'up to its engine']])('%s speaks of its row of the operators\' table', (scenario, metric, words) => {
  expect(finding(runOf(scenario, metric, { before: 'fail', after: 'pass' }))).toBe('supported')
  expect(statementsOf([runOf(scenario, metric, { before: 'pass', after: 'pass' })])[0]?.instead).toContain(words)
})

test.each<[ClaimVerdict, ClaimVerdict, StatementResult['finding']]>([['fail', 'warn', 'undecided'], ['fail', 'pass', 'supported'], ['warn', 'pass', 'not supported']])('3 to 5 s after is no warning: before %s and after %s is %s', (before, after, expected) => {
  for (const [scenario, metric] of [['web-search', 'e2e'], ['simple-chat', 'firstVisible']] as const) expect(finding(runOf(scenario, metric, { before, after }))).toBe(expected)
})

test('a problem that is there without a side that has the change is undecided', () => {
  expect(finding(runOf('concurrent', 'stalledShare', { before: 'fail', recommended: 'pass' }))).toBe('undecided')
})

test.each<[ClaimVerdict, StatementResult['finding']]>([['pass', 'supported'], ['fail', 'not supported'], ['inconclusive', 'undecided']])('a change: after %s is %s', (after, expected) => {
  expect(finding(runOf('multi-worker', 'deliveredShare', { after, recommended: 'pass' }))).toBe(expected)
})

const states = [['offline', 'its own'], ['disconnect', 'does not make']] as const

test.each<[ClaimVerdict, ClaimVerdict, StatementResult['finding']]>([
  ['fail', 'pass', 'supported'], ['fail', 'fail', 'supported'], ['fail', 'invalid', 'supported'], ['pass', 'pass', 'not supported'], ['warn', 'fail', 'not supported'],
  ['inconclusive', 'fail', 'undecided'], ['invalid', 'pass', 'undecided'], ['skipped', 'pass', 'undecided'],
])('a state of before is there whatever after does: before %s and after %s is %s', (before, after, expected) => {
  for (const [scenario] of states) expect(finding(runOf(scenario, 'timeToError', { before, after }, 'browser'))).toBe(expected)
})

test.each(states)('%s: what is there and not cured is supported, and what to do stands beside it', (scenario, words) => {
  const instead = (after: ClaimVerdict) => statementsOf([runOf(scenario, 'timeToError', { before: 'fail', after })])[0]?.instead
  expect(instead('fail')).toContain(words)
  expect(instead('pass')).toBeNull()
  expect(instead('inconclusive')).toBeNull()
  expect(finding(runOf(scenario, 'timeToError', { before: 'fail' }))).toBe('supported')
})

test('what is refuted says what holds instead, a problem that stays says another thing than one that is not there', () => {
  const instead = (scenario: string, metric: string, verdict: ClaimVerdict) => statementsOf([runOf(scenario, metric, { before: verdict, after: verdict })])[0]?.instead
  expect(instead('disconnect', 'timeToError', 'pass')).toContain('told in time')
  expect(instead('concurrent', 'stalledShare', 'pass')).toContain('one worker tells many answers')
  expect(instead('concurrent', 'stalledShare', 'fail')).toContain('does not cure it')
  expect(statementsOf([runOf('concurrent', 'stalledShare', { before: 'fail', after: 'pass' })])[0]?.instead).toBeNull()
})

test.each<[sockets: ClaimVerdict, cost: ClaimVerdict, StatementResult['finding'], instead: RegExp | undefined]>([
  ['fail', 'fail', 'supported', undefined], ['fail', 'pass', 'not supported', /only a part/], ['pass', 'fail', 'not supported', /only a part/], ['pass', 'pass', 'not supported', /keeps its connections/],
  ['pass', 'inconclusive', 'not supported', /keeps its connections/], ['fail', 'inconclusive', 'undecided', undefined], ['inconclusive', 'fail', 'undecided', undefined], ['skipped', 'skipped', 'undecided', undefined],
  ['skipped', 'pass', 'not supported', undefined],
])('a new connection for every request, 300 ms each, takes both: connections %s and their cost %s is %s', (sockets, cost, expected, instead) => {
  const [one, other] = [runOf('simple-chat', 'requestsPerSocket', { before: sockets, after: 'pass' }), runOf('simple-chat', 'connectionCost', { before: cost, after: 'pass' })]
  const said = statementsOf([{ ...one, claims: [...one.claims, ...other.claims] }])
  expect(said).toMatchObject([{ finding: expected, evidence: `before ${sockets}: before said so; after pass: after said so; before ${cost}: before said so; after pass: after said so` }])
  if (instead === undefined) expect(said[0]?.instead).toBeNull()
  else expect(said[0]?.instead).toMatch(instead)
  expect(statementsOf([one])).toEqual([])
})

test('connections that are new and dear after the change as well: it is there, and not cured', () => {
  const [one, other] = [runOf('simple-chat', 'requestsPerSocket', { before: 'fail', after: 'fail' }), runOf('simple-chat', 'connectionCost', { before: 'fail', after: 'fail' })]
  expect(statementsOf([{ ...one, claims: [...one.claims, ...other.claims] }])).toMatchObject([{ finding: 'supported', instead: 'the change does not make it keep its connections' }])
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
