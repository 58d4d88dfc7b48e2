import type { RunResult, VerdictDocument } from '../verdict/document.ts'
import { claimTables, type ClaimTable, comparisonTables, type ComparisonTable } from './before-after.ts'
import { comparedInWords, nextInWords } from './compared-words.ts'
import { formatValue } from './format.ts'
import { overview } from './overview.ts'
import { type Palette, palette, plain, type Style } from './palette.ts'
import { broken, displayWidth, printable, wrapped } from './printable.ts'
import { type Cell, type Column, textTable } from './table.ts'
import { blameInWords, checkInWords, differencesInWords, evidenceInShort, failuresInWords, findingStyle, insteadInWords, loadInWords, marks, phaseInWords, screenshotsInWords, unattributed, verdictStyle } from './words.ts'

export interface TerminalOptions {
  readonly colour: boolean
  /** Columns of the terminal; 80 are used at most, so that a report reads the same in a log, and 40 at least. */
  readonly width?: number
  /** Where the run's files are; the last lines say so. */
  readonly folder?: string
}

const mostColumns = 80
const leastColumns = 40

/** What every part of a page needs to know of it. */
export interface Page {
  readonly width: number
  readonly palette: Palette
}

export const pageOf = ({ colour, width = mostColumns }: TerminalOptions): Page => ({ width: Math.min(mostColumns, Math.max(leastColumns, Math.floor(width) || mostColumns)), palette: palette(colour) })

/** The verdict as text for a terminal: what it came to first, then the figures, then what they rest on. Ends with a line end. */
export function renderTerminal(document: VerdictDocument, { colour, width = mostColumns, folder }: TerminalOptions): string {
  const page = pageOf({ colour, width })
  const runs = document.runs.length > 1 ? severalRuns(document, folder, page) : document.runs.flatMap((run) => runSections(run, page))
  const sections = [...overall(document, page), ...runs, leftOut(document, page), statements(document, page), files(folder, page)]
  return `${sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')}\n`
}

/** Of several scenarios the verdict of all; of one it is the scenario's own, which follows. */
function overall({ runs, verdict, exitCode }: VerdictDocument, page: Page): string[][] {
  if (runs.length === 1) return []
  return [item(page, verdict.toUpperCase(), verdictStyle(verdict, page.palette), runs.length === 0 ? 'Nothing was measured.' : `${runs.length} scenarios together (exit code ${exitCode})`)]
}

/** Of several scenarios one table, and of each what was found and what stands in the way; the rest is in its own report. */
function severalRuns({ runs }: VerdictDocument, folder: string | undefined, page: Page): string[][] {
  const found = runs.filter(({ verdict }) => verdict !== 'pass')
  return [
    overview(runs, page),
    ...found.map((run) => item(page, run.verdict.toUpperCase(), verdictStyle(run.verdict, page.palette), `${run.scenario}: ${run.sentence}`)),
    ...runs.filter(({ comparedWith }) => comparedWith !== undefined).flatMap((run) => [paragraph(page, `${run.scenario}, beside the earlier run`, { style: page.palette.bold }), ...comparedSections(run, page)]),
    ...runs.map((run) => [...section(page, `${run.scenario}: messages that failed`, failuresInWords(run).flatMap((line) => paragraph(page, line, { indent: 2 })))]),
    ...runs.map((run) => section(page, `${run.scenario}: can the figures be trusted?`, run.validity.filter(({ verdict }) => verdict === 'invalid').flatMap((check) => item(page, '  INVALID', page.palette.bad, checkInWords(check))))),
    paragraph(page, `Every figure, its evidence and its formula: npx first-token report ${folder ?? 'FOLDER'}/SCENARIO`, { style: page.palette.dim }),
  ]
}

/** What was asked for and could not be shown on these systems. */
function leftOut({ leftOut: scenarios }: VerdictDocument, page: Page): string[] {
  return section(page, 'Left out', scenarios.flatMap(({ scenario, reason }) => item(page, `  ${scenario}`, page.palette.doubtful, reason)))
}

function runSections(run: RunResult, page: Page): string[][] {
  return [
    item(page, run.verdict.toUpperCase(), verdictStyle(run.verdict, page.palette), run.sentence, page.palette.bold),
    question(run, page),
    ...claimTables(run).map((table) => claimSection(table, run, page)),
    ...comparedSections(run, page),
    failures(run, page),
    attribution(run, page),
    validity(run, page),
    evidence(run, page),
    section(page, 'What the page showed', screenshotsInWords(run).flatMap((line) => paragraph(page, line, { indent: 2 }))),
    reproduce(run, page),
  ]
}

