import type { Dispatcher } from 'undici'
import type { Outcome } from '../sample/message.ts'
import { AnswerNotes, type Stamp } from './answer-notes.ts'
import type { AnswerStream } from './answer-stream.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { httpFailure, isCompressed, socketFailure } from './failure.ts'
import type { Answer, Clock, Exchange, Utterance } from './target.ts'

/** Bytes of an answer, when they were there, and how late that stamp may be. */
interface StampedBytes extends Stamp {
  readonly bytes: Uint8Array
}

/** So much is kept of a body that is no answer, bytes; and read at all, before the connection is given up. */
const keptBody = 4_096
const mostBody = 1024 * 1024

export interface ChatExchangeOptions {
  readonly connection: Connection
  readonly clock: Clock
  readonly dialect: Dialect
  readonly utterance: Utterance
  /** What must be in no outcome. */
  readonly secrets: readonly string[]
}

/**
 * The handler of one dispatch, whatever the dialect. Its instants are the connection's, stamped before a byte is parsed. Events are read once the loop
 * has polled every socket: between the bytes of one answer and the stamp of the next one's there is no JSON to parse.
 */
export class ChatExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly done: Promise<Answer>
  readonly firstToken: Promise<void>
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #dialect: Dialect
  readonly #stream: AnswerStream
  readonly #notes: AnswerNotes
  #controller: Dispatcher.DispatchController | undefined
  /** The stamp of the read whose bytes are being parsed; and when the last one was, parsed or not. */
  #read: Stamp = { at: 0, stampError: 0 }
  #lastReadAt = 0
  #status = 0
  #contentType = ''
  #encoding = 'identity'
  #location = ''
  #body = ''
  #bodyBytes = 0
  #doneAt: Stamp | null = null
  #unread: StampedBytes[] = []

  constructor({ connection, clock, dialect, utterance, secrets }: ChatExchangeOptions) {
    this.#connection = connection
    this.#clock = clock
    this.#dialect = dialect
    const notes = new AnswerNotes(clock, utterance, secrets)
    this.#notes = notes
    this.done = notes.done
    this.firstToken = notes.firstToken
    this.#stream = dialect.stream({
      onEvent: () => notes.onEvent(this.#read),
      onDelta: (delta) => { if (!notes.isOver) notes.onDelta(delta, this.#read) },
      onSources: (count) => notes.onSources(count),
    })
  }

  start(options: Dispatcher.DispatchOptions): void {
    this.#notes.answer.startedAt = this.#clock.now()
    this.#connection.dispatch(options, this)
  }

  afterTokens(count: number): Promise<void> {
    return this.#notes.afterTokens(count)
  }

  lastReadAt(): number {
    const { startedAt, headersAt } = this.#notes.answer
    return Math.max(startedAt, headersAt ?? 0, this.#lastReadAt)
  }

  abort(outcome: Outcome): void {
    if (this.#notes.isOver) return
    this.#readEvents()
    this.#endNow(this.#stream.isDone ? this.#stream.outcome() : outcome)
    if (this.#controller === undefined) this.#connection.destroy()
    else this.#controller.abort(new Error('aborted by the tester'))
  }

  onSent(at: number): void {
    this.#notes.answer.sentAt ??= at
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    const { socket, requests, openedAt } = this.#connection
    this.#notes.answer.connection = { id: socket, kind: requests > 0 ? 'warm' : 'fresh', requestsBefore: requests, openedAt }
    this.#connection.requests += 1
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    // 103 and the like go before the answer.
    if (status < 200) return
    this.#notes.answer.headersAt ??= this.#connection.readAt
    this.#status = status
    this.#contentType = String(headers['content-type'] ?? '').toLowerCase()
    this.#encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase()
    this.#location = String(headers['location'] ?? '')
    // Nothing that was not asked for is inflated: a few kB of it may be gigabytes.
    if (isCompressed(this.#encoding)) this.#giveUp(controller, 'compressed, which was not asked for')
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#notes.isOver) return
    const at = this.#connection.readAt
    this.#lastReadAt = at
    if (!this.#isStream) {
      if (this.#body.length < keptBody) this.#body += Buffer.from(bytes.subarray(0, keptBody)).toString('utf8')
      this.#bodyBytes += bytes.length
      if (this.#bodyBytes > mostBody) this.#giveUp(controller, 'without an end')
      return
    }
    if (this.#unread.length === 0) setImmediate(() => this.#readEvents())
    this.#unread.push({ bytes, at, stampError: this.#clock.stampError(at) })
  }

  onResponseEnd(): void {
    const at = this.#clock.now()
    this.#readEvents()
    this.#read = { at, stampError: this.#clock.stampError(at) }
    this.#end(this.#read, this.#isStream ? this.#stream.outcome() : this.#noStream())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#readEvents()
    // What becomes of the connection after [DONE] no client looks at.
    this.#endNow(this.#stream.isDone ? this.#stream.outcome() : socketFailure(error, this.#notes.answer.headersAt !== null, this.#stream.tokens))
  }

  get #isStream(): boolean {
    return this.#status >= 200 && this.#status < 300 && this.#dialect.isStream(this.#contentType) && !isCompressed(this.#encoding)
  }

  #noStream(): Outcome {
    return httpFailure({ status: this.#status, contentType: this.#contentType, encoding: this.#encoding, location: this.#location, body: this.#body, wanted: this.#dialect.streamName })
  }

  /** Ends an answer that is none and whose rest nobody needs. */
  #giveUp(controller: Dispatcher.DispatchController, why: string): void {
    this.#endNow(this.#noStream())
    controller.abort(new Error(`the answer is ${why}`))
  }

  #readEvents(): void {
    const unread = this.#unread
    this.#unread = []
    for (const { bytes, at, stampError } of unread) {
      if (this.#notes.isOver) return
      this.#read = { at, stampError }
      this.#stream.push(bytes)
      if (this.#stream.isDone) this.#doneAt ??= this.#read
      if (!this.#stream.isHopeless) continue
      this.#end(this.#read, this.#stream.outcome())
      this.#controller?.abort(new Error('the answer is too long'))
    }
  }

  #endNow(outcome: Outcome): void {
    const at = this.#clock.now()
    this.#end({ at, stampError: this.#clock.stampError(at) }, outcome)
  }

  #end(stamp: Stamp, outcome: Outcome): void {
    // A body that is held open after its [DONE] is no answer that goes on.
    this.#notes.end(outcome.kind === 'answered' ? (this.#doneAt ?? stamp) : stamp, outcome, this.#stream.usageTokens)
  }
}
