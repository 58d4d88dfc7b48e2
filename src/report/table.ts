import { displayWidth, wrapped } from './printable.ts'
import { type Palette, palette, plain, type Style } from './palette.ts'

export interface Column {
  readonly title: string
  /** Numbers stand right. */
  readonly align: 'left' | 'right'
}

export interface Cell {
  readonly text: string
  readonly style?: Style | undefined
  /** Stands below the text, dimmed. */
  readonly note?: string | undefined
}

const gap = 2
const noteIndent = '  '
/** Down to this many columns the first column gives way before any other does. */
const firstColumnKeeps = 24

/**
 * Aligned columns under a ruled header, never wider than `width`: cells wrap. The first column, which holds words, gives way first, then the
 * widest. Text is made printable here, and colours are put on after the widths are known.
 */
export function textTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], { width, palette: colours }: { width: number; palette: Palette }): string[] {
  const widths = columnWidths(columns, rows, width)
  const header = columns.map((column): Cell => ({ text: column.title, style: colours.bold }))
  const laid = (row: readonly Cell[]): string[] => layRow(row, columns, widths, colours)
  const rule = colours.dim('─'.repeat(widths.reduce((sum, each) => sum + each, gap * (widths.length - 1))))
  return [...laid(header), rule, ...rows.flatMap(laid)]
}

/** Rows of which the first holds the titles: words left in the first column, numbers right in the others; without colour, 80 columns at most. */
export function renderTable([titles = [], ...rows]: readonly (readonly string[])[]): string {
  const columns = titles.map((title, index): Column => ({ title, align: index === 0 ? 'left' : 'right' }))
  return textTable(columns, rows.map((row) => row.map((text) => ({ text }))), { width: 80, palette: palette(false) }).join('\n')
}

/** A note stands below its text, and in from it where there is room, so that rows are told apart without colour. */
function noted(note: string, width: number): string[] {
  const indent = width > 2 * noteIndent.length ? noteIndent : ''
  return wrapped(note, width - indent.length).map((line) => `${indent}${line}`)
}

function columnWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const cells = columns.map(({ title }, index) => [{ text: title }, ...rows.flatMap((row) => row[index] ?? [])])
  const lines = ({ text, note }: Cell, limit: number): string[] => [...wrapped(text, limit), ...(note === undefined ? [] : noted(note, limit))]
  const widest = (column: readonly Cell[], limit: number): number => Math.max(...column.flatMap((cell) => lines(cell, limit).map(displayWidth)))
  const natural = cells.map((column) => widest(column, Infinity))
  const room = Math.max(columns.length, width - gap * (columns.length - 1))
  const allotted = [...natural]
  const total = (): number => allotted.reduce((sum, each) => sum + each, 0)
  while (total() > room) {
    const first = allotted[0] ?? 0
    const index = first > firstColumnKeeps ? 0 : allotted.indexOf(Math.max(...allotted))
    allotted[index] = (allotted[index] ?? 1) - 1
  }
  const used = cells.map((column, index) => widest(column, allotted[index] ?? 1))
  const spare = room - used.reduce((sum, each) => sum + each, 0)
  used[0] = Math.min(natural[0] ?? 0, (used[0] ?? 0) + spare)
  return used
}

function layRow(row: readonly Cell[], columns: readonly Column[], widths: readonly number[], colours: Palette): string[] {
  const cells = columns.map((_, index) => {
    const { text, style = plain, note } = row[index] ?? { text: '' }
    const lines = (content: string, shade: Style): { line: string; shade: Style }[] => wrapped(content, widths[index] ?? 1).map((line) => ({ line, shade }))
    return note === undefined ? lines(text, style) : [...lines(text, style), ...noted(note, widths[index] ?? 1).map((line) => ({ line, shade: colours.dim }))]
  })
  const height = Math.max(...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, at) => {
    const parts = columns.map(({ align }, index) => {
      const { line, shade } = cells[index]?.[at] ?? { line: '', shade: plain }
      const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(line)))
      return align === 'right' ? `${padding}${shade(line)}` : `${shade(line)}${padding}`
    })
    return parts.join(' '.repeat(gap)).trimEnd()
  })
}
