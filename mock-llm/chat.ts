import { type Answer, answerOf, marksOf, timetable } from './answer.ts'
import { readBody } from './body.ts'
import { now } from './clock.ts'
import type { Exchange } from './connection.ts'
import { StreamDelivery } from './delivery.ts'
import { type ApiError, type ChatRequest, type Dialect, invalid, type Script } from './dialect/dialect.ts'
import { type Fault, type FaultCounts, nowhere, placeIndex } from './fault.ts'
import type { Entry, Journal } from './journal.ts'
import type { Lateness } from './lateness.ts'
import { type Marker, mentionedId, readMarker } from './marker.ts'
import type { Metrics } from './metrics.ts'
import { sendError, tooLarge } from './refusal.ts'
import type { Schedule } from './schedule.ts'
import { type Behaviour, behaviour, isOffered, type Settings } from './settings.ts'
import type { Slots } from './slots.ts'
import { taskAnswer, taskOf } from './task-prompt.ts'
import { WholeDelivery } from './whole-delivery.ts'
import { Wire } from './wire.ts'

/** What all answers share. */
export interface Model {
  settings: Settings
  readonly names: readonly string[]
  readonly bodyLimit: number
  readonly schedule: Schedule
  readonly slots: Slots
  readonly journal: Journal
  readonly lateness: Lateness
  readonly metrics: Metrics
  readonly faultCounts: FaultCounts
  /** Answers without a marker are numbered. */
  answersWithoutMarker: number
}

/** What a request was understood to want: a numbered answer, or a text that a gateway's own request wants at once. */
type Wish =
  | { readonly kind: 'answer'; readonly request: ChatRequest; readonly wanted: Behaviour; readonly answer: Answer; readonly times: number }
  | { readonly kind: 'text'; readonly request: ChatRequest; readonly text: string }
type AnswerWish = Extract<Wish, { kind: 'answer' }>

/**
 * One chat request from its first byte to the end of its answer, in four steps: it is read, waits for its slot, is told, is over. Whatever
 * step it is in when its client leaves, it ends there, gives back what it holds and is in the journal once.
 */
export class Chat {
  readonly #model: Model
  readonly #dialect: Dialect
  readonly #exchange: Exchange
  readonly #entry: Entry
  /** What is to be done when the client leaves now. Returns whether the request is over with that. */
  #leave: () => boolean = () => true
  #isOver = false

  constructor(model: Model, dialect: Dialect, exchange: Exchange) {
    this.#model = model
    this.#dialect = dialect
    this.#exchange = exchange
    const { connection, receivedAt } = exchange
    // What else a connection carried (a list of models, say) does not make it one that is used again.
    this.#entry = model.journal.begin({ kind: 'chat', socket: connection.number, requestsBefore: connection.chats, receivedAt })
    connection.chats += 1
  }

