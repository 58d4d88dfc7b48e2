import type { FailureCode, Outcome } from '../sample/message.ts'
import { BoundedText } from './bounded-text.ts'

/** What one event of an answer says. Empty strings say nothing: a role-only chunk is not a token. */
interface Delta {
  readonly content: string
  /** Reasoning or tool arguments: a token, but not a visible one. */
  readonly hidden: string
}

export interface AnswerListener {
  /** Any event or comment, a role chunk included. */
  onEvent(): void
  onDelta(delta: Delta): void
  /** Documents that the answer says it was made from. */
  onSources(count: number): void
}

/** The bytes of one streamed answer, read as one dialect has it. Bytes may be split anywhere; what is read is the same. */
export abstract class AnswerStream {
  usageTokens: number | null = null
  readonly #listener: AnswerListener
  readonly #text = new BoundedText()
  #tokens = 0
  #isWhole = false
  #isDone = false
  #failure: { code: FailureCode; detail: string } | null = null

  constructor(listener: AnswerListener) {
    this.#listener = listener
  }

  push(bytes: Uint8Array): void {
    if (this.isHopeless) return
    const text = this.#text.decode(bytes)
    if (this.#text.excess === null) this.read(text)
    else this.fail('malformed', this.#text.excess)
  }

  /** True once nothing that still comes can change the outcome for the better. */
  get isHopeless(): boolean {
    return this.#text.excess !== null
  }

  /** The dialect's last word came: whatever the server does with the connection, the answer is over. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Events with content or something hidden. */
  get tokens(): number {
    return this.#tokens
  }

  /** What a clean end of the body means. The last word alone does not mean success: an error may have come before it. */
  outcome(): Outcome {
    if (!this.isHopeless) this.readRest(this.#text.rest())
    const afterTokens = this.#tokens
    if (this.#failure !== null) return { kind: 'failed', ...this.#failure, afterTokens }
    if (this.#tokens === 0) return { kind: 'failed', code: 'empty', detail: 'the answer ended without a token', afterTokens }
    if (!this.#isWhole) return { kind: 'failed', code: 'truncated', detail: `the answer ended without ${this.lastWord}`, afterTokens }
    return { kind: 'answered' }
  }

  /** What a whole answer ends with, for people. */
  protected abstract readonly lastWord: string
  protected abstract read(text: string): void
  /** What the body ended with, where the end of its line never came. Asked again, it reads nothing twice. */
  protected abstract readRest(text: string): void

  protected event(): void {
    this.#listener.onEvent()
  }

  protected token(delta: Delta): void {
    if (delta.content === '' && delta.hidden === '') return
    this.#tokens += 1
    this.#listener.onDelta(delta)
  }

  protected sources(count: number): void {
    if (count > 0) this.#listener.onSources(count)
  }

  /** All of the answer has come, though the dialect's last word may not have. */
  protected whole(): void {
    this.#isWhole = true
  }

  protected done(): void {
    this.#isWhole = true
    this.#isDone = true
  }

  /** The first failure is the answer's. */
  protected fail(code: FailureCode, detail: string): void {
    this.#failure ??= { code, detail }
  }
}
