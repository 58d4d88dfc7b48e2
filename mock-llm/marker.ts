import { type Fault, readFault } from './fault.ts'
import { readShape, type Shape } from './shape.ts'

/** What the harness asks of one answer, in the last line of the last user message. Times in ms; what is undefined is left to model name and settings. */
export interface Marker {
  readonly id: string
  readonly tokens?: number
  readonly first?: number
  readonly gap?: number
  readonly head?: number
  /** Reasoning tokens before the content. */
  readonly reasoning?: number
  readonly fault?: Fault
  /** The fault hits the first so many requests of this id. */
  readonly times?: number
  readonly shape?: Shape
  /** How long the search engine takes, how many results it has, how long each page is and takes. */
  readonly search?: number
  readonly pages?: number
  readonly pagebytes?: number
  readonly pagetakes?: number
}

export type MarkerReading = { readonly kind: 'none' } | { readonly kind: 'marker'; readonly marker: Marker } | { readonly kind: 'bad'; readonly problems: readonly string[] }

/** At 20 ms a token half an hour. More is a slip of the keyboard, and an answer in one piece of that length would hold up everybody else's tokens. */
export const mostTokens = 100_000
export const mostPages = 100
/** 32 MiB: more than a gateway will read. */
export const mostPageBytes = 2 ** 25

const whole = (least: number, most: number) => (value: number): boolean => Number.isInteger(value) && value >= least && value <= most
const time = (value: number): boolean => value >= 0 && value <= 86_400_000
const numbers = new Map<string, (value: number) => boolean>([
  ['tokens', whole(1, mostTokens)],
  ['first', time],
  ['gap', time],
  ['head', time],
  ['reasoning', whole(0, mostTokens)],
  ['times', whole(1, 1_000_000)],
  ['search', time],
  ['pages', whole(0, mostPages)],
  ['pagebytes', whole(0, mostPageBytes)],
  ['pagetakes', time],
])

/**
 * Reads the marker that sets the answer's behaviour: the last line of `text`. A marker with an unknown key or an impossible value is `bad`
 * rather than ignored: whoever wrote it would otherwise measure another answer than the one asked for.
 */
export function readMarker(text: string): MarkerReading {
  return read(/(?:^|\n)[ \t]*\[\[ft1 ([^\]\n]*)\]\]\s*$/.exec(text))
}

/** Reads the last marker anywhere in `text`: a search query is a prompt that a gateway may have put on one line, or words around it. */
export function findMarker(text: string): MarkerReading {
  return read([...text.matchAll(/\[\[ft1 ([^\]\n]*)\]\]/g)].at(-1) ?? null)
}

function read(match: RegExpExecArray | null): MarkerReading {
  if (match === null) return { kind: 'none' }
  const problems: string[] = []
  const values: Record<string, number> = {}
  const said: { id: string; fault?: Fault; shape?: Shape } = { id: '' }
  for (const part of (match[1] ?? '').split(/ +/).filter((piece) => piece !== '')) {
    const [key = '', value = ''] = part.split('=', 2)
    const isPossible = numbers.get(key)
    if (key === 'id') said.id = value
    else if (key === 'fault' || key === 'shape') {
      const reading = key === 'fault' ? readFault(value) : readShape(value)
      if (typeof reading === 'string') problems.push(`${key}="${value}" ${reading}`)
      else Object.assign(said, { [key]: reading })
    } else if (isPossible === undefined) problems.push(`unknown key "${key}"`)
    else if (!/^\d+(\.\d+)?$/.test(value) || !isPossible(Number(value))) problems.push(`${key}="${value}" is not a possible value`)
    else values[key] = Number(value)
  }
  if (!/^[a-z0-9-]{1,128}$/.test(said.id)) problems.push(`id="${said.id}" is not made of a-z, 0-9 and -`)
  return problems.length > 0 ? { kind: 'bad', problems } : { kind: 'marker', marker: { ...said, ...values } }
}

/** The id of the last marker anywhere in `text`: a gateway that pastes a prompt into a request of its own (a title, tags) still tells whose it is. */
export function mentionedId(text: string): string | null {
  let id: string | null = null
  for (const match of text.matchAll(/\[\[ft1 id=([a-z0-9-]{1,128})[ \]]/g)) id = match[1] ?? null
  return id
}
