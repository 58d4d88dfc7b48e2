import type { ServerResponse } from 'node:http'
import type { Encoding, Timetable } from './answer.ts'
import { now } from './clock.ts'
import type { Entry } from './journal.ts'
import type { Lateness } from './lateness.ts'
import type { Due, Schedule } from './schedule.ts'

/** What an answer is told with. */
interface Means {
  readonly response: ServerResponse
  readonly entry: Entry
  readonly timetable: Timetable
  readonly schedule: Schedule
  readonly lateness: Lateness
  /** Called once, after the last write. */
  readonly onEnd: (endedAt: number) => void
}

/**
 * An answer that streams: head and opening, then a token at each due time, the closing with the last. Frames are written to the socket by
 * hand: `response.write` makes four buffers and a corked tick of every token, a string is one write.
 */
export class StreamDelivery implements Due {
  dueAt: number
  place = -1
  readonly #means: Means
  readonly #encoding: Encoding
  /** HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer. */
  readonly #isFramed: boolean
  #told = 0

  constructor(means: Means, encoding: Encoding) {
    this.#means = means
    this.#encoding = encoding
    this.#isFramed = means.response.req.httpVersion !== '1.0'
    this.dueAt = means.timetable.headersDueAt
    means.entry.headersDueAt = means.timetable.headersDueAt
    means.entry.firstTokenDueAt = means.timetable.firstTokenDueAt
  }

  /** What is due already is written at once. */
  start(): void {
    if (this.dueAt <= now()) this.fire()
    else this.#means.schedule.add(this)
  }

  stop(): void {
    this.#means.schedule.remove(this)
  }

  fire(): void {
    const { entry, timetable, schedule } = this.#means
    if (entry.headersWrittenAt === null) {
      this.#open()
      this.dueAt = timetable.firstTokenDueAt
      if (this.dueAt > now()) return schedule.add(this)
    }
    const isLast = this.#told + 1 >= entry.tokensPlanned
    if (entry.clientGoneAt === null) this.#tell(isLast)
    else entry.tokensAfterGone += 1
    this.#told += 1
    if (isLast) return this.#means.onEnd(now())
    this.dueAt += timetable.nextGap()
    schedule.add(this)
  }

  #open(): void {
    const { entry, response } = this.#means
    entry.headersWrittenAt = now()
    if (entry.clientGoneAt !== null) return
    entry.status = 200
    // Corked: one segment for head and opening.
    response.socket?.cork()
    response.writeHead(200, this.#encoding.headers)
    response.flushHeaders()
    if (this.#encoding.opening !== '') this.#write(this.#encoding.opening)
    response.socket?.uncork()
  }

  #tell(isLast: boolean): void {
    const { entry, response, lateness } = this.#means
    const token = this.#encoding.token()
    const { socket } = response
    // Corked: the last token, the closing and the terminating chunk are one segment, as they are one instant.
    if (isLast) socket?.cork()
    const writtenAt = now()
    this.#write(token)
    entry.firstTokenWrittenAt ??= writtenAt
    entry.lastTokenDueAt = this.dueAt
    entry.lastTokenWrittenAt = writtenAt
    entry.tokensWritten += 1
    lateness.add(writtenAt - this.dueAt)
    if (!isLast) return
    this.#write(this.#encoding.closing())
    response.end()
    socket?.uncork()
  }

  #write(text: string): void {
    const { socket } = this.#means.response
    if (socket === null || !socket.writable) return
    socket.write(this.#isFramed ? `${text.length.toString(16)}\r\n${text}\r\n` : text, 'latin1')
  }
}

/** An answer in one piece, due when its last token would have been. */
export class WholeDelivery implements Due {
  dueAt: number
  place = -1
  readonly #means: Means
  readonly #body: string

  constructor(means: Means, body: string) {
    this.#means = means
    this.#body = body
    const { entry, timetable } = means
    this.dueAt = timetable.firstTokenDueAt
    for (let token = 1; token < entry.tokensPlanned; token += 1) this.dueAt += timetable.nextGap()
    entry.headersDueAt = this.dueAt
    entry.firstTokenDueAt = this.dueAt
  }

  start(): void {
    if (this.dueAt <= now()) this.fire()
    else this.#means.schedule.add(this)
  }

  stop(): void {
    this.#means.schedule.remove(this)
  }

  fire(): void {
    const { entry, response, lateness, onEnd } = this.#means
    if (entry.clientGoneAt !== null) {
      entry.tokensAfterGone = entry.tokensPlanned
      return onEnd(now())
    }
    entry.status = 200
    const writtenAt = now()
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': this.#body.length })
    response.end(this.#body)
    entry.headersWrittenAt = writtenAt
    entry.firstTokenWrittenAt = writtenAt
    entry.lastTokenDueAt = this.dueAt
    entry.lastTokenWrittenAt = writtenAt
    entry.tokensWritten = entry.tokensPlanned
    lateness.add(writtenAt - this.dueAt)
    onEnd(now())
  }
}
