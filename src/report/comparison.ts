import type { RunResult, VerdictDocument } from '../verdict/document.ts'
import { renderJson } from './json.ts'
import { comparedBlocks, escaped } from './markdown.ts'
import type { ReportFormat } from './render.ts'
import { comparedSections, item, pageOf, type TerminalOptions } from './terminal.ts'
import { verdictStyle } from './words.ts'

/** Runs beside earlier ones as text: what `first-token compare` prints. The verdict of the later run leads, since it is what the exit code says. */
export function renderComparison(format: ReportFormat, document: VerdictDocument, options: TerminalOptions): string {
  switch (format) {
    case 'terminal': return terminal(document, options)
    case 'markdown': return markdown(document)
    case 'json': return renderJson(document)
  }
}

const sidesOf = ({ sides }: RunResult): string => sides.filter(({ role }) => role === 'judged').map(({ name }) => name).join(' and ')

function terminal({ runs }: VerdictDocument, options: TerminalOptions): string {
  const page = pageOf(options)
  const sections = runs.flatMap((run) => [
    item(page, run.verdict.toUpperCase(), verdictStyle(run.verdict, page.palette), `${run.scenario}: ${run.sentence}`, page.palette.bold),
    ...comparedSections(run, page),
  ])
  return `${sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function markdown({ runs }: VerdictDocument): string {
  const blocks = runs.flatMap((run) => [`# ${escaped(run.scenario)}: ${escaped(run.comparedWith?.label ?? '')}, then ${escaped(sidesOf(run))}`, `**${run.verdict.toUpperCase()}: ${escaped(run.sentence)}**`, ...comparedBlocks(run)])
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`
}
