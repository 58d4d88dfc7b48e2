/** Puts a colour around text that is already laid out: widths are counted before, so colours never move a column. */
export type Style = (text: string) => string

export interface Palette {
  readonly bold: Style
  readonly dim: Style
  readonly good: Style
  readonly bad: Style
  readonly doubtful: Style
}

const sgr = (code: number): Style => (text) => (text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`)
export const plain: Style = (text) => text

/** The colours of a terminal report, from the eight that every theme has. Without colour they all return the text as it is. */
export function palette(colour: boolean): Palette {
  if (!colour) return { bold: plain, dim: plain, good: plain, bad: plain, doubtful: plain }
  return { bold: sgr(1), dim: sgr(2), good: sgr(32), bad: sgr(31), doubtful: sgr(33) }
}
