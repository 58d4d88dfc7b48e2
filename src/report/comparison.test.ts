import { expect, test } from 'vitest'
import { hostile, hostileTexts, passing, singleSide } from '../../test/fixtures/verdict.ts'
import type { ComparedWith, VerdictDocument } from '../verdict/document.ts'
import { claimTables } from './before-after.ts'
import { renderComparison } from './comparison.ts'
import { renderMarkdown } from './markdown.ts'
import { renderTerminal } from './terminal.ts'

const earlier: ComparedWith = { runId: 'r-1', label: 'monday', startedAtUtc: '2026-03-02T09:41:07.123Z', refused: [], next: "npx first-token run concurrent --switch './switch.sh {side}'" }
const withEarlier = (document: VerdictDocument, parts: Partial<ComparedWith> = {}): VerdictDocument =>
  ({ ...document, runs: document.runs.map((run) => ({ ...run, comparisons: passing.runs[0]?.comparisons ?? [], comparedWith: { ...earlier, ...parts } })) })
const plain = { colour: false, width: 80 } as const

test('a run beside an earlier one says which, shows all rows and the next command, also in the full report', () => {
  const document = withEarlier(singleSide)
  for (const text of [renderTerminal(document, plain), renderMarkdown(document), renderComparison('terminal', document, plain), renderComparison('markdown', document, plain)]) {
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(/Compared with the run "monday" of 2026-03-02 09:41 UTC \(r-1\)/)
    expect(text).toMatch(/share of stalled messages/)
    expect(text).toContain("--switch './switch.sh {side}'")
  }
})

test('one that was refused says what differs, and whose verdict it is', () => {
  const document = { ...withEarlier(singleSide, { refused: ['size: quick, then standard', 'model: a, then b'], next: null }) }
  const text = renderComparison('terminal', document, plain).replaceAll(/\s+/g, ' ')
  expect(text).toMatch(/NOT COMPARED with the run "monday"/)
  expect(text).toMatch(/differs: size: quick, then standard differs: model: a, then b/)
  expect(text).toMatch(/The verdict is this run's own: pass\./)
})

test('a claim about times shows no change where it may be the model’s own', () => {
  const [run] = passing.runs
  if (run === undefined) return expect.fail('no run')
  const held = { ...run, comparisons: run.comparisons.map((row) => (row.unit === 'ms' ? { ...row, change: null, low: null, high: null, verdict: 'unjudged' as const, reason: '~ the model itself went from 1.9 to 3.1 s' } : row)) }
  const changes = (of: typeof run): (string | undefined)[] => claimTables(of).flatMap(({ rows }) => rows.map(({ change }) => change))
  expect(changes(run)[0]).toMatch(/^−/)
  expect(changes(held)).toEqual(['~', ...changes(run).slice(1)])
})

test.each(hostileTexts)('what stands in names and texts cannot forge a line: %j', (text) => {
  const document = withEarlier(hostile(text, undefined), { label: text, runId: text, refused: [text], next: text })
  const rendered = renderComparison('terminal', document, plain)
  // oxlint-disable-next-line no-control-regex
  expect(rendered).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e\u2066-\u2069]/)
  const outsideFences = renderComparison('markdown', document, plain).replaceAll(/^(`{3,})sh\n.*\n\1$/gm, '')
  expect(outsideFences).not.toMatch(/<img|@everyone/)
})
