import { expect, test } from 'vitest'
import { failing, hanging, hostile, hostileTexts, inconclusive, invalid, passing, severalScenarios, singleSide, threeSides } from '../../test/fixtures/verdict.ts'
import type { RunResult, VerdictDocument } from '../verdict/document.ts'
import { displayWidth } from './printable.ts'
import { renderTerminal } from './terminal.ts'

const variants: Record<string, VerdictDocument> = { passing, singleSide, failing, inconclusive, invalid, hanging, threeSides, severalScenarios }
const plainText = (document: VerdictDocument, width?: number): string => renderTerminal(document, { colour: false, ...(width === undefined ? {} : { width }) })
const lines = (document: VerdictDocument): string[] => plainText(document).split('\n')
const changed = (document: VerdictDocument, change: (run: RunResult) => Partial<RunResult>): VerdictDocument => ({ ...document, runs: document.runs.map((run) => ({ ...run, ...change(run) })) })

function widest(text: string): number {
  return Math.max(...text.split('\n').map(displayWidth))
}

test.each(Object.keys(variants))('%s fits into the terminal', (name) => {
  const document = variants[name] ?? passing
  for (const width of [40, 60, 79, 80]) expect(widest(plainText(document, width))).toBeLessThanOrEqual(width)
})

test('it is 80 columns wide at most, however wide or odd the terminal', () => {
  for (const width of [200, Infinity, NaN, 0]) expect(widest(plainText(passing, width))).toBeLessThanOrEqual(80)
})

test('names of any length and figures of any size fit into 80 columns', () => {
  for (const number of [0, -1, 1e-9, 1e300, -1e300, 987_654_321.123]) {
    for (const text of hostileTexts) expect(widest(plainText(hostile(text, number)))).toBeLessThanOrEqual(80)
  }
})

test('twelve sides get tables of four', () => {
  const [side] = passing.runs[0]?.sides ?? []
  const claims = passing.runs[0]?.claims.filter((claim) => claim.side === 'before') ?? []
  const names = Array.from({ length: 12 }, (_, index) => `stack-${index + 1}`)
  const many = changed(passing, () => ({ sides: names.flatMap((name) => (side === undefined ? [] : { ...side, name })), claims: names.flatMap((name) => claims.map((claim) => ({ ...claim, side: name }))) }))
  expect(widest(plainText(many))).toBeLessThanOrEqual(80)
  expect(lines(many).filter((line) => line.startsWith('Claim '))).toHaveLength(3)
  expect(plainText(many)).toContain('stack-12')
})

test('text from outside neither commands the terminal nor forges a line', () => {
  for (const text of hostileTexts) {
    const report = plainText(hostile(text, undefined))
    // oxlint-disable-next-line no-control-regex
    expect(report.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b]/)
    expect(report.split('\n').filter((line) => line.startsWith('PASS  forged'))).toEqual([])
  }
})

test('the verdict comes first, as a word', () => {
  const heads = Object.fromEntries(Object.entries(variants).map(([name, document]) => [name, lines(document)[0]?.split('  ')[0]]))
  expect(heads).toEqual({ passing: 'PASS', singleSide: 'PASS', failing: 'FAIL', inconclusive: 'INCONCLUSIVE', invalid: 'INVALID', hanging: 'PASS', threeSides: 'PASS', severalScenarios: 'FAIL' })
})

test('colour is put on and nothing else changes', () => {
  for (const document of Object.values(variants)) {
    const coloured = renderTerminal(document, { colour: true })
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(plainText(document))
    expect(coloured).toContain('\u001b[')
  }
})

test('a claim is a row: value of each side, change, bound, verdict', () => {
  const row = lines(passing).find((line) => line.startsWith('hello starts immediately'))
  expect(row?.split(/ {2,}/)).toEqual(['hello starts immediately', '3.48 s ✗', '7.1 ms ✓', '−99.8 %', '≤ 1 s', 'PASS'])
})

