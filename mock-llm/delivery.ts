import type { Encoding, Times, Timetable } from './answer.ts'
import { now } from './clock.ts'
import { beforeHead, type Fault, nowhere, placeIndex } from './fault.ts'
import type { Entry } from './journal.ts'
import type { Lateness } from './lateness.ts'
import type { Due, Schedule } from './schedule.ts'
import type { Wire } from './wire.ts'

/** What an answer is told with. */
export interface Means {
  readonly wire: Wire
  readonly entry: Entry
  readonly timetable: Timetable
  readonly schedule: Schedule
  readonly lateness: Lateness
  readonly fault: Fault | null
  /** A comment in a write of its own wherever one may stand. */
  readonly comments: boolean
  /** Answers with an error status instead. */
  readonly refuse: (status: number) => void
  /** Called once, after the last write. */
  readonly onEnd: (endedAt: number) => void
}

/** Between two comments of a heartbeat, ms. */
export const heartbeat = 1_000
/** Between the two writes of a character that is split, ms: two reads for any client that is awake. */
export const splitDelay = 5
/** A reset comes at least so long after the write before it, ms: it takes from the client what that has not read yet. */
export const resetDelay = 5

/** Told instead of the rest of an answer. */
export const failureMessage = 'The model failed in the middle of its answer, as it was asked to.'

/** Tokens nearer to each other than this were written together, ms. */
const together = 1

/** An answer that streams: head and opening, then a write at each due time, the closing with the last, and a fault where its place comes. */
export class StreamDelivery implements Due {
  dueAt: number
  place = -1
  /** A fault holds the answer: nothing more comes until the client leaves. */
  isStanding = false
  readonly #means: Means
  readonly #encoding: Encoding
  #told = 0
  /** Tokens of the next write. */
  #span = 1
  readonly #firstDueAt: number
  /** Tokens told when the fault strikes. */
  #strikesAt: number
  /** What is left of a write that was split, and when the whole of it was due: what follows is not late for that. */
  #rest: string | null = null
  #splitDueAt: number | null = null

