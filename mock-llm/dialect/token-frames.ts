import { type NumberedTokens, reasoningTokens, textTokens } from '../answer.ts'
import type { Script } from './dialect.ts'

/** How a dialect frames tokens. */
interface Frames {
  reasoning(text: string): string
  content(text: string): string
  /** Stand before the first and behind the last token of the content, within their frames. */
  readonly before: string
  readonly behind: string
  /** The content has one frame, whatever the shape says. */
  readonly isOnePiece: boolean
}

/** The tokens of a streamed answer, framed: as many to a frame and to a write as its shape wants, reasoning never in one frame with content. */
export class TokenFrames {
  readonly #script: Script
  readonly #frames: Frames
  readonly #reasoning: NumberedTokens
  readonly #text: NumberedTokens
  #told = 0

  constructor(script: Script, frames: Frames) {
    this.#script = script
    this.#frames = frames
    this.#reasoning = reasoningTokens(script.answer, script.marks)
    this.#text = textTokens(script.answer, script.marks)
  }

  /** Tokens of a write that begins with the token of that number, reasoning counted. */
  span(told: number): number {
    const { answer, shape } = this.#script
    const left = answer.reasoning - told
    if (left > 0) return Math.min(shape.perWrite, left)
    return this.#frames.isOnePiece ? left + answer.tokens : Math.min(shape.perWrite, left + answer.tokens)
  }

  next(count: number): string {
    const { shape } = this.#script
    if (count === 1 || shape.perEvent !== 1 || this.#frames.isOnePiece) return this.#frame(count)
    let frames = ''
    for (let token = 0; token < count; token += 1) frames += this.#frame(1)
    return frames
  }

  #frame(count: number): string {
    const { answer } = this.#script
    const { before, behind } = this.#frames
    const first = this.#told - answer.reasoning
    const source = first < 0 ? this.#reasoning : this.#text
    let text = source.next()
    for (let token = 1; token < count; token += 1) text += source.next()
    this.#told += count
    if (first < 0) return this.#frames.reasoning(text)
    if (first === 0 && before !== '') text = before + text
    if (first + count >= answer.tokens && behind !== '') text += behind
    return this.#frames.content(text)
  }
}