test('one side has one value column and its interval', () => {
  expect(lines(singleSide).find((line) => line.startsWith('Claim'))?.split(/ {2,}/)).toEqual(['Claim', 'target', 'between', 'bound', 'verdict'])
  expect(lines(singleSide).find((line) => line.startsWith('no word is lost'))?.split(/ {2,}/)).toEqual(['no word is lost', '-', '≤ 0', 'SKIPPED'])
})

test('three sides have three value columns, and each pair its own comparison', () => {
  expect(lines(threeSides).find((line) => line.startsWith('Claim'))?.split(/ {2,}/)).toEqual(['Claim', 'before', 'after', 'recommended', 'bound', 'verdict'])
  expect(lines(threeSides).filter((line) => line.startsWith('Compared')).map((line) => line.split(/ {2,}/).slice(1, 3))).toEqual([['before', 'after'], ['before', 'recommended']])
})

test('a difference that was not detected is ~ in every row', () => {
  const undetected = changed(passing, (run) => ({ comparisons: run.comparisons.map((comparison) => ({ ...comparison, low: -1, high: 1 })), claims: run.claims.map((claim) => ({ ...claim, low: 0, high: 1e6 })) }))
  const rows = lines(undetected).filter((line) => /^(hello|a longer|quiet|behind a).* (PASS|improved)$/.test(line))
  expect(rows).toHaveLength(7)
  for (const row of rows) expect(row).toMatch(/ ~ /)
})

test('a claim that has no comparison of its own changed only where the intervals do not touch', () => {
  const change = (low: number): string | undefined => {
    const touching = changed(passing, (run) => ({ claims: run.claims.map((claim) => (claim.side === 'before' && claim.unit === 'ms' ? { ...claim, low } : claim)) }))
    return lines(touching).find((line) => line.startsWith('hello starts immediately'))?.split(/ {2,}/)[3]
  }
  expect(change(8.5)).toBe('−99.8 %')
  expect(change(8.4)).toBe('~')
})

test('messages without a first token are told as such, with how many failed and how', () => {
  const text = plainText(hanging).replace(/\s+/g, ' ')
  expect(text).toContain('> 33.0 s (no first')
  expect(text).toContain('before: 576 of 882 messages failed: 550 hung, 26 reset')
  expect(text).not.toMatch(/Infinity|NaN|null|undefined/)
})

test('where nothing was measured there is no sample, which is neither a time nor a difference', () => {
  const empty = changed(passing, (run) => ({
    sides: run.sides.map((side) => ({ ...side, completed: 0, failed: 0 })),
    claims: run.claims.map((claim) => ({ ...claim, n: 0, value: null, low: null, high: null, verdict: 'inconclusive' as const })),
    comparisons: run.comparisons.map((comparison) => ({ ...comparison, before: null, after: null, change: null, low: null, high: null, verdict: 'unjudged' as const })),
  }))
  expect(lines(empty).find((line) => line.startsWith('hello starts'))?.split(/ {2,}/).slice(1, 4)).toEqual(['no sample ?', 'no sample ?', '-'])
  expect(lines(empty).find((line) => line.startsWith('quiet, p50'))?.split(/ {2,}/).slice(1)).toEqual(['no sample', 'no sample', '~', '~'])
  expect(plainText(empty)).not.toContain('no first token')
})

test('from no first token at all to one is a change, however long the wait was', () => {
  const never = changed(hanging, (run) => ({ claims: run.claims.map((claim) => (claim.side === 'before' && claim.unit === 'ms' ? { ...claim, low: null } : claim)) }))
  expect(lines(never).find((line) => line.startsWith('hello starts'))?.split(/ {2,}/).slice(1, 4)).toEqual(['no first token ✗', '7.1 ms ✓', '−100 %'])
})

