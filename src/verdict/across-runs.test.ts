import { expect, test } from 'vitest'
import { type Visits, visitsRun } from '../../test/fixtures/visits.ts'
import { run, side } from '../../test/fixtures/run.ts'
import { roundMessages } from '../../test/fixtures/rounds.ts'
import type { Run } from '../sample/run-file.ts'
import { besideRun } from './across-runs.ts'
import type { Comparison, RunResult } from './document.ts'
import { judgeRun } from './judge.ts'
import { runDifferences } from './run-differences.ts'

/** A run of one side, as `--label` makes it. */
const labelled = (name: string, parts: Partial<Visits> = {}): Run => visitsRun({ seed: name.length, sides: [name], ...parts, header: { runId: `run-${name}`, ...parts.header } })

const beside = (before: Run, after: Run, label?: string): RunResult => besideRun(judgeRun(after), after, before, label)
const row = ({ comparisons }: RunResult, metric: string, statistic?: string): Comparison =>
  comparisons.find((one) => one.metric === metric && (statistic === undefined || one.statistic === statistic)) ?? expect.fail(`no row ${metric}`)

const was = labelled('before', { serial: ['before'] })
const is = labelled('after')

test('shares are compared across runs, by their difference; each run has its own quiet phase', () => {
  expect(row(beside(was, is), 'stalledShare')).toMatchObject({ beforeSide: 'before', afterSide: 'after', before: 1, after: 0, change: -1, verdict: 'improved' })
  expect(row(beside(is, labelled('later')), 'stalledShare')).toMatchObject({ change: 0, verdict: 'unjudged' })
})

test('other contrasts stand beside each other with their own verdicts, and are told apart only where the intervals do not touch', () => {
  expect(row(beside(was, is), 'delayGrowth')).toMatchObject({ verdict: 'improved', reason: '"a longer story delays hello no more": before fail, after pass' })
  expect(row(beside(is, was), 'delayGrowth')).toMatchObject({ verdict: 'fail', reason: '"a longer story delays hello no more": after pass, before fail' })
  expect(row(beside(is, labelled('later')), 'delayGrowth')).toMatchObject({ verdict: 'unjudged' })
})

test('a count of lost words has no interval: shown, with both verdicts', () => {
  const mock: Partial<Visits> = { asked: 'mock' }
  const losing = labelled('before', mock)
  const lost = { ...losing, messages: losing.messages.map((message, index) => (index === 3 && message.integrity !== null ? { ...message, integrity: { ...message.integrity, missing: 1, received: 0 } } : message)) }
  expect(row(beside(lost, labelled('after', mock)), 'lostTokens')).toMatchObject({ before: 1, after: 0, change: -1, low: null, high: null, verdict: 'unjudged', reason: '"no word is lost": before fail, after pass' })
  // Without our mock nobody numbers the words: nothing to show.
  expect(beside(was, is).comparisons.some(({ metric }) => metric === 'lostTokens')).toBe(false)
})

test('latencies are shown with their change and never judged, however large it is', () => {
  const { comparisons } = beside(labelled('before', { gateway: () => 900 }), is)
  const times = comparisons.filter(({ unit }) => unit === 'ms')
  expect(times.map(({ metric, statistic }) => `${metric} ${statistic}`)).toEqual(['ttft quiet p50', 'ttft quiet p90', 'ttft behind a blocker p50', 'ttft behind a blocker p95', 'firstVisible p95'])
  for (const { verdict, reason } of times) expect([verdict, reason]).toEqual(['unjudged', 'one visit a side: time and change are confounded; measure by turns with --switch'])
  const [p50] = times
  expect(p50?.change).toBeLessThan(-0.5)
  expect([p50?.low, p50?.high].every((limit) => limit !== null && limit !== undefined && limit < 0)).toBe(true)
})

test('where the anchor moved, they say so and have no figure for the change', () => {
  const { comparisons } = beside(labelled('before', { model: () => 1_900 }), labelled('after', { model: () => 3_100 }))
  for (const { verdict, change, reason } of comparisons.filter(({ unit }) => unit === 'ms')) {
    expect([verdict, change]).toEqual(['unjudged', null])
    expect(reason).toMatch(/^~ the model itself went from [12]\.\d to [23]\.\d s$/)
  }
})

test('the earlier run is named, and the command that takes turns is this one without its labels', () => {
  const reproduce = "npx first-token run concurrent --target openai=http://127.0.0.1:9/v1 --label after --against='before' --set 'errorWithin=8 s' --seed 5"
  const after = labelled('after', { header: { reproduce } })
  expect(beside(was, after).comparedWith).toEqual({
    runId: 'run-before', label: 'before', startedAtUtc: '2026-01-01T00:00:00Z', refused: [],
    next: "npx first-token run concurrent --target openai=http://127.0.0.1:9/v1 --set 'errorWithin=8 s' --switch './switch.sh {side}'",
  })
})

