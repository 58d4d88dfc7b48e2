import { type Answer, answerOf, timetable } from './answer.ts'
import { readBody } from './body.ts'
import { now } from './clock.ts'
import type { Exchange } from './connection.ts'
import { StreamDelivery, WholeDelivery } from './delivery.ts'
import { type ApiError, type ChatRequest, errorBody, invalid, readChatRequest, streamEncoding, unknownModel, wholeBody } from './dialect/openai.ts'
import type { Entry, Journal } from './journal.ts'
import type { Lateness } from './lateness.ts'
import { type Marker, mentionedId, readMarker } from './marker.ts'
import type { Metrics } from './metrics.ts'
import type { Schedule } from './schedule.ts'
import { type Behaviour, behaviour, type Settings } from './settings.ts'
import type { Slots } from './slots.ts'

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
  /** Answers without a marker are numbered. */
  answersWithoutMarker: number
}

/** A request that was understood, and how it is to be answered. */
interface Task {
  readonly request: ChatRequest
  readonly wanted: Behaviour
  readonly answer: Answer
}

/**
 * One chat completion from its first byte to the end of its answer, in four steps: it is read, waits for its slot, is told, is over. Whatever
 * step it is in when its client leaves, it ends there, gives back what it holds and is in the journal once.
 */
export class Chat {
  readonly #model: Model
  readonly #exchange: Exchange
  readonly #entry: Entry
  /** What is to be done when the client leaves now. Returns whether the request is over with that. */
  #leave: () => boolean = () => true
  #isOver = false

  constructor(model: Model, exchange: Exchange) {
    this.#model = model
    this.#exchange = exchange
    const { connection, requestsBefore, receivedAt } = exchange
    this.#entry = model.journal.begin({ kind: 'chat', socket: connection.number, requestsBefore, receivedAt })
  }

  async run(): Promise<void> {
    const { request, connection } = this.#exchange
    connection.onGone = (at) => this.#gone(at)
    if (connection.goneAt !== null) return this.#gone(connection.goneAt)
    const body = await readBody(request, this.#model.bodyLimit)
    if (this.#isOver) return
    const readAt = now()
    this.#entry.bytesIn = connection.bytesIn
    const task = body === undefined ? tooLarge(this.#model.bodyLimit) : this.#understand(body)
    if ('status' in task) this.#refuse(task)
    else this.#wait(task, readAt)
  }

  #understand(body: string): Task | ApiError {
    const request = readChatRequest(body)
    if ('status' in request) return request
    const { names, settings } = this.#model
    this.#entry.model = request.model
    this.#entry.stream = request.stream
    const reading = readMarker(request.lastUserText)
    if (reading.kind === 'bad') return invalid(`The marker in the last user message is wrong: ${reading.problems.join('; ')}.`, 'messages')
    const marker = reading.kind === 'marker' ? reading.marker : null
    this.#entry.id = marker?.id ?? mentionedId(request.text)
    if (marker === null && this.#entry.id !== null) this.#entry.kind = 'task'
    if (!names.includes(request.model)) return unknownModel(request.model)
    const wanted = behaviour(settings, request.model, marker)
    const answer = answerOf(this.#answerId(marker), wanted, request.mostTokens, wanted.tools ? request.tool : null)
    this.#entry.tokensPlanned = answer.reasoning + answer.tokens
    return { request, wanted, answer }
  }

  #answerId(marker: Marker | null): string {
    if (marker !== null) return marker.id
    this.#model.answersWithoutMarker += 1
    return `m-${this.#model.answersWithoutMarker}`
  }

  #wait(task: Task, readAt: number): void {
    const { slots } = this.#model
    let hadToWait = false
    const start = (): void => this.#start(task, hadToWait, readAt)
    this.#leave = () => {
      slots.leave(start)
      return true
    }
    const outcome = slots.ask(start)
    hadToWait = outcome === 'waiting'
    if (outcome === 'full') this.#refuse({ status: 503, message: 'The queue is full; try again.', type: 'server_error', param: null, code: 'queue_full' })
  }

  #start({ request, wanted, answer }: Task, hadToWait: boolean, readAt: number): void {
    const { schedule, slots, lateness } = this.#model
    const { response } = this.#exchange
    const entry = this.#entry
    entry.startedAt = now()
    const origin = hadToWait ? entry.startedAt : entry.receivedAt
    const onEnd = (endedAt: number): void => {
      this.#over(endedAt)
      slots.release()
    }
    const means = { response, entry, timetable: timetable(wanted, answer.id, origin, readAt), schedule, lateness, onEnd }
    const delivery = request.stream ? new StreamDelivery(means, streamEncoding(answer, request)) : new WholeDelivery(means, wholeBody(answer, request))
    this.#leave = () => {
      if (wanted.finishesWhenGone) return false
      delivery.stop()
      slots.release()
      return true
    }
    delivery.start()
  }

  #gone(at: number): void {
    this.#entry.clientGoneAt = at
    this.#entry.bytesIn = this.#exchange.connection.bytesIn
    if (this.#leave()) this.#over(at)
  }

  #refuse(error: ApiError): void {
    this.#entry.status = error.status
    sendError(this.#exchange, error)
    this.#over(now())
  }

  #over(endedAt: number): void {
    this.#isOver = true
    this.#exchange.connection.onGone = null
    this.#model.journal.end(this.#entry, endedAt)
    this.#model.metrics.add(this.#entry)
  }
}

export function sendError({ response }: Exchange, error: ApiError): void {
  const body = errorBody(error)
  const retry = error.status === 503 ? { 'retry-after': '1' } : {}
  response.writeHead(error.status, { 'content-type': 'application/json', 'content-length': body.length, ...retry })
  response.end(body)
}

export function tooLarge(limit: number): ApiError {
  return { status: 413, message: `The request body is larger than ${limit} bytes.`, type: 'invalid_request_error', param: null, code: 'request_too_large' }
}
