import type { Attribution, RunResult, VerdictDocument } from '../verdict/document.ts'
import { claimTables, type ClaimTable, comparisonTables, type ComparisonTable } from './before-after.ts'
import { comparedInWords, nextInWords } from './compared-words.ts'
import { formatClaimValue, formatCount, formatInterval, formatValue, neverHad } from './format.ts'
import { printable } from './printable.ts'
import { blameInWords, differencesInWords, failuresInWords, insteadInWords, loadInWords, marks, phaseInWords, screenshotsInWords, unattributed } from './words.ts'

/** The verdict as GitHub markdown, for report.md: what the terminal shows, with every reason and formula in full. Ends with a line end. */
export function renderMarkdown(document: VerdictDocument): string {
  const { runs, verdict, exitCode } = document
  const head = runs.length === 1 ? [] : [`# ${verdict.toUpperCase()}: ${runs.length} scenarios`, `Exit code ${exitCode}.`]
  const blocks = [...head, ...runs.flatMap((run) => runBlocks(run, runs.length === 1 ? '#' : '##')), leftOutBlock(document), ...statements(document)]
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}

function runBlocks(run: RunResult, level: string): string[] {
  const title = (text: string, content: readonly string[]): string[] => (content.every((block) => block === '') ? [] : [`${level}# ${text}`, ...content])
  return [
    `${level} ${run.verdict.toUpperCase()}: ${escaped(run.scenario)}`,
    `**${escaped(run.sentence)}**`,
    escaped(run.question),
    run.interrupted ? 'The run was interrupted: this is what had been measured.' : '',
    ...title('Before and after', [...claimTables(run).map((claims) => claimBlock(claims, run)), ...comparedBlocks(run)]),
    list(failuresInWords(run)),
    ...title('Where the time went', [attributionBlock(run.attribution), list([...blameInWords(run), ...unattributed(run.attribution)])]),
    ...title('Can the figures be trusted?', [table(['Check', 'Result', 'Detail'], run.validity.map(({ name, verdict, detail }) => [name, verdict === 'invalid' ? 'INVALID' : verdict, detail]))]),
    ...title('Evidence', [evidenceBlock(run)]),
    ...title('How it was measured', [list(loadInWords(run)), differencesBlock(run), sidesBlock(run), list(formulas(run))]),
    ...title('What the page showed', [pictures(run)]),
    ...title('To repeat this run', [fenced(run.reproduce), `Run \`${run.runId.replace(/[^\w.:-]/g, '')}\`.`]),
  ]
}

function leftOutBlock({ leftOut }: VerdictDocument): string {
  return leftOut.length === 0 ? '' : `## Left out\n\n${list(leftOut.map(({ scenario, reason }) => `${scenario}: ${reason}`))}`
}

function claimBlock({ sides, rows }: ClaimTable, run: RunResult): string {
  const several = run.sides.length > 1
  const hasChange = rows.some(({ change }) => change !== undefined)
  return table(
    ['Claim', 'Measure', ...sides, ...(hasChange ? ['Change'] : []), 'Bound', 'Verdict'],
    rows.map((row) => [
      row.claim,
      row.measure,
      ...row.values.map((value) => (value === undefined ? '-' : several ? `${value.text} ${marks[value.verdict]}` : value.text)),
      ...(hasChange ? [row.change ?? ''] : []),
      row.bound,
      row.verdict.toUpperCase(),
    ]),
  )
}

/** What sides, or runs, are compared by; and with which run, where it was another. */
export function comparedBlocks(run: RunResult): string[] {
  const next = run.comparedWith?.next ?? null
  return [list(comparedInWords(run)), ...comparisonTables(run, { beyondClaims: false }).map(comparisonBlock), ...(next === null ? [] : [nextInWords, fenced(next)])]
}

function comparisonBlock({ title, beforeSide, afterSide, rows }: ComparisonTable): string {
  return table([title, beforeSide, afterSide, 'Change (interval)', 'Verdict', 'Why'], rows.map(({ measure, before, after, change, word, reason }) => [measure, before, after, change, word, reason]))
}

