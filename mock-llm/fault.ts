const kinds = ['silence', 'heartbeat', 'hang', 'rst', 'fin', 'garbage', 'error', 'split'] as const

/** Before the response head, after so many tokens (0: head sent, no token yet), or after the last token and before whatever ends the answer. */
export type FaultPlace = 'headers' | number | 'end'

/** One thing that goes wrong at one place of one answer. */
export type Fault = {
  /** As asked for: `silence@first`. */
  readonly text: string
} & ({ readonly kind: (typeof kinds)[number]; readonly place: FaultPlace } | { readonly kind: 'status'; readonly place: 'headers'; readonly code: number })

/** A malformed frame, an error in the stream: they need a stream to be in. */
const withinStream: readonly string[] = ['heartbeat', 'garbage', 'error', 'split']

/** Reads `KIND[:ARG]@PLACE`, PLACE being `headers`, `first`, a number of tokens or `end`. A string says what is wrong with the text. */
export function readFault(text: string): Fault | string {
  const [head = '', placeText, ...rest] = text.split('@')
  const [name, argument, ...more] = head.split(':')
  if (rest.length > 0 || more.length > 0) return 'is not KIND@PLACE'
  if (name === 'status') return readStatus(text, argument, placeText)
  const kind = kinds.find((candidate) => candidate === name)
  if (kind === undefined) return `is none of ${[...kinds, 'status:CODE'].join(', ')}`
  if (argument !== undefined) return `takes no argument: ${kind}@PLACE`
  if (kind === 'hang') return { text, kind, place: 'end' }
  const place = readPlace(placeText)
  if (place === null) return 'needs a place: @headers, @first, @N (after N tokens) or @end'
  if (place === 'headers' && withinStream.includes(kind)) return 'needs a response head: @first, @N or @end'
  if (place === 'end' && kind === 'split') return 'needs a token: @first or @N'
  return { text, kind, place }
}

function readStatus(text: string, argument: string | undefined, place: string | undefined): Fault | string {
  if (argument === undefined || !/^[45]\d\d$/.test(argument)) return 'needs a status from 400 to 599: status:500@headers'
  return place === undefined || place === 'headers' ? { text, kind: 'status', place: 'headers', code: Number(argument) } : 'has one place: status:CODE@headers'
}

function readPlace(text: string | undefined): FaultPlace | null {
  if (text === 'headers' || text === 'end') return text
  if (text === 'first') return 0
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : null
}

/** No place of any answer. */
export const nowhere = Infinity
export const beforeHead = -1

/** The number of tokens before the place: `beforeHead`, 0, 1, …, `planned` at the end, `nowhere` without a fault. Beyond `planned` it never comes. */
export function placeIndex(fault: Fault | null, planned: number): number {
  if (fault === null) return nowhere
  if (fault.place === 'headers') return beforeHead
  return fault.place === 'end' ? planned : fault.place
}

/** Which requests a fault with `times` still hits: the first so many of each id. The oldest ids are forgotten. */
export class FaultCounts {
  readonly #given = new Map<string, number>()

  /** Counts the request, too. */
  isDue(id: string, times: number): boolean {
    const given = this.#given.get(id) ?? 0
    if (given >= times) return false
    this.#given.delete(id)
    this.#given.set(id, given + 1)
    if (this.#given.size > 100_000) for (const oldest of this.#given.keys()) return this.#given.delete(oldest)
    return true
  }
}