/** A word that leads, and text that hangs behind it. */
export function item({ width }: Page, lead: string, leadStyle: Style, text: string, style: Style = plain): string[] {
  const indent = ' '.repeat(displayWidth(lead) + 2)
  return wrapped(text, width - indent.length).map((line, index) => `${index === 0 ? `${leadStyle(lead)}  ` : indent}${style(line)}`)
}

function paragraph({ width }: Page, text: string, { indent = 0, style = plain }: { indent?: number; style?: Style } = {}): string[] {
  return wrapped(text, width - indent).map((line) => `${' '.repeat(indent)}${style(line)}`)
}

function section(page: Page, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...paragraph(page, title, { style: page.palette.bold }), ...lines]
}

function question(run: RunResult, page: Page): string[] {
  const differences = differencesInWords(run)
  return [
    ...paragraph(page, `${run.scenario}: ${run.question}`),
    ...(run.interrupted ? paragraph(page, 'The run was interrupted: this is what had been measured.', { style: page.palette.doubtful }) : []),
    ...loadInWords(run).flatMap((line) => paragraph(page, line, { style: page.palette.dim })),
    ...(differences === '' ? [] : paragraph(page, `The sides differ in: ${differences}`, { style: page.palette.dim })),
  ]
}

function claimSection({ sides, rows }: ClaimTable, run: RunResult, page: Page): string[] {
  const several = run.sides.length > 1
  const hasChange = rows.some(({ change }) => change !== undefined)
  const hasInterval = rows.some(({ interval }) => interval !== undefined && interval !== '')
  const columns: Column[] = [
    { title: 'Claim', align: 'left' },
    ...sides.map((side): Column => ({ title: side, align: 'right' })),
    ...(hasInterval ? [{ title: 'between', align: 'right' } as const] : []),
    ...(hasChange ? [{ title: 'change', align: 'right' } as const] : []),
    { title: 'bound', align: 'right' },
    { title: 'verdict', align: 'left' },
  ]
  const cells = rows.map((row): Cell[] => [
    { text: row.claim, note: row.measure },
    ...row.values.map((value): Cell => value === undefined ? { text: '-' } : { text: several ? `${value.text} ${marks[value.verdict]}` : value.text, style: verdictStyle(value.verdict, page.palette) }),
    ...(hasInterval ? [{ text: row.interval ?? '' }] : []),
    ...(hasChange ? [{ text: row.change ?? '' }] : []),
    { text: row.bound },
    { text: row.verdict.toUpperCase(), style: verdictStyle(row.verdict, page.palette) },
  ])
  return [...textTable(columns, cells, page), ...legend(rows, several, run, page)]
}

/** What the signs of the table mean, those that it has. */
function legend(rows: ClaimTable['rows'], several: boolean, run: RunResult, page: Page): string[] {
  const verdicts = [...new Set(rows.flatMap(({ values }) => values.flatMap((value) => value?.verdict ?? [])))]
  const references = run.sides.filter(({ role }) => role === 'reference').map(({ name }) => name)
  const sentences = [
    several ? verdicts.map((verdict) => `${marks[verdict]} ${verdict}`).join(', ') : '',
    rows.some(({ change }) => change === '~') ? '~ no difference shown' : '',
    run.claims.some(({ statistic }) => statistic === 'p95') ? 'p95: 95 of 100 messages were at least this fast' : '',
    references.length > 0 && references.length < run.sides.length ? `${references.join(' and ')}: to compare with, without a say in the verdict` : '',
  ].filter((sentence) => sentence !== '')
  return sentences.length === 0 ? [] : paragraph(page, sentences.join('; '), { style: page.palette.dim })
}

/** What sides, or runs, are compared by; and with which run, where it was another. */
export function comparedSections(run: RunResult, page: Page): string[][] {
  const next = run.comparedWith?.next ?? null
  return [
    comparedInWords(run).flatMap((line) => paragraph(page, line)),
    ...comparisonTables(run, { beyondClaims: run.comparedWith === undefined }).map((table) => comparisonSection(table, page)),
    next === null ? [] : [...paragraph(page, nextInWords), ...shellLines(next, page.width)],
  ]
}

function comparisonSection({ title, beforeSide, afterSide, rows }: ComparisonTable, page: Page): string[] {
  const columns: Column[] = [
    { title, align: 'left' },
    { title: beforeSide, align: 'right' },
    { title: afterSide, align: 'right' },
    { title: 'change (interval)', align: 'right' },
    { title: 'verdict', align: 'left' },
  ]
  const cells = rows.map((row): Cell[] => [
    { text: row.measure },
    { text: row.before },
    { text: row.after },
    { text: row.change },
    { text: row.word, style: verdictStyle(row.verdict, page.palette) },
  ])
  const unit = 'median of the rounds’ figures, and how it changed'
  const reasons = [...new Set(rows.flatMap(({ verdict, reason }) => (verdict === 'unjudged' || verdict === 'fail' ? reason : [])))]
  return [...textTable(columns, cells, page), ...paragraph(page, unit, { style: page.palette.dim }), ...reasons.flatMap((reason) => paragraph(page, reason, { style: page.palette.dim }))]
}

