import type { VerdictDocument } from '../verdict/document.ts'
import { renderJson } from './json.ts'
import { renderMarkdown } from './markdown.ts'
import { renderTerminal, type TerminalOptions } from './terminal.ts'

export const reportFormats = ['terminal', 'markdown', 'json'] as const
export type ReportFormat = (typeof reportFormats)[number]

/** A verdict document as text. Opens no file, reads no clock. `options` are a terminal's and mean nothing to the other formats. */
export function render(format: ReportFormat, document: VerdictDocument, options: TerminalOptions): string {
  switch (format) {
    case 'terminal': return renderTerminal(document, options)
    case 'markdown': return renderMarkdown(document)
    case 'json': return renderJson(document)
  }
}
