import { draws } from './delay.ts'
import type { Behaviour } from './settings.ts'
import type { Shape } from './shape.ts'

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

/** The UTF-8 bytes of a text, a character a byte: what can be written as latin1, and is as long as it looks. */
export const byteText = (text: string): string => Buffer.from(text, 'utf8').toString('latin1')
export const textOfBytes = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')

/** What stands before the token of that number, reasoning counted, as bytes; mostly nothing. Null: before none. */
export type Marks = ((index: number) => string) | null

const characters = ['é', '漢', '🌍'].map(byteText)

/** The characters that a shape or a fault wants before tokens. `split` is the token whose character is cut in two. */
export function marksOf(shape: Shape, split: number | null): Marks {
  const character = (index: number): string => characters[index % characters.length] ?? ''
  if (shape.utf8) return character
  return split === null ? null : (index) => (index === split ? character(2) : '')
}

/**
 * The numbered tokens of one text as bytes: `ID.0`, ` ID.1`, …, the last with `/n~checksum`, FNV-1a (32 bit, draft-eastlake-fnv) of all bytes before
 * the slash. Whoever reads the text can tell a lost, doubled, swapped or foreign token, and that the text is whole.
 */
export class NumberedTokens {
  readonly #id: string
  readonly #count: number
  readonly #marks: Marks
  #next = 0
  #hash = 0x811c9dc5

  constructor(id: string, count: number, marks: Marks = null) {
    this.#id = id
    this.#count = count
    this.#marks = marks
  }

  next(): string {
    const number = this.#next
    let token = number === 0 ? `${this.#id}.0` : ` ${this.#id}.${number}`
    if (this.#marks !== null) token = this.#marks(number) + token
    this.#next += 1
    let hash = this.#hash
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

/** Reasoning has numbers of its own, under `ID-r`: where it shows up in the content, it is foreign there. */
export const reasoningTokens = ({ id, reasoning }: Answer, marks: Marks): NumberedTokens => new NumberedTokens(`${id}-r`, reasoning, marks)

export function textTokens({ id, reasoning, tokens }: Answer, marks: Marks): NumberedTokens {
  return new NumberedTokens(id, tokens, marks === null ? null : (number) => marks(number + reasoning))
}

/** When the parts of one answer are due, absolute: whatever was late before, the next is not. */
export interface Timetable {
  readonly headersDueAt: number
  readonly firstTokenDueAt: number
  /** How long after its predecessor the next token is due. Each call draws anew. */
  readonly nextGap: () => number
  /** The gaps do not depend on what else is told: all of them may be drawn in advance. */
  readonly isFixed: boolean
}

/**
 * @param origin where head and first-token delay count from: the request's first byte, or the start of its slot if it had to wait for one.
 * @param readAt when the request had been read. Nothing is due before: a client that sends its request in drips makes its own answer late.
 * @param running answers being told at that moment, this one included.
 */
export function timetable(behaviour: Behaviour, id: string, origin: number, readAt: number, running: () => number): Timetable {
  const { seed, slowdown } = behaviour
  const headersDueAt = Math.max(readAt, origin + draws(behaviour.head, seed, id, 'head')())
  const first = draws(behaviour.first, seed, id, 'first')() + behaviour.firstTokenDelay
  const gap = draws(behaviour.gap, seed, id, 'gap')
  const nextGap = slowdown === 0 ? gap : () => gap() * (1 + slowdown * Math.max(0, running() - 1))
  return { headersDueAt, firstTokenDueAt: Math.max(headersDueAt, origin + first), nextGap, isFixed: slowdown === 0 }
}

/** When an answer came, for dialects that tell. */
export interface Times {
  readonly receivedAt: number
  readonly startedAt: number
  readonly firstAt: number
  readonly lastAt: number
}

/** A streamed answer in the words of one dialect. All texts are bytes, a character each: a text's length is its size on the wire. */
export interface Encoding {
  readonly headers: Readonly<Record<string, string>>
  /** Goes out with the response head; no token in it. Empty where the dialect has none. */
  readonly opening: string
  /** Says nothing, and every reader has to bear it. */
  readonly comment: string
  /** A frame that is broken off. */
  readonly garbage: string
  /** How many tokens a write has that begins with the token of that number. */
  span(told: number): number
  /** The next tokens, encoded: reasoning first. */
  tokens(count: number): string
  /** Goes out after the last token. */
  closing(times: Times): string
  /** Goes out instead of the rest of the answer. */
  failure(message: string): string
}