test('evidence is told in full where a claim did not simply pass', () => {
  const text = plainText(failing).replace(/\s+/g, ' ')
  expect(text).toContain('FAIL hello does not wait for the story: 541 of 576 hellos stalled')
  expect(text).toContain('PASS no word is lost: 0 in 882 messages')
})

test('checks that are in order share a line, others have their own', () => {
  const report = lines(invalid)
  expect(report.filter((line) => line.startsWith('  INVALID  delivered: after: 512 of 864'))).toHaveLength(1)
  expect(report.filter((line) => line.startsWith('  ok  calibration, overload'))).toHaveLength(1)
})

test('the part that held up stalled messages is named, and what was not measured says why', () => {
  expect(plainText(passing)).toContain('before: 559 stalled, all in the stack before the model.')
  expect(plainText(passing)).toContain('after: no message stalled.')
  expect(plainText(singleSide).replace(/\s+/g, ' ')).toContain('Where the time went Not measured: no mock model of ours is known to be behind this side.')
})

test('the command to repeat can be pasted back', () => {
  const url = `openai=http://127.0.0.1:8080/${'path/'.repeat(30)}v1`
  const command = `first-token run concurrent --target ${url} --header 'X-Of: a name with spaces' --seed 1`
  const pasted = plainText(changed(passing, () => ({ reproduce: command }))).split('To repeat this run\n')[1] ?? ''
  expect(pasted.trim().replaceAll('\\\n', '').replace(/(?<=\S) +(?=\S)/g, ' ')).toBe(command)
})

test('where the files are is said where it is known', () => {
  expect(renderTerminal(passing, { colour: false, folder: 'reports/now/concurrent' })).toMatch(/\nFiles\n {2}reports\/now\/concurrent\n$/)
  expect(plainText(passing)).not.toContain('Files')
})

test('a document without a run says that nothing was measured', () => {
  expect(plainText({ ...passing, verdict: 'inconclusive', runs: [] })).toBe('INCONCLUSIVE  Nothing was measured.\n')
})

const mechanisms = changed(singleSide, (run) => ({
  claims: run.claims.filter(({ metric }) => metric === 'lostTokens').map((claim) => ({
    ...claim, claim: 'four at once', metric: 'effectiveConcurrency', statistic: 'most at once', bounds: { pass: 4, fail: 2, atLeast: true, own: true }, verdict: 'pass', value: 16, low: 16, high: null, n: 93, reason: '≥ 16 answers were told at once',
  })),
}))

test('a bound from below reads from below, one of the user’s own as his, and a count has no interval beside it', () => {
  const text = lines(mechanisms)
  expect(text.find((line) => line.startsWith('four at once'))?.split(/ {2,}/)).toEqual(['four at once', '≥ 16', '≥ 4', 'PASS'])
  expect(text.find((line) => line.startsWith('Claim'))?.split(/ {2,}/)).toEqual(['Claim', 'target', 'bound', 'verdict'])
  expect(plainText(mechanisms).replace(/\s+/g, ' ')).toContain('answers told at one instant, most; fails below 2; your bound')
  expect(plainText(mechanisms)).toContain('PASS  four at once: ≥ 16 answers were told at once')
})

test('that nobody stalled is said where somebody asked', () => {
  expect(plainText(changed(passing, () => ({ claims: [] })))).not.toContain('no message stalled')
})

test('the slowest of a few changed where the verdict did, and is not said to have otherwise', () => {
  const change = (verdict: 'pass' | 'fail'): string | undefined => {
    const slowest = changed(passing, (run) => ({ claims: run.claims.filter(({ unit }) => unit === 'ms').map((claim) => ({ ...claim, metric: 'timeToCancel', statistic: 'slowest', low: claim.value, high: claim.value, ...(claim.side === 'before' ? { verdict } : {}) })) }))
    return lines(slowest).find((line) => line.startsWith('hello starts'))?.split(/ {2,}/)[3]
  }
  expect([change('pass'), change('fail')]).toEqual(['~', '−99.8 %'])
})
