import type { Dispatcher } from 'undici'
import type { Outcome } from '../sample/message.ts'
import type { AnswerStream } from './answer-stream.ts'
import type { Connection } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { failed, httpFailure, isCompressed, socketFailure, withoutSecrets } from './failure.ts'
import type { Answer, Clock, Exchange, Utterance } from './target.ts'

/** Bytes of an answer, when they were there, and how late that stamp may be. */
interface StampedBytes {
  readonly bytes: Uint8Array
  readonly at: number
  readonly stampError: number
}

/** Content chunks that are closer together than this came in one piece, ms. */
const leastGap = 1

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
  readonly #secrets: readonly string[]
  readonly #stream: AnswerStream
  readonly #answer: Answer
  /** What the mock's numbered tokens begin with; undefined where no mock of ours answers. */
  readonly #tokenStart: string | undefined
  #resolveDone: (answer: Answer) => void = () => {}
  #resolveFirstToken: () => void = () => {}
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  #controller: Dispatcher.DispatchController | undefined
  /** The stamp of the read whose bytes are being parsed; and of the last one, parsed or not. */
  #readAt = 0
  #lastReadAt = 0
  #lastContentAt = 0
  #hidden = 0
  #status = 0
  #contentType = ''
  #encoding = 'identity'
  #location = ''
  #body = ''
  #bodyBytes = 0
  #ended = false
  #doneAt: { at: number; stampError: number } | null = null
  #unread: StampedBytes[] = []
  #stampError = 0

  constructor({ connection, clock, dialect, utterance, secrets }: ChatExchangeOptions) {
    this.#secrets = secrets
    this.#connection = connection
    this.#clock = clock
    this.#dialect = dialect
    this.#tokenStart = utterance.mock === undefined ? undefined : `${utterance.id}.`
    this.done = new Promise((resolve) => { this.#resolveDone = resolve })
    this.firstToken = new Promise((resolve) => { this.#resolveFirstToken = resolve })
    this.#stream = dialect.stream({
      onEvent: () => { this.#answer.firstEventAt ??= this.#readAt },
      onDelta: (delta) => this.#onDelta(delta),
      onSources: (count) => { this.#answer.sources += count },
    })
    this.#answer = {
      connection: { id: 0, kind: 'fresh', requestsBefore: 0, openedAt: null },
      startedAt: clock.now(), sentAt: null, headersAt: null, firstEventAt: null, firstTokenAt: null, firstVisibleAt: null, endedAt: 0,
      stampError: 0, endStampError: 0, chunks: 0, coalesced: 0, gaps: [], sources: 0, text: '', usageTokens: null, outcome: { kind: 'answered' },
    }
  }

  start(options: Dispatcher.DispatchOptions): void {
    this.#answer.startedAt = this.#clock.now()
    this.#connection.dispatch(options, this)
  }

  afterTokens(count: number): Promise<void> {
    if (this.#ended || this.#tokens >= count) return Promise.resolve()
    return new Promise((resolve) => { this.#waiting.push({ count, resolve }) })
  }

  lastReadAt(): number {
    return Math.max(this.#answer.startedAt, this.#answer.headersAt ?? 0, this.#lastReadAt)
  }

  abort(outcome: Outcome): void {
    if (this.#ended) return
    this.#readEvents()
    this.#endNow(this.#stream.isDone ? this.#stream.outcome() : outcome)
    if (this.#controller === undefined) this.#connection.destroy()
    else this.#controller.abort(new Error('aborted by the tester'))
  }

  onSent(at: number): void {
    this.#answer.sentAt ??= at
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    const { socket, requests, openedAt } = this.#connection
    this.#answer.connection = { id: socket, kind: requests > 0 ? 'warm' : 'fresh', requestsBefore: requests, openedAt }
    this.#connection.requests += 1
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    // 103 and the like go before the answer.
    if (status < 200) return
    this.#answer.headersAt ??= this.#connection.readAt
    this.#status = status
    this.#contentType = String(headers['content-type'] ?? '').toLowerCase()
    this.#encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase()
    this.#location = String(headers['location'] ?? '')
    // Nothing that was not asked for is inflated: a few kB of it may be gigabytes.
    if (isCompressed(this.#encoding)) this.#giveUp(controller, 'compressed, which was not asked for')
  }

  onResponseData(controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#ended) return
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
    this.#readAt = at
    this.#stampError = this.#clock.stampError(at)
    this.#end(at, this.#stampError, this.#isStream ? this.#stream.outcome() : this.#noStream())
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#readEvents()
    // What becomes of the connection after [DONE] no client looks at.
    this.#endNow(this.#stream.isDone ? this.#stream.outcome() : socketFailure(error, this.#answer.headersAt !== null, this.#stream.tokens))
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
      if (this.#ended) return
      this.#readAt = at
      this.#stampError = stampError
      this.#stream.push(bytes)
      if (this.#stream.isDone) this.#doneAt ??= { at, stampError }
      if (!this.#stream.isHopeless) continue
      this.#end(at, stampError, this.#stream.outcome())
      this.#controller?.abort(new Error('the answer is too long'))
    }
  }

  #onDelta(delta: { content: string; hidden: string }): void {
    const answer = this.#answer
    if (answer.firstTokenAt === null) {
      answer.firstTokenAt = this.#readAt
      answer.stampError = this.#stampError
      this.#resolveFirstToken()
    }
    if (delta.content === '') this.#hidden += 1
    else this.#onContent(delta.content)
    if (this.#waiting.length > 0) this.#tellWaiting()
  }

  #onContent(content: string): void {
    const answer = this.#answer
    // A line break that a model begins with is no word yet.
    if (answer.firstVisibleAt === null && /\S/.test(content)) {
      answer.firstVisibleAt = this.#readAt
      answer.stampError = Math.max(answer.stampError, this.#stampError)
    }
    if (answer.chunks > 0) {
      const gap = this.#readAt - this.#lastContentAt
      answer.gaps.push(gap)
      if (gap < leastGap) answer.coalesced += 1
    }
    this.#lastContentAt = this.#readAt
    answer.chunks += 1
    answer.text += content
  }

  /** Tokens that have come. Numbered ones are counted themselves: a gateway may put several into one event. */
  get #tokens(): number {
    return this.#tokenStart === undefined ? this.#stream.tokens : this.#hidden + this.#answer.text.split(this.#tokenStart).length - 1
  }

  #tellWaiting(): void {
    const tokens = this.#tokens
    for (const { count, resolve } of this.#waiting) if (tokens >= count) resolve()
    this.#waiting = this.#waiting.filter(({ count }) => tokens < count)
  }

  #endNow(outcome: Outcome): void {
    const at = this.#clock.now()
    this.#end(at, this.#clock.stampError(at), outcome)
  }

  #end(at: number, stampError: number, outcome: Outcome): void {
    if (this.#ended) return
    this.#ended = true
    const answer = this.#answer
    // A body that is held open after its [DONE] is no answer that goes on.
    const end = outcome.kind === 'answered' ? (this.#doneAt ?? { at, stampError }) : { at, stampError }
    answer.endedAt = end.at
    answer.endStampError = end.stampError
    answer.outcome = withoutSecrets(outcome.kind === 'failed' ? failed(outcome.code, outcome.detail, this.#stream.tokens) : outcome, this.#secrets)
    answer.usageTokens = this.#stream.usageTokens
    if (answer.firstTokenAt === null) answer.stampError = end.stampError
    this.#resolveFirstToken()
    for (const { resolve } of this.#waiting) resolve()
    this.#resolveDone(answer)
  }
}
