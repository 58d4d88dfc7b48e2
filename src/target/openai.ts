import type { Dispatcher } from 'undici'
import type { Outcome } from '../sample/message.ts'
import { ChatStream } from './chat-stream.ts'
import { Connection } from './connection.ts'
import { failed, httpFailure, isCompressed, secretsOf, socketFailure, withoutSecrets } from './failure.ts'
import { marked } from './marker.ts'
import type { Answer, Clock, Exchange, Session, Target, Utterance } from './target.ts'

export interface OpenAiTargetOptions {
  readonly kind: Target['kind']
  /** The base that an OpenAI client takes: `/chat/completions` and `/models` are appended. */
  readonly base: string
  readonly model: string
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock
}

/** A target that speaks OpenAI's chat completions: any compatible gateway, and the control gateway. */
export function openAiTarget(options: OpenAiTargetOptions): Target {
  const base = new URL(options.base.endsWith('/') ? options.base : `${options.base}/`)
  return { kind: options.kind, url: options.base, open: () => new OpenAiSession(base, options) }
}

class OpenAiSession implements Session {
  readonly #connection: Connection
  readonly #base: URL
  readonly #options: OpenAiTargetOptions

  constructor(base: URL, options: OpenAiTargetOptions) {
    this.#base = base
    this.#options = options
    this.#connection = new Connection(base.origin, options.clock)
  }

  warm(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => resolve()
      this.#connection.dispatch(
        { path: `${this.#base.pathname}models`, method: 'GET', headers: { ...this.#options.headers } },
        {
          onSent: () => {},
          onRequestStart: () => { this.#connection.requests += 1 },
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: done,
          onResponseError: done,
        },
      )
    })
  }

