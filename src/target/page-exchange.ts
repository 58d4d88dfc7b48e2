import type { Outcome } from '../sample/message.ts'
import { AnswerNotes, type Stamp } from './answer-notes.ts'
import type { Connection } from './connection.ts'
import { below } from './dialect.ts'
import { failed, httpFailure, socketFailure } from './failure.ts'
import { object, parsedObject } from './foreign-json.ts'
import { type JsonAnswer, jsonRequest } from './json-request.ts'
import { errorWords, PageAnswer } from './page-answer.ts'
import { newTurn, type PageTurn, pageRequest } from './page-request.ts'
import type { PageEvent, PageSocket } from './page-socket.ts'
import type { Answer, Clock, Exchange, Utterance } from './target.ts'

export interface PageExchangeOptions {
  readonly socket: PageSocket
  readonly connection: Connection
  readonly clock: Clock
  /** The address that a browser opens. */
  readonly url: string
  readonly model: string
  readonly headers: Readonly<Record<string, string>>
  readonly utterance: Utterance
  /** What must be in no outcome. */
  readonly secrets: readonly string[]
  /** The message that this one follows in its chat; undefined for a new chat. */
  readonly follows: PageExchange | undefined
  /** A connection of another page of the same person. */
  readonly otherConnection: () => Connection
}

/**
 * A page that hears nothing for so long asks what became of its message, and later again, ms. The page itself would not: it is how we know that nothing
 * will come any more, and early enough that nobody waits for minutes. Sooner where nothing was heard at all: a server that has accepted a message tells its
 * page so at once. Where the message is over, the page's own worker is asked for a sign of life: one that is busy may have everything still to tell. What
 * is on its way then gets some time to arrive.
 */
const silentLook = 500
const firstLook = 2_000
const lastLook = 10_000
const grace = 500
/** What a chat may take to be over behind its end, before it is deleted; and its tidying in all, ms. */
const settlingTime = 500

