import type { Times } from './answer.ts'
import { now } from './clock.ts'
import { failureMessage, heartbeat, type Means, resetDelay, splitDelay } from './delivery.ts'
import { beforeHead, type Fault, nowhere, placeIndex } from './fault.ts'
import type { Due } from './schedule.ts'

/** The body of an answer in one piece, as bytes. */
export interface WholeEncoding {
  /** Cheap: what is long was made before. */
  body(times: Times): string
  /** What a failure says instead, with status 200. */
  failure(message: string): string
}

/**
 * An answer in one piece, due when its last token would have been. A fault strikes then, too: its place says how much of the body has come,
 * nothing at `first`, all but the last byte at the end.
 */
export class WholeDelivery implements Due {
  dueAt: number
  place = -1
  /** A fault holds the answer: nothing more comes until the client leaves. */
  isStanding = false
  readonly #means: Means
  readonly #encoding: WholeEncoding
  /** Tokens that are not due yet, where the gaps cannot be drawn in advance. */
  #left: number
  #rest: string | null = null
  #resets = false

  constructor(means: Means, encoding: WholeEncoding) {
    this.#means = means
    this.#encoding = encoding
    const { entry, timetable } = means
    this.dueAt = timetable.firstTokenDueAt
    this.#left = entry.tokensPlanned - 1
    if (timetable.isFixed) for (; this.#left > 0; this.#left -= 1) this.dueAt += timetable.nextGap()
    // Before the head nothing is waited for but the head.
    if (placeIndex(means.fault, entry.tokensPlanned) === beforeHead) {
      this.dueAt = timetable.headersDueAt
      this.#left = 0
    }
    this.#note()
  }

  start(): void {
    if (this.dueAt <= now()) this.fire()
    else this.#means.schedule.add(this)
  }

  stop(): void {
    this.#means.schedule.remove(this)
  }

  fire(): void {
    const { entry, timetable, schedule, wire, fault, onEnd } = this.#means
    if (this.isStanding) return this.#beat()
    if (this.#resets) return this.#reset()
    for (; this.#left > 0; this.#left -= 1) {
      this.dueAt += timetable.nextGap()
      this.#note()
      if (this.dueAt <= now()) continue
      this.#left -= 1
      return schedule.add(this)
    }
    if (entry.clientGoneAt !== null) {
      entry.tokensAfterGone = entry.tokensPlanned
      return onEnd(now())
    }
    if (this.#rest !== null) return this.#tell(() => wire.finish(this.#rest ?? ''))
    const { receivedAt } = entry
    const body = this.#encoding.body({ receivedAt, startedAt: entry.startedAt ?? receivedAt, firstAt: timetable.firstTokenDueAt, lastAt: this.dueAt })
    const strikesAt = placeIndex(fault, entry.tokensPlanned)
    if (fault !== null && strikesAt <= entry.tokensPlanned && strikesAt !== nowhere) return this.#strike(fault, strikesAt, body)
    this.#tell(() => wire.send(200, headersOf(body), body))
  }

  #note(): void {
    const { entry } = this.#means
    entry.headersDueAt = this.dueAt
    entry.firstTokenDueAt = this.dueAt
  }

  #tell(write: () => void): void {
    const { entry, lateness, onEnd } = this.#means
    entry.status = 200
    const writtenAt = now()
    write()
    entry.headersWrittenAt ??= writtenAt
    entry.firstTokenWrittenAt = writtenAt
    entry.lastTokenDueAt = this.dueAt
    entry.lastTokenWrittenAt = writtenAt
    entry.tokensWritten = entry.tokensPlanned
    entry.tokensTogether = entry.tokensPlanned - 1
    lateness.add(writtenAt - this.dueAt)
    onEnd(now())
  }

  #strike(fault: Fault, strikesAt: number, body: string): void {
    const { entry, wire, refuse, schedule, onEnd } = this.#means
    const at = now()
    entry.faultAt = at
    if (strikesAt !== beforeHead) {
      entry.status = 200
      entry.headersWrittenAt = at
    }
    const came = body.slice(0, strikesAt === entry.tokensPlanned ? -1 : Math.floor((body.length * Math.max(0, strikesAt)) / entry.tokensPlanned))
    switch (fault.kind) {
      case 'garbage':
      case 'error': {
        const text = fault.kind === 'error' ? this.#encoding.failure(failureMessage) : body.slice(0, Math.floor(body.length / 2))
        wire.send(200, headersOf(text), text)
        break
      }
      case 'split': {
        const middle = body.search(/[\u0080-\u00ff]/) + 1
        wire.open(200, headersOf(body), body.slice(0, middle))
        this.#rest = body.slice(middle)
        this.dueAt = now() + splitDelay
        return schedule.add(this)
      }
      case 'heartbeat':
        this.isStanding = true
        wire.open(200, { 'content-type': 'application/json' }, came)
        this.dueAt = at + heartbeat
        return schedule.add(this)
      case 'rst':
        if (strikesAt === beforeHead) return this.#reset()
        wire.open(200, headersOf(body), came)
        this.#resets = true
        this.dueAt = at + resetDelay
        return schedule.add(this)
      case 'fin':
        if (strikesAt !== beforeHead) wire.open(200, headersOf(body), came)
        else entry.status = 0
        wire.cut()
        break
      case 'silence':
      case 'hang':
        if (strikesAt !== beforeHead) wire.open(200, headersOf(body), came)
        this.isStanding = true
        return
      case 'status':
        refuse(fault.code)
        break
    }
    onEnd(now())
  }

  #reset(): void {
    const { entry, wire, onEnd } = this.#means
    entry.faultAt = now()
    if (entry.headersWrittenAt === null) entry.status = 0
    wire.reset()
    onEnd(now())
  }

  /** White space is what JSON bears where nothing has come yet. */
  #beat(): void {
    this.#means.wire.write(' ')
    this.dueAt += heartbeat
    this.#means.schedule.add(this)
  }
}

const headersOf = (body: string): Record<string, string | number> => ({ 'content-type': 'application/json', 'content-length': body.length })
