import type { Behaviour } from './settings.ts'
import { draws } from './delay.ts'

/** What is told: so many reasoning tokens, then so many of content or of a tool call's arguments. */
export interface Answer {
  /** The text's tokens are `ID.0`, ` ID.1` …: the marker's id, or one of the mock's own. */
  readonly id: string
  readonly reasoning: number
  readonly tokens: number
  /** The function that is called instead of saying something, and the argument that takes the text. */
  readonly tool: { readonly name: string; readonly argument: string } | null
  readonly finish: 'stop' | 'length' | 'tool_calls'
}

/** Cuts what the behaviour wants to the tokens that the request allows; reasoning counts, and comes first. */
export function answerOf(id: string, wanted: Behaviour, mostTokens: number | null, tool: Answer['tool']): Answer {
  const most = mostTokens ?? Infinity
  const reasoning = Math.min(wanted.reasoning, most)
  const tokens = Math.min(wanted.tokens, most - reasoning)
  const isCut = reasoning < wanted.reasoning || tokens < wanted.tokens
  return { id, reasoning, tokens, tool, finish: isCut ? 'length' : tool === null ? 'stop' : 'tool_calls' }
}

/**
 * The numbered tokens of one text: `ID.0`, ` ID.1`, …, the last with `/n~checksum`, FNV-1a (32 bit, draft-eastlake-fnv) of all bytes before
 * the slash. Whoever reads the text can tell a lost, doubled, swapped or foreign token, and that the text is whole.
 */
export class NumberedTokens {
  readonly #id: string
  readonly #count: number
  #next = 0
  #hash = 0x811c9dc5

  constructor(id: string, count: number) {
    this.#id = id
    this.#count = count
  }

  next(): string {
    const number = this.#next
    const token = number === 0 ? `${this.#id}.0` : ` ${this.#id}.${number}`
    this.#next += 1
    let hash = this.#hash
    // Ids are ASCII: a character is a byte.
    for (let index = 0; index < token.length; index += 1) hash = Math.imul(hash ^ token.charCodeAt(index), 0x01000193)
    this.#hash = hash
    return this.#next === this.#count ? `${token}/${this.#count}~${(hash >>> 0).toString(16).padStart(8, '0')}` : token
  }

  /** The whole text at once; for a fresh object. */
  text(): string {
    let text = ''
    while (this.#next < this.#count) text += this.next()
    return text
  }
}

/** When the parts of one answer are due, absolute: whatever was late before, the next is not. */
export interface Timetable {
  readonly headersDueAt: number
  readonly firstTokenDueAt: number
  /** How long after its predecessor the next token is due. Each call draws anew. */
  readonly nextGap: () => number
}

/**
 * @param origin where head and first-token delay count from: the request's first byte, or the start of its slot if it had to wait for one.
 * @param readAt when the request had been read. Nothing is due before: a client that sends its request in drips makes its own answer late.
 */
export function timetable(behaviour: Behaviour, id: string, origin: number, readAt: number): Timetable {
  const { seed } = behaviour
  const headersDueAt = Math.max(readAt, origin + draws(behaviour.head, seed, id, 'head')())
  const first = draws(behaviour.first, seed, id, 'first')() + behaviour.firstTokenDelay
  return { headersDueAt, firstTokenDueAt: Math.max(headersDueAt, origin + first), nextGap: draws(behaviour.gap, seed, id, 'gap') }
}

/** An answer in the words of one dialect. ASCII text, so that its length is its size on the wire. */
export interface Encoding {
  readonly headers: Readonly<Record<string, string>>
  /** Goes out with the response head; no token in it. Empty where the dialect has none. */
  readonly opening: string
  /** The next token, encoded: reasoning first. */
  token(): string
  /** Goes out after the last token. */
  closing(): string
}
