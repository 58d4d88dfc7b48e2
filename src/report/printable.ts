/** What a terminal obeys instead of showing: CSI and other two-character escapes, OSC and its like up to their terminator, also in their C1 form. */
// oxlint-disable-next-line no-control-regex
const sequences = /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/g
/** Characters that are not shown, or that turn the reading direction of what follows: a name with one could forge the line that it stands in. */
const invisible = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu

/**
 * Text from outside (names, URLs, what a server said) as one line that does nothing but stand there: control sequences are taken out, line
 * ends and tabs become a space.
 */
export function printable(text: string): string {
  return text.replace(sequences, '').replace(/[\s\u0085\u2028\u2029]+/g, ' ').replace(invisible, '').trim()
}

const wide = /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
const joining = /\p{M}|\u200d|\u200c/u

/**
 * Columns that a character takes. An emoji of several code points counts as their sum: a line may come out short, never long.
 * Source: Unicode Standard Annex 11, the wide and full-width ranges.
 */
const characterWidth = (character: string): number => (joining.test(character) ? 0 : wide.test(character) ? 2 : 1)

/** Columns that printable text takes in a terminal. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** Spaces at which a line may end: a unit stays with its number. */
const betweenWords = /(?<!\d) | (?!(?:%|ms|s|min|points)(?![\p{L}\d]))/u

/** Printable lines of at most `width` columns, broken at spaces, and within a word where the word alone is longer. At least one line. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of printable(text).split(betweenWords)) {
    const joined = line === '' ? word : `${line} ${word}`
    if (displayWidth(joined) <= width) {
      line = joined
      continue
    }
    if (line !== '') lines.push(line)
    const pieces = broken(word, width)
    line = pieces.pop() ?? ''
    lines.push(...pieces)
  }
  return [...lines, line]
}

/** A word in pieces of at most `width` columns. */
export function broken(word: string, width: number): string[] {
  const pieces: string[] = []
  let piece = ''
  for (const character of word) {
    if (piece !== '' && displayWidth(piece) + characterWidth(character) > width) {
      pieces.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...pieces, piece]
}