function failures(run: RunResult, page: Page): string[] {
  return section(page, 'Messages that failed', failuresInWords(run).flatMap((line) => paragraph(page, line, { indent: 2 })))
}

function attribution(run: RunResult, page: Page): string[] {
  const rows = run.attribution
  const measured = rows.flatMap(({ side, phase, parts }) => (parts === null ? [] : [{ side, phase, parts }]))
  const columns: Column[] = [
    { title: 'Where the time went (p50)', align: 'left' },
    ...['tester', 'before the model', 'of which connecting', 'model', 'after the model'].map((title): Column => ({ title, align: 'right' })),
  ]
  const cells = measured.map(({ side, phase, parts }): Cell[] => [
    { text: `${side}, ${phaseInWords(phase)}` },
    ...[parts.tester, parts.beforeModel, parts.connecting, parts.model, parts.afterModel].map(({ p50 }) => ({ text: formatValue(p50, 'ms') })),
  ])
  const words = [...blameInWords(run), ...unattributed(rows)].flatMap((line) => paragraph(page, line))
  if (measured.length === 0) return section(page, 'Where the time went', words)
  return [...textTable(columns, cells, page), ...paragraph(page, 'tester: our own lateness; model: until it wrote its first token', { style: page.palette.dim }), ...words]
}

function validity({ validity: checks }: RunResult, page: Page): string[] {
  const fine = checks.filter(({ verdict }) => verdict === 'ok').map(({ name }) => name)
  return section(page, 'Can the figures be trusted?', [
    ...checks.filter(({ verdict }) => verdict === 'invalid').flatMap((check) => item(page, '  INVALID', page.palette.bad, checkInWords(check))),
    ...checks.filter(({ verdict }) => verdict === 'note').flatMap((check) => item(page, '  note', page.palette.doubtful, checkInWords(check))),
    ...(fine.length === 0 ? [] : item(page, '  ok', page.palette.good, fine.join(', '))),
  ])
}

function evidence({ claims, sides }: RunResult, page: Page): string[] {
  const judged = claims.filter(({ role }) => role === 'judged')
  const several = sides.filter(({ role }) => role === 'judged').length > 1
  const explained = new Set<string>()
  return section(page, 'Evidence', judged.flatMap((claim) => {
    const name = several ? `${claim.side}: ${claim.claim}` : claim.claim
    const lines = item(page, `  ${claim.verdict.toUpperCase()}`, verdictStyle(claim.verdict, page.palette), `${name}: ${claim.verdict === 'pass' ? evidenceInShort(claim) : claim.reason}`)
    if (claim.verdict === 'skipped' || explained.has(claim.claim)) return lines
    explained.add(claim.claim)
    return [...lines, ...paragraph(page, claim.formula, { indent: 4 + claim.verdict.length, style: page.palette.dim })]
  }))
}

/** What was said of the stack, and what it came to; what to do instead stands below. */
function statements({ statements: rows }: VerdictDocument, page: Page): string[] {
  return section(page, 'What was said, and what it came to', rows.flatMap((row) => [
    ...item(page, `  ${row.finding.toUpperCase()}`, findingStyle(row.finding, page.palette), `"${row.statement}"`),
    ...paragraph(page, row.evidence, { indent: 4 }),
    ...(row.instead === null ? [] : paragraph(page, insteadInWords(row), { indent: 4 })),
  ]))
}

/** The command, broken so that it can be pasted back as it stands: a shell joins lines that end in a backslash. */
function reproduce({ reproduce: command }: RunResult, page: Page): string[] {
  return section(page, 'To repeat this run', shellLines(command, page.width))
}

const shellWords = /(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\]|['"\\])+/g

/** A word is kept whole where it fits on a line; where it does not, its rest begins at the margin, or the shell would see two words. */
function shellLines(command: string, width: number): string[] {
  const lines: string[] = []
  let line = '  '
  for (const word of printable(command).match(shellWords) ?? []) {
    const joined = line.trim() === '' ? `${line}${word}` : `${line} ${word}`
    if (displayWidth(joined) <= width - 2) {
      line = joined
      continue
    }
    if (line.trim() !== '') lines.push(`${line} \\`)
    const pieces = broken(`  ${word}`, width - 1)
    line = pieces.pop() ?? ''
    lines.push(...pieces.map((piece) => `${piece}\\`))
  }
  return [...lines, line]
}

function files(folder: string | undefined, page: Page): string[] {
  return folder === undefined ? [] : section(page, 'Files', broken(printable(folder), page.width - 2).map((line) => `  ${line}`))
}