  async run(): Promise<void> {
    const { request, connection } = this.#exchange
    connection.onGone = (at) => this.#gone(at)
    if (connection.goneAt !== null) return this.#gone(connection.goneAt)
    const body = await readBody(request, this.#model.bodyLimit)
    if (this.#isOver) return
    const readAt = now()
    this.#entry.bytesIn = connection.bytesIn
    const wish = body === undefined ? tooLarge(this.#model.bodyLimit) : this.#understand(body)
    if ('status' in wish) this.#refuse(wish)
    else if (wish.kind === 'text') this.#say(wish.request, wish.text)
    else this.#wait(wish, readAt)
  }

  #understand(body: string): Wish | ApiError {
    const request = this.#dialect.read(body)
    if ('status' in request) return request
    const { names, settings } = this.#model
    this.#entry.model = request.model
    this.#entry.stream = request.stream
    const reading = readMarker(request.lastUserText)
    if (reading.kind === 'bad') return invalid(`The marker in the last user message is wrong: ${reading.problems.join('; ')}.`, 'messages')
    const marker = reading.kind === 'marker' ? reading.marker : null
    this.#entry.id = marker?.id ?? mentionedId(request.text)
    const text = marker === null && request.isSingle && !request.stream ? taskAnswer(request.lastUserText) : null
    if (marker === null && (text !== null || this.#entry.id !== null)) this.#entry.kind = 'task'
    if (text !== null) {
      this.#entry.task = taskOf(request.lastUserText)
      return { kind: 'text', request, text }
    }
    if (!isOffered(names, request.model)) return this.#dialect.unknownModel(request.model)
    const set = behaviour(settings, request.model, marker)
    const wanted = { ...set, reasoning: request.thinks ? set.reasoning : 0, fault: this.#entry.kind === 'chat' ? set.fault : null }
    const answer = answerOf(this.#answerId(marker), wanted, request.mostTokens, wanted.tools ? request.tool : null)
    const planned = answer.reasoning + answer.tokens
    this.#entry.tokensPlanned = planned
    if (marker?.fault !== undefined && !comesIn(marker.fault, planned)) return invalid(`The marker in the last user message is wrong: fault="${marker.fault.text}" never comes in an answer of ${planned} tokens.`, 'messages')
    return { kind: 'answer', request, wanted, answer, times: marker?.times ?? Infinity }
  }

  #answerId(marker: Marker | null): string {
    if (marker !== null) return marker.id
    this.#model.answersWithoutMarker += 1
    return `m-${this.#model.answersWithoutMarker}`
  }

  #wait(wish: AnswerWish, readAt: number): void {
    const { slots } = this.#model
    let hadToWait = false
    const start = (): void => this.#start(wish, hadToWait, readAt)
    this.#leave = () => {
      slots.leave(start)
      return true
    }
    const outcome = slots.ask(start)
    hadToWait = outcome === 'waiting'
    if (outcome === 'full') this.#refuse({ status: 503, message: 'The queue is full; try again.', type: 'server_error', param: null, code: 'queue_full' })
  }

  #start(wish: AnswerWish, hadToWait: boolean, readAt: number): void {
    const { schedule, slots, lateness } = this.#model
    const { request, wanted, answer } = wish
    const entry = this.#entry
    entry.startedAt = now()
    const fault = this.#fault(wish)
    entry.fault = fault?.text ?? null
    const origin = hadToWait ? entry.startedAt : entry.receivedAt
    const onEnd = (endedAt: number): void => {
      this.#over(endedAt)
      slots.release()
    }
    const means = {
      wire: new Wire(this.#exchange.response), entry, schedule, lateness, fault, onEnd,
      timetable: timetable(wanted, answer.id, origin, readAt, () => slots.running),
      comments: wanted.shape.comments,
      refuse: (status: number) => this.#send({ status, message: 'The model refuses, as it was asked to.', type: status < 500 ? 'invalid_request_error' : 'server_error', param: null, code: null }),
    }
    const split = fault?.kind === 'split' ? placeIndex(fault, entry.tokensPlanned) : null
    const script: Script = { answer, shape: wanted.shape, marks: marksOf(wanted.shape, split) }
    const delivery = request.stream ? new StreamDelivery(means, this.#dialect.streamed(script, request)) : new WholeDelivery(means, this.#dialect.whole(script, request))
    this.#leave = () => {
      if (wanted.finishesWhenGone && !delivery.isStanding) return false
      delivery.stop()
      slots.release()
      return true
    }
    delivery.start()
  }

  /** The fault of the settings may be for longer answers than this one. */
  #fault({ wanted: { fault }, answer, times }: AnswerWish): Fault | null {
    return fault === null || (times !== Infinity && !this.#model.faultCounts.isDue(answer.id, times)) ? null : fault
  }

  #gone(at: number): void {
    this.#entry.clientGoneAt = at
    this.#entry.bytesIn = this.#exchange.connection.bytesIn
    if (this.#leave()) this.#over(at)
  }

  /** At once and without a slot. */
  #say(request: ChatRequest, text: string): void {
    const body = this.#dialect.said(this.#answerId(null), text, request)
    const entry = this.#entry
    entry.startedAt = now()
    entry.headersDueAt = entry.startedAt
    entry.status = 200
    entry.headersWrittenAt = now()
    new Wire(this.#exchange.response).send(200, { 'content-type': 'application/json', 'content-length': body.length }, body)
    this.#over(now())
  }

  #refuse(error: ApiError): void {
    this.#send(error)
    this.#over(now())
  }

  #send(error: ApiError): void {
    this.#entry.status = error.status
    sendError(this.#exchange, error, this.#dialect.errorBody)
  }

  #over(endedAt: number): void {
    this.#isOver = true
    this.#exchange.connection.onGone = null
    this.#model.journal.end(this.#entry, endedAt)
    this.#model.metrics.add(this.#entry)
  }
}

/** Whether the answer reaches the fault's place; a split one needs a token there. */
function comesIn(fault: Fault, planned: number): boolean {
  const index = placeIndex(fault, planned)
  return index !== nowhere && (fault.kind === 'split' ? index < planned : index <= planned)
}