  constructor(means: Means, encoding: Encoding) {
    this.#means = means
    this.#encoding = encoding
    const { entry, timetable } = means
    this.#strikesAt = placeIndex(means.fault, entry.tokensPlanned)
    this.dueAt = timetable.headersDueAt
    this.#firstDueAt = timetable.firstTokenDueAt + this.#plan()
    entry.headersDueAt = timetable.headersDueAt
    entry.firstTokenDueAt = this.#firstDueAt
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
    if (this.isStanding) return this.#beat()
    const { entry, timetable, schedule, onEnd } = this.#means
    if (entry.headersWrittenAt === null) {
      if (this.#strikesAt === beforeHead && !this.#strike()) return
      this.#open()
      this.dueAt = this.#firstDueAt
      if (this.dueAt > now()) return schedule.add(this)
    }
    if (this.#told === this.#strikesAt && !this.#strike()) return
    const isLast = this.#told + this.#span >= entry.tokensPlanned
    const closes = isLast && this.#strikesAt !== entry.tokensPlanned
    if (entry.clientGoneAt === null) this.#tell(closes)
    else entry.tokensAfterGone += this.#span
    this.#told += this.#span
    if (closes) return onEnd(now())
    if (isLast) return this.#strikeAtEnd()
    this.dueAt = (this.#splitDueAt ?? this.dueAt) + timetable.nextGap() + this.#plan()
    this.#splitDueAt = null
    schedule.add(this)
  }

  /** Settles how many tokens the next write has. Returns how much later than its first one it is due: a write is due with its last token. */
  #plan(): number {
    const span = this.#encoding.span(this.#told)
    this.#span = this.#strikesAt > this.#told ? Math.min(span, this.#strikesAt - this.#told) : span
    let later = 0
    for (let token = 1; token < this.#span; token += 1) later += this.#means.timetable.nextGap()
    return later
  }

  #open(): void {
    const { entry, wire, comments } = this.#means
    entry.headersWrittenAt = now()
    if (entry.clientGoneAt !== null) return
    entry.status = 200
    const { headers, opening, comment } = this.#encoding
    wire.open(200, headers, comments ? '' : opening)
    if (!comments) return
    wire.write(comment)
    if (opening !== '') wire.write(opening)
  }

  #tell(closes: boolean): void {
    const { entry, wire, lateness, comments } = this.#means
    const text = this.#rest ?? this.#encoding.tokens(this.#span)
    this.#rest = null
    const writtenAt = now()
    if (!closes) wire.write(text)
    entry.firstTokenWrittenAt ??= writtenAt
    const isSoon = entry.lastTokenWrittenAt !== null && writtenAt - entry.lastTokenWrittenAt < together
    entry.tokensTogether += this.#span - (isSoon ? 0 : 1)
    entry.lastTokenDueAt = this.dueAt
    entry.lastTokenWrittenAt = writtenAt
    entry.tokensWritten += this.#span
    lateness.add(writtenAt - this.dueAt)
    if (closes) wire.finish(text, this.#encoding.closing(timesOf(entry)))
    else if (comments && this.#told + this.#span < entry.tokensPlanned) wire.write(this.#encoding.comment)
  }

  /** The place of the fault has come. Returns whether the answer goes on. */
  #strike(): boolean {
    const { entry, wire, fault, refuse, schedule, onEnd } = this.#means
    if (fault === null) return true
    const lastWrittenAt = entry.lastTokenWrittenAt ?? entry.headersWrittenAt
    if (fault.kind === 'rst' && lastWrittenAt !== null && now() < lastWrittenAt + resetDelay) {
      this.dueAt = lastWrittenAt + resetDelay
      schedule.add(this)
      return false
    }
    this.#strikesAt = nowhere
    const goesOn = fault.kind === 'garbage' || fault.kind === 'split'
    // Nobody is there to see it.
    if (entry.clientGoneAt !== null) {
      if (!goesOn) onEnd(now())
      return goesOn
    }
    entry.faultAt = now()
    switch (fault.kind) {
      case 'garbage':
        wire.write(this.#encoding.garbage)
        return true
      case 'split':
        this.#split()
        return false
      case 'silence':
      case 'hang':
        this.isStanding = true
        return false
      case 'heartbeat':
        this.isStanding = true
        this.dueAt = entry.faultAt + heartbeat
        schedule.add(this)
        return false
      case 'rst':
        wire.reset()
        break
      case 'fin':
        wire.cut()
        break
      case 'error':
        wire.finish(this.#encoding.failure(failureMessage))
        break
      case 'status':
        refuse(fault.code)
        break
    }
    if (entry.headersWrittenAt === null && fault.kind !== 'status') entry.status = 0
    onEnd(now())
    return false
  }

  #strikeAtEnd(): void {
    if (!this.#strike()) return
    const { entry, wire, onEnd } = this.#means
    if (entry.clientGoneAt === null) wire.finish(this.#encoding.closing(timesOf(entry)))
    onEnd(now())
  }

  /** Writes a token up to the middle of its character. The token is told when the rest is, some ms later. */
  #split(): void {
    const text = this.#encoding.tokens(this.#span)
    const middle = text.search(/[\u0080-\u00ff]/) + 1
    this.#means.wire.write(text.slice(0, middle))
    this.#rest = text.slice(middle)
    this.#splitDueAt = this.dueAt
    this.dueAt = now() + splitDelay
    this.#means.schedule.add(this)
  }

  #beat(): void {
    this.#means.wire.write(this.#encoding.comment)
    this.dueAt += heartbeat
    this.#means.schedule.add(this)
  }
}

function timesOf({ receivedAt, startedAt, firstTokenWrittenAt, lastTokenWrittenAt }: Entry): Times {
  const started = startedAt ?? receivedAt
  return { receivedAt, startedAt: started, firstAt: firstTokenWrittenAt ?? started, lastAt: lastTokenWrittenAt ?? started }
}
