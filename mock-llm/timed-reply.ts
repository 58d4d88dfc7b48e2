import { now } from './clock.ts'
import type { Exchange } from './connection.ts'
import type { Entry, Journal } from './journal.ts'
import type { Due, Schedule } from './schedule.ts'

/** What is answered: JSON, or a page. */
export interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string | readonly Buffer[]
}

/** One request of a search or for a page: answered in one piece, so many ms after its first byte, and in the journal whatever becomes of it. */
export class TimedReply implements Due {
  dueAt = 0
  place = -1
  readonly #exchange: Exchange
  readonly #schedule: Schedule
  readonly #journal: Journal
  readonly #entry: Entry
  #reply: (() => Reply) | null = null
  #isOver = false

  constructor(kind: Entry['kind'], exchange: Exchange, { schedule, journal }: { readonly schedule: Schedule; readonly journal: Journal }) {
    const { connection, requestsBefore, receivedAt } = exchange
    this.#exchange = exchange
    this.#schedule = schedule
    this.#journal = journal
    this.#entry = journal.begin({ kind, socket: connection.number, requestsBefore, receivedAt })
    connection.onGone = (at) => this.#gone(at)
    if (connection.goneAt !== null) this.#gone(connection.goneAt)
  }

  /** Whose request it is. */
  set id(id: string | null) {
    this.#entry.id = id
  }

  /** @param takes ms from the request's first byte. */
  answer(takes: number, reply: () => Reply): void {
    if (this.#isOver) return
    const entry = this.#entry
    entry.bytesIn = this.#exchange.connection.bytesIn
    entry.startedAt = now()
    this.#reply = reply
    this.dueAt = entry.receivedAt + takes
    entry.headersDueAt = this.dueAt
    if (this.dueAt <= now()) this.fire()
    else this.#schedule.add(this)
  }

  fire(): void {
    if (this.#reply === null) return
    const { status, type, body } = this.#reply()
    const { response } = this.#exchange
    this.#entry.status = status
    this.#entry.headersWrittenAt = now()
    const parts = typeof body === 'string' ? [Buffer.from(body, 'utf8')] : body
    response.writeHead(status, { 'content-type': type, 'content-length': parts.reduce((sum, part) => sum + part.length, 0) })
    for (const part of parts) response.write(part)
    response.end()
    this.#over(now())
  }

  #gone(at: number): void {
    this.#entry.clientGoneAt = at
    this.#schedule.remove(this)
    this.#over(at)
  }

  #over(endedAt: number): void {
    this.#isOver = true
    this.#exchange.connection.onGone = null
    this.#journal.end(this.#entry, endedAt)
  }
}
