/** Harmless peculiarities of servers: another framing of the same answer, which whoever reads it has to bear. */
export interface Shape {
  /** Lines end in CR LF. */
  readonly crlf: boolean
  /** A comment in a write of its own before the role chunk and after every token but the last. */
  readonly comments: boolean
  /** Tokens to a write. Due when the last of them is. */
  readonly perWrite: number
  /** Tokens to an event: 1, or as many as a write has. */
  readonly perEvent: number
  /** A last chunk with usage alone, asked for or not. */
  readonly usageLast: boolean
  /** No [DONE] at the end. */
  readonly noDone: boolean
  /** Every token begins with a character of two, three or four bytes, the next in turn. The checksum counts their bytes. */
  readonly utf8: boolean
}

export const plain: Shape = { crlf: false, comments: false, perWrite: 1, perEvent: 1, usageLast: false, noDone: false, utf8: false }

/** Reads one shape or several with commas between: `crlf,packed:3`. A string says what is wrong with the text. */
export function readShape(text: string): Shape | string {
  const shape: { -readonly [K in keyof Shape]: Shape[K] } = { ...plain }
  for (const part of text.split(',')) {
    const match = /^(packed|several):([1-9]\d{0,3})$/.exec(part)
    if (match !== null) {
      if (shape.perWrite !== 1) return 'has packed or several twice'
      shape.perWrite = Number(match[2])
      shape.perEvent = match[1] === 'several' ? shape.perWrite : 1
    } else if (part === 'crlf' || part === 'comments' || part === 'utf8') shape[part] = true
    else if (part === 'usage-last') shape.usageLast = true
    else if (part === 'no-done') shape.noDone = true
    else return 'is none of crlf, comments, packed:N, several:N, usage-last, no-done, utf8, or several of them with commas'
  }
  return shape
}