  say(utterance: Utterance): Exchange {
    const exchange = new ChatExchange(this.#connection, this.#options.clock, secretsOf(this.#options.headers))
    const limit = utterance.maxTokens === undefined ? {} : { max_tokens: utterance.maxTokens }
    const body = JSON.stringify({ model: this.#options.model, stream: true, messages: [{ role: 'user', content: marked(utterance) }], ...limit })
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', 'accept-encoding': 'identity', ...this.#options.headers }
    exchange.start({ path: `${this.#base.pathname}chat/completions`, method: 'POST', headers, body })
    return exchange
  }

  close(): void {
    this.#connection.destroy()
  }
}

/** Bytes of an answer, when they were there, and how late that stamp may be. */
interface StampedBytes {
  readonly bytes: Uint8Array
  readonly at: number
  readonly stampError: number
}

/**
 * The handler of one dispatch. Its instants are the connection's, stamped before a byte is parsed. Events are read once the loop has polled every
 * socket: between the bytes of one answer and the stamp of the next one's there is no JSON to parse.
 */
class ChatExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly done: Promise<Answer>
  readonly firstToken: Promise<void>
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #secrets: readonly string[]
  readonly #stream: ChatStream
  readonly #answer: Answer
  #resolveDone: (answer: Answer) => void = () => {}
  #resolveFirstToken: () => void = () => {}
  #controller: Dispatcher.DispatchController | undefined
  /** The stamp of the read whose bytes are being parsed; and of the last one, parsed or not. */
  #readAt = 0
  #lastReadAt = 0
  #lastContentAt = 0
  #status = 0
  #contentType = ''
  #encoding = 'identity'
  #body = ''
  #ended = false
  #doneAt: number | null = null
  #unread: StampedBytes[] = []
  #stampError = 0

  constructor(connection: Connection, clock: Clock, secrets: readonly string[]) {
    this.#secrets = secrets
    this.#connection = connection
    this.#clock = clock
    this.done = new Promise((resolve) => { this.#resolveDone = resolve })
    this.firstToken = new Promise((resolve) => { this.#resolveFirstToken = resolve })
    this.#stream = new ChatStream({ onEvent: () => { this.#answer.firstEventAt ??= this.#readAt }, onDelta: (delta) => this.#onDelta(delta) })
    this.#answer = {
      connection: { id: 0, kind: 'fresh', requestsBefore: 0, openedAt: null },
      startedAt: clock.now(), sentAt: null, headersAt: null, firstEventAt: null, firstTokenAt: null, firstVisibleAt: null, endedAt: 0,
      stampError: 0, chunks: 0, gaps: [], text: '', usageTokens: null, sources: 0, coalesced: 0, endStampError: 0, outcome: { kind: 'answered' },
    }
  }

  start(options: Dispatcher.DispatchOptions): void {
    this.#answer.startedAt = this.#clock.now()
    this.#connection.dispatch(options, this)
  }

  lastReadAt(): number {
    return Math.max(this.#answer.startedAt, this.#answer.headersAt ?? 0, this.#lastReadAt)
  }

  async afterTokens(count: number): Promise<void> {
    while (!this.#ended && this.#stream.tokens < count) await new Promise((resolve) => { setTimeout(resolve, 5) })
  }

  abort(outcome: Outcome): void {
    if (this.#ended) return
    this.#readEvents()
    this.#end(this.#clock.now(), this.#stream.isDone ? this.#stream.outcome() : outcome)
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

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    this.#answer.headersAt ??= this.#connection.readAt
    this.#status = status
    this.#contentType = String(headers['content-type'] ?? '').toLowerCase()
    this.#encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase()
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    if (this.#ended) return
    const at = this.#connection.readAt
    this.#lastReadAt = at
    if (!this.#isStream) {
      if (this.#body.length < 4_096) this.#body += Buffer.from(bytes).toString('utf8')
      return
    }
    if (this.#unread.length === 0) setImmediate(() => this.#readEvents())
    this.#unread.push({ bytes, at, stampError: this.#clock.stampError(at) })
  }

  #readEvents(): void {
    const unread = this.#unread
    this.#unread = []
    for (const { bytes, at, stampError } of unread) {
      if (this.#ended) return
      this.#readAt = at
      this.#stampError = stampError
      this.#stream.push(bytes)
      if (this.#stream.isDone) this.#doneAt ??= at
      if (!this.#stream.isHopeless) continue
      this.#end(at, this.#stream.outcome())
      this.#controller?.abort(new Error('the answer is too long'))
    }
  }

  onResponseEnd(): void {
    const at = this.#clock.now()
    this.#readEvents()
    this.#readAt = at
    this.#stampError = this.#clock.stampError(at)
    this.#end(at, this.#isStream ? this.#stream.outcome() : httpFailure({ status: this.#status, contentType: this.#contentType, encoding: this.#encoding, body: this.#body }))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#readEvents()
    // What becomes of the connection after [DONE] no client looks at.
    this.#end(this.#clock.now(), this.#stream.isDone ? this.#stream.outcome() : socketFailure(error, this.#answer.headersAt !== null, this.#stream.tokens))
  }

  get #isStream(): boolean {
    return this.#status >= 200 && this.#status < 300 && this.#contentType.includes('text/event-stream') && !isCompressed(this.#encoding)
  }

  #onDelta(delta: { content: string; hidden: string }): void {
    const answer = this.#answer
    if (answer.firstTokenAt === null) {
      answer.firstTokenAt = this.#readAt
      answer.stampError = this.#stampError
      this.#resolveFirstToken()
    }
    if (delta.content === '') return
    if (answer.firstVisibleAt === null) {
      answer.firstVisibleAt = this.#readAt
      answer.stampError = Math.max(answer.stampError, this.#stampError)
    }
    if (answer.chunks > 0) answer.gaps.push(this.#readAt - this.#lastContentAt)
    this.#lastContentAt = this.#readAt
    answer.chunks += 1
    answer.text += delta.content
  }

  #end(at: number, outcome: Outcome): void {
    if (this.#ended) return
    this.#ended = true
    const answer = this.#answer
    // A body that is held open after its [DONE] is no answer that goes on.
    answer.endedAt = outcome.kind === 'answered' ? (this.#doneAt ?? at) : at
    answer.outcome = withoutSecrets(outcome.kind === 'failed' ? failed(outcome.code, outcome.detail, this.#stream.tokens) : outcome, this.#secrets)
    answer.usageTokens = this.#stream.usageTokens
    if (answer.firstTokenAt === null) answer.stampError = this.#clock.stampError(at)
    this.#resolveFirstToken()
    this.#resolveDone(answer)
  }
}