test('the verdict and the claims stay those of the later run', () => {
  const alone = judgeRun(was)
  const compared = beside(is, was)
  expect([compared.verdict, compared.exitCode, compared.claims]).toEqual([alone.verdict, alone.exitCode, alone.claims])
  expect(compared.verdict).toBe('fail')
})

test('a label names the side of the earlier run, whatever its role; without one the judged side of the same name is taken', () => {
  const turns = visitsRun({ seed: 1, serial: ['before'] })
  expect(row(beside(turns, is, 'before'), 'stalledShare')).toMatchObject({ beforeSide: 'before', before: 1 })
  expect(row(beside(turns, is), 'stalledShare')).toMatchObject({ beforeSide: 'after', before: 0 })
})

test('runs of several judged sides are compared side by side of the same name, or not at all', () => {
  const several = (names: readonly string[]): Run => run({
    messages: names.flatMap((name) => roundMessages({ side: name })), header: { sides: names.map((name) => side({ name })), scenario: is.header.scenario },
  })
  const { comparisons } = beside(several(['after', 'recommended']), several(['recommended', 'other']))
  expect([...new Set(comparisons.map(({ beforeSide, afterSide }) => `${beforeSide} ${afterSide}`))]).toEqual(['recommended recommended'])
  expect(beside(several(['a', 'b']), several(['c', 'd'])).comparedWith?.refused).toEqual(['sides: no judged side of the one is a judged side of the other'])
})

test('a run that cannot be trusted compares nothing', () => {
  const doubtful: Run = { ...was, knownAnswers: null }
  const { comparisons } = beside(doubtful, is)
  for (const { verdict, reason } of comparisons.filter(({ metric }) => metric !== 'delayGrowth')) expect([verdict, reason]).toEqual(['unjudged', expect.stringContaining('control stack was not measured first')])
  expect(row(beside(doubtful, is), 'delayGrowth').reason).toBeDefined()
})

const other = (parts: Partial<Visits>): Run => labelled('after', parts)
const scenario = is.header.scenario
const [target] = is.header.sides

test.each<{ what: string; after: Run; says: readonly (string | RegExp)[] }>([
  { what: 'nothing', after: is, says: [] },
  { what: 'another question written otherwise that asks the same', after: other({ header: { versions: { scenario: 'def' }, scenario: { ...scenario, question: 'Again?' } } }), says: [] },
  { what: 'another address', after: other({ header: { sides: [{ ...side(), ...target, url: 'http://127.0.0.1:10/v1' }] } }), says: [] },
  { what: 'another scenario', after: other({ header: { scenario: { ...scenario, name: 'disconnect' } } }), says: ['scenario: concurrent, then disconnect'] },
  { what: 'the scenario, edited', after: other({ header: { versions: { scenario: 'def' }, scenario: { ...scenario, phases: { quiet: { say: 'hello' } }, claims: {} } } }), says: ['what scenario concurrent says and claims (its file is abc, then def)'] },
  { what: 'a parameter', after: other({ header: { versions: { scenario: 'def' }, scenario: { ...scenario, params: { errorWithin: 8_000 } } } }), says: ['parameter errorWithin: none, then 8000'] },
  { what: 'the model', after: other({ header: { sides: [{ ...side(), ...target, model: 'llama3' }] } }), says: ['model: m, then llama3'] },
  { what: 'the kind of target', after: other({ header: { sides: [{ ...side(), ...target, kind: 'ollama' }] } }), says: ['kind of target: openai, then ollama'] },
  { what: 'the load', after: other({ rules: { load: 'gentle' } }), says: ['load: full, then gentle'] },
  { what: 'the size', after: other({ rules: { size: 'quick' } }), says: ['size: standard, then quick'] },
  { what: 'the stall limit', after: other({ rules: { stallLimitFixed: true, stallFloor: 800 } }), says: [/^stall limit: from the quiet window, 500 ms at least, then fixed at 800 ms$/] },
  { what: 'the machine', after: other({ header: { environment: { cpu: 'y', cores: 8, platform: 'linux 6', load1: 3 } } }), says: ['machine that asks (cpu): x, then y', 'machine that asks (cores): 2, then 8'] },
  { what: 'several at once', after: other({ rules: { size: 'quick', load: 'gentle' }, header: { environment: { cpu: 'x', cores: 2, platform: 'linux 7' } } }), says: ['size: standard, then quick', 'load: full, then gentle', 'machine that asks (platform): linux 6, then linux 7'] },
])('what keeps two runs apart: $what', ({ after, says }) => {
  expect(runDifferences({ run: is, side: is.header.sides[0] ?? side() }, { run: after, side: after.header.sides[0] ?? side() })).toEqual(says.map((text) => expect.stringMatching(typeof text === 'string' ? text.replaceAll(/[()]/g, '\\$&') : text)))
  const { comparisons, comparedWith } = beside(is, after)
  expect([comparisons.length > 0, comparedWith?.refused.length]).toEqual([says.length === 0, says.length])
})