/** One message of a page on its way: posted, told of by the socket, and looked after by further requests. */
export class PageExchange implements Exchange {
  readonly done: Promise<Answer>
  readonly firstToken: Promise<void>
  readonly #options: PageExchangeOptions
  readonly #notes: AnswerNotes
  readonly #answer: PageAnswer
  readonly #turn: PageTurn
  #chat: string | undefined
  #posted: Promise<unknown> = Promise.resolve()
  #stopped: Promise<unknown> = Promise.resolve()
  #settle: () => void = () => {}
  readonly #settled: Promise<void>
  #lastHeardAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: PageExchangeOptions) {
    this.#options = options
    this.#turn = newTurn(options.follows?.answerId)
    this.#notes = new AnswerNotes(options.clock, options.utterance, options.secrets)
    this.#answer = new PageAnswer(this.#notes)
    this.done = this.#notes.done
    this.firstToken = this.#notes.firstToken
    this.#settled = new Promise((resolve) => { this.#settle = resolve })
    this.#posted = this.#post()
  }

  /** As the server calls it; undefined until it has said so. */
  get chat(): string | undefined {
    return this.#chat
  }

  get answerId(): string {
    return this.#turn.assistantMessage
  }

  afterTokens(count: number): Promise<void> {
    return this.#notes.afterTokens(count)
  }

  lastReadAt(): number {
    const { startedAt, headersAt } = this.#notes.answer
    return Math.max(startedAt, headersAt ?? 0, this.#lastHeardAt)
  }

  /** As the Stop button does: the server is asked to stop, wherever it has come. */
  abort(outcome: Outcome, from?: 'another page'): void {
    if (this.#notes.isOver) return
    this.#end(this.#now(), outcome)
    this.#stopped = this.#stop(from === undefined ? this.#options.connection : this.#options.otherConnection())
  }

  lose(milliseconds: number): void {
    if (!this.#notes.isOver) this.#options.socket.lose(milliseconds)
  }

  /** An event of the page's socket, of this message or another. */
  onEvent(event: PageEvent): void {
    const { assistantMessage, userMessage } = this.#turn
    if (event.messageId !== assistantMessage && event.messageId !== userMessage) return
    if (event.chatId !== '') this.#chat ??= event.chatId
    const isSettled = event.messageId === assistantMessage && event.type === 'chat:active' && object(event.data)?.['active'] === false
    if (isSettled) this.#settle()
    if (this.#notes.isOver) return
    this.#lastHeardAt = event.at
    this.#answer.read(event)
    if (this.#answer.outcome !== null) this.#end(event, this.#answer.outcome)
    // The page loads a chat that is over before it was told of the end.
    else if (isSettled) void this.#load()
  }

  /** The page lost its socket; and has another. */
  onLost(): void {
    this.#answer.hasMissed = true
    if (!this.#notes.isOver) this.#notes.answer.lostAt ??= this.#options.clock.now()
  }

  onRejoined(): void {
    if (this.#notes.isOver || !this.#answer.hasMissed) return
    this.#notes.answer.rejoinedAt ??= this.#options.clock.now()
    void this.#load()
  }

  /** Resolves when the server has said what it calls the chat, or has not taken the message. */
  get posted(): Promise<unknown> {
    return this.#posted
  }

  /** Deletes the chat, when the server is through with it. One that another message began is that message's to delete. */
  async tidy(): Promise<void> {
    await this.#posted
    await this.#stopped
    const chat = this.#chat
    if (chat === undefined || this.#options.follows !== undefined) return
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#settled, new Promise((resolve) => { timer = setTimeout(resolve, settlingTime) })])
    clearTimeout(timer)
    await this.#request('DELETE', `api/v1/chats/${chat}`)
  }

  async #post(): Promise<void> {
    const { socket, connection, follows, utterance, model, url, clock } = this.#options
    const wasOpen = socket.isOpen
    if (!wasOpen) {
      const error = await socket.open()
      if (this.#notes.isOver) return
      if (error !== undefined) return this.#end(this.#now(), openingFailure(error))
    }
    if (follows !== undefined) {
      // A page cannot write into a chat that the server has not named yet: to wait for that is to wait for the server.
      if (follows.chat === undefined) await follows.posted
      if (this.#notes.isOver) return
      if (follows.chat === undefined) return this.#end(this.#now(), failed('cancelled', 'the chat that it belongs to never came to be', 0))
      this.#chat = follows.chat
    }
    const body = JSON.stringify(pageRequest({ utterance, turn: this.#turn, chat: this.#chat, model, session: socket.id ?? '', seconds: Math.floor(Date.now() / 1_000) }))
    const { answer } = this.#notes
    const posted = await jsonRequest(connection, { path: below(url, 'api/chat/completions'), method: 'POST', headers: this.#headers, body }, {
      onStart: () => { answer.connection = { id: connection.socket, kind: wasOpen && connection.requests > 0 ? 'warm' : 'fresh', requestsBefore: connection.requests, openedAt: connection.openedAt } },
      onSent: (at) => { answer.sentAt ??= at },
      onHeaders: (at) => { answer.headersAt ??= at },
    })
    const chat = posted.kind === 'answered' ? parsedObject(posted.text)?.['chat_id'] : undefined
    if (typeof chat === 'string') this.#chat ??= chat
    if (this.#notes.isOver) return
    const failure = this.#refusal(posted)
    if (failure !== undefined) return this.#end(this.#now(), failure)
    const pause = this.#lastHeardAt === 0 ? silentLook : firstLook
    this.#lastHeardAt = Math.max(this.#lastHeardAt, clock.now())
    this.#lookIn(pause)
  }

  #refusal(posted: JsonAnswer): Outcome | undefined {
    if (posted.kind === 'failed') return socketFailure(posted.error, posted.hadHeaders, this.#notes.tokens)
    const { status, contentType, encoding, location, text: body } = posted
    const isAccepted = status >= 200 && status < 300 && this.#chat !== undefined
    return isAccepted ? undefined : httpFailure({ status, contentType: `${contentType}${status < 300 && contentType.includes('json') ? ' without a chat' : ''}`, encoding, location, body: body.slice(0, 4_096), wanted: 'a chat that its socket tells of' })
  }

  #lookIn(pause: number): void {
    if (this.#notes.isOver) return
    const heardAt = this.#lastHeardAt
    this.#timer = setTimeout(() => { if (this.#lastHeardAt === heardAt) void this.#look(pause); else this.#lookIn(firstLook) }, pause)
  }

  /** Whether the server is done with a message of which the page has heard nothing for a while. */
  async #look(pause: number): Promise<void> {
    const heardAt = this.#lastHeardAt
    const stored = await this.#stored()
    if (this.#notes.isOver) return
    if (stored === 'unreachable' && !this.#options.socket.isOpen) return this.#end(this.#now(), failed(this.#notes.tokens > 0 ? 'reset-mid-stream' : 'reset', 'the socket broke, and the server does not answer any more', 0))
    if (typeof stored === 'object' && stored['done'] === true && await this.#options.socket.isHeard()) {
      await new Promise((resolve) => { this.#timer = setTimeout(resolve, grace) })
      if (this.#notes.isOver) return
      if (this.#lastHeardAt === heardAt) return this.#end(this.#now(), undelivered(stored, this.#notes.tokens))
    }
    this.#lookIn(Math.min(lastLook, pause * 1.5))
  }

  /** What the page does that was away, or was told that all is over: it loads the chat. Nothing happens where the answer goes on. */
  async #load(): Promise<void> {
    const stored = await this.#stored()
    if (this.#notes.isOver || typeof stored === 'string' || stored['done'] !== true) return
    const stamp = this.#now()
    this.#answer.readStored(stored, stamp)
    if (this.#answer.outcome !== null) this.#end(stamp, this.#answer.outcome)
  }

  /** The answer as the server keeps it. */
  async #stored(): Promise<Record<string, unknown> | 'unreachable' | 'unknown'> {
    if (this.#chat === undefined) return 'unknown'
    const answer = await this.#request('GET', `api/v1/chats/${this.#chat}`)
    if (answer.kind === 'failed') return 'unreachable'
    const history = object(object(parsedObject(answer.text)?.['chat'])?.['history'])
    return object(object(history?.['messages'])?.[this.#turn.assistantMessage]) ?? 'unknown'
  }

  async #stop(connection: Connection): Promise<void> {
    // Before the server has named the chat there is nothing that could be stopped.
    await this.#posted
    if (this.#chat !== undefined) await this.#request('POST', `api/tasks/chat/${this.#chat}/stop`, connection)
  }

  #request(method: 'GET' | 'POST' | 'DELETE', path: string, connection = this.#options.connection): Promise<JsonAnswer> {
    return jsonRequest(connection, { path: below(this.#options.url, path), method, headers: this.#headers })
  }

  get #headers(): Record<string, string> {
    return { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity', ...this.#options.headers }
  }

  #now(): Stamp {
    const at = this.#options.clock.now()
    return { at, stampError: this.#options.clock.stampError(at) }
  }

  #end(stamp: Stamp, outcome: Outcome): void {
    clearTimeout(this.#timer)
    this.#notes.end(stamp, outcome, this.#answer.usageTokens)
  }
}

/** The server refuses a page, or is not there. */
function openingFailure(error: Error): Outcome {
  const [, status] = /Unexpected server response: (\d+)/.exec(error.message) ?? []
  return status === undefined ? socketFailure(error, false, 0) : failed('http-status', `${status} to the page's socket`, 0)
}

/** What the server is through with, and the page was not told of. An error that nobody sees is none: such a page waits for ever. */
function undelivered(stored: Record<string, unknown>, tokens: number): Outcome {
  const error = stored['error']
  if (error !== undefined && error !== null) return failed('not-delivered', `the server has given up (${errorWords(error)}), and the page was never told`, tokens)
  return failed('not-delivered', `the server has finished, and ${tokens === 0 ? 'no word of it' : 'its end never'} came to the page`, tokens)
}
