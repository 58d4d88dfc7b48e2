import { displayWidth, wrapped } from './printable.ts'
import { type Palette, plain, type Style } from './palette.ts'

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
/** Down to this many columns the first column gives way before any other does. */
const firstColumnKeeps = 24

/**
 * Aligned columns under a ruled header, never wider than `width`: cells wrap. The first column, which holds words, gives way first, then the
 * widest. Text is made printable here, and colours are put on after the widths are known.
 */
export function textTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], { width, palette }: { width: number; palette: Palette }): string[] {
  const widths = columnWidths(columns, rows, width)
  const header = columns.map((column): Cell => ({ text: column.title, style: palette.bold }))
  const laid = (row: readonly Cell[]): string[] => layRow(row, columns, widths, palette)
  const rule = palette.dim('─'.repeat(widths.reduce((sum, each) => sum + each, gap * (widths.length - 1))))
  return [...laid(header), rule, ...rows.flatMap(laid)]
}

function columnWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[], width: number): number[] {
  const texts = columns.map((column, index) => [column.title, ...rows.flatMap((row) => [row[index]?.text ?? '', row[index]?.note ?? ''])])
  const widest = (cells: readonly string[], limit: number): number => Math.max(...cells.flatMap((text) => wrapped(text, limit).map(displayWidth)))
  const natural = texts.map((cells) => widest(cells, Infinity))
  const room = Math.max(columns.length, width - gap * (columns.length - 1))
  const allotted = [...natural]
  const total = (): number => allotted.reduce((sum, each) => sum + each, 0)
  while (total() > room) {
    const first = allotted[0] ?? 0
    const index = first > firstColumnKeeps ? 0 : allotted.indexOf(Math.max(...allotted))
    allotted[index] = (allotted[index] ?? 1) - 1
  }
  const used = texts.map((cells, index) => widest(cells, allotted[index] ?? 1))
  const spare = room - used.reduce((sum, each) => sum + each, 0)
  used[0] = Math.min(natural[0] ?? 0, (used[0] ?? 0) + spare)
  return used
}

function layRow(row: readonly Cell[], columns: readonly Column[], widths: readonly number[], palette: Palette): string[] {
  const cells = columns.map((_, index) => {
    const { text = '', style = plain, note } = row[index] ?? { text: '' }
    const lines = (content: string, shade: Style): { line: string; shade: Style }[] => wrapped(content, widths[index] ?? 1).map((line) => ({ line, shade }))
    return note === undefined ? lines(text, style) : [...lines(text, style), ...lines(note, palette.dim)]
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
