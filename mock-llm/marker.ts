/** What the harness asks of one answer, in the last line of the last user message. Times in ms; what is undefined is left to model name and settings. */
export interface Marker {
  readonly id: string
  readonly tokens?: number
  readonly first?: number
  readonly gap?: number
  readonly head?: number
  /** Reasoning tokens before the content. */
  readonly reasoning?: number
}

export type MarkerReading = { readonly kind: 'none' } | { readonly kind: 'marker'; readonly marker: Marker } | { readonly kind: 'bad'; readonly problems: readonly string[] }

/** At 20 ms a token half an hour. More is a slip of the keyboard, and an answer in one piece of that length would hold up everybody else's tokens. */
export const mostTokens = 100_000

const wholeTokens = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= mostTokens
const time = (value: number): boolean => value >= 0 && value <= 86_400_000
const checks = new Map<string, (value: number) => boolean>([
  ['tokens', wholeTokens],
  ['first', time],
  ['gap', time],
  ['head', time],
  ['reasoning', (value) => value === 0 || wholeTokens(value)],
])

/**
 * Reads the marker that sets the answer's behaviour: the last line of `text`. A marker with an unknown key or an impossible value is `bad`
 * rather than ignored: whoever wrote it would otherwise measure another answer than the one asked for.
 */
export function readMarker(text: string): MarkerReading {
  const match = /(?:^|\n)[ \t]*\[\[ft1 ([^\]\n]*)\]\]\s*$/.exec(text)
  if (match === null) return { kind: 'none' }
  const problems: string[] = []
  const values: Record<string, number> = {}
  let id = ''
  for (const part of (match[1] ?? '').split(/ +/).filter((piece) => piece !== '')) {
    const [key = '', value = ''] = part.split('=', 2)
    const isPossible = checks.get(key)
    if (key === 'id') id = value
    else if (isPossible === undefined) problems.push(`unknown key "${key}"`)
    else if (!/^\d+(\.\d+)?$/.test(value) || !isPossible(Number(value))) problems.push(`${key}="${value}" is not a possible value`)
    else values[key] = Number(value)
  }
  if (!/^[a-z0-9-]{1,128}$/.test(id)) problems.push(`id="${id}" is not made of a-z, 0-9 and -`)
  return problems.length > 0 ? { kind: 'bad', problems } : { kind: 'marker', marker: { id, ...values } }
}

/** The id of the last marker anywhere in `text`: a gateway that pastes a prompt into a request of its own (a title, tags) still tells whose it is. */
export function mentionedId(text: string): string | null {
  let id: string | null = null
  for (const match of text.matchAll(/\[\[ft1 id=([a-z0-9-]{1,128})[ \]]/g)) id = match[1] ?? null
  return id
}
