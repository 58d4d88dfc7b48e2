/** Comments, what is not meant to be read, tags, and text, in pieces short enough that none of them takes long. */
const piece = /<!--[^]*?(?:-->|$)|<(script|style|template|noscript)\b[^]*?(?:<\/\1\s*>|$)|<\/?([a-z][a-z\d]*)[^>]*(?:>|$)|<![^>]*(?:>|$)|[^<]{1,16384}|</gi
const blocks = new Set('address article aside blockquote body br dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html li main nav ol p pre section table td th title tr ul'.split(' '))
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'', nbsp: ' ' }

/** So much of a page is read before others have their turn: a few milliseconds at most. */
const turnLength = 65_536
/** So much text of a page is used, characters: more of it would go into no model's context. */
const textLimit = 65_536

/**
 * What a person reads of a page, one line a block, at most 65,536 characters.
 * @param turn asked for between parts of the page: lets whoever waits for the event loop have it, or not.
 */
export async function htmlText(html: string, turn: () => Promise<void> | undefined): Promise<string> {
  let text = ''
  let turnEnd = turnLength
  for (const match of html.matchAll(piece)) {
    if (text.length > textLimit) break
    text += match[0].startsWith('<') && match[0].length > 1 ? (blocks.has((match[2] ?? '').toLowerCase()) ? '\n' : '') : spoken(match[0])
    if (match.index > turnEnd) {
      turnEnd = match.index + turnLength
      await turn()
    }
  }
  return text.replaceAll(/[^\S\n]+/g, ' ').replaceAll(/ ?\n\s*/g, '\n').trim().slice(0, textLimit)
}

const spoken = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|(\w{2,6}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
  if (name !== undefined) return entities[name.toLowerCase()] ?? whole
  return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex ?? '20', 16) : Number(decimal))
})