function attributionBlock(rows: readonly Attribution[]): string {
  const measured = rows.flatMap(({ side, phase, n, parts }) => {
    if (parts === null) return []
    const cells = [parts.tester, parts.beforeModel, parts.connecting, parts.model, parts.afterModel].map(({ p50, p95 }) => `${formatValue(p50, 'ms')} / ${formatValue(p95, 'ms')}`)
    return [[side, phaseInWords(phase), formatCount(n), ...cells]]
  })
  return measured.length === 0 ? '' : table(['Side', 'Phase', 'n', 'Tester (p50 / p95)', 'Before the model', 'Of which connecting', 'Model', 'After the model'], measured)
}

function evidenceBlock({ claims }: RunResult): string {
  return table(['Claim', 'Side', 'Value', 'Interval', 'Tester ±', 'n', 'Verdict', 'Why'], claims.map((claim) => [
    claim.claim,
    claim.role === 'reference' ? `${claim.side} (reference)` : claim.side,
    formatClaimValue(claim),
    claim.verdict === 'skipped' ? '-' : formatInterval(claim.low, claim.high, claim.unit),
    claim.measurementError === null ? '-' : formatValue(claim.measurementError, claim.unit),
    claim.censored > 0 ? `${formatCount(claim.n)}, of which ${formatCount(claim.censored)} ${neverHad(claim.metric).without}` : formatCount(claim.n),
    claim.verdict.toUpperCase(),
    claim.reason,
  ]))
}

function differencesBlock(run: RunResult): string {
  const differences = differencesInWords(run)
  return differences === '' ? '' : `The sides differ in: ${escaped(differences)}.`
}

function sidesBlock({ sides }: RunResult): string {
  return table(['Side', 'Messages answered', 'Failed', 'TTFT p50', 'p90', 'p95', 'p99', 'Settings'], sides.map(({ name, completed, failed, ttft_ms: { p50, p90, p95, p99 }, settings }) => [
    name,
    formatCount(completed),
    formatCount(failed),
    ...[p50, p90, p95, p99].map((value) => (value === null ? '-' : formatValue(value, 'ms'))),
    Object.entries(settings).map(([setting, value]) => `${setting} ${String(value)}`).join(', '),
  ]))
}

function formulas({ claims }: RunResult): string[] {
  return [...new Set(claims.map(({ claim, formula }) => `${claim}: ${formula}`))]
}

function statements({ statements: rows }: VerdictDocument): string[] {
  return rows.length === 0 ? [] : ['## What was said, and what it came to', table(['Statement', 'Finding', 'Evidence', 'What to know'], rows.map((row) => [row.statement, row.finding.toUpperCase(), row.evidence, insteadInWords(row)]))]
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  return [line(titles), `|${' --- |'.repeat(titles.length)}`, ...rows.map(line)].join('\n')
}

const list = (lines: readonly string[]): string => lines.map((line) => `- ${escaped(line)}`).join('\n')

/** Each below what it shows; the files lie beside the report of their scenario. */
function pictures(run: RunResult): string {
  const lines = screenshotsInWords(run)
  return (run.screenshots ?? []).map(({ file }, index) => `${list(lines.slice(index, index + 1))}\n\n![](${file.replaceAll(/[^\w./-]/g, '')})`).join('\n\n')
}

/** A fence longer than any run of backticks inside, so that nothing inside can close it. */
function fenced(text: string): string {
  const line = printable(text)
  const longest = Math.max(2, ...(line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}sh\n${line}\n${fence}`
}

/** Text that comes out of a markdown renderer as it went in: no HTML, no emphasis, no link, no new table cell, nobody mentioned. */
export function escaped(text: string): string {
  return printable(text)
    .replace(/[\\`*_[\]|]|^#|~(?=\S)|(?<=\S)~/g, (character) => `\\${character}`)
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    .replace(/@(?=\w)/g, '@\u200b')
    .replace(/^([-+]|\d+[.)])(?=\s)/, '\\$1')
}
