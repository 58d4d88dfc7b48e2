import type { Task } from './task-prompt.ts'

/** One request as the mock saw it. Instants are ms of CLOCK_MONOTONIC, null where the thing never happened; a written instant is taken immediately before the write. */
export interface Entry {
  /** Place in the order of ends, from 1. 0 while the request is open. */
  seq: number
  /** Of the marker; null where there is none. */
  id: string | null
  /** `task`: the gateway asks on its own behalf (a title, tags), with the prompt and its marker somewhere in the text. */
  kind: 'chat' | 'task' | 'search' | 'page'
  /** Of a task that was known by its prompt, which; null for everything else. */
  task: Task | null
  /** As asked for; empty where the request could not be read. */
  model: string
  stream: boolean
  /** Number of the socket, from 1, and how many requests it had carried before; of a chat, how many chats. */
  socket: number
  requestsBefore: number
  /** The request's first byte. */
  receivedAt: number
  /** Head and body. */
  bytesIn: number
  /** It had its slot. */
  startedAt: number | null
  headersDueAt: number | null
  headersWrittenAt: number | null
  firstTokenDueAt: number | null
  firstTokenWrittenAt: number | null
  /** Of the last token that was written. */
  lastTokenDueAt: number | null
  lastTokenWrittenAt: number | null
  tokensPlanned: number
  tokensWritten: number
  /** Of those, the ones written in one piece with the token before, or less than 1 ms after it. */
  tokensTogether: number
  /** The client was seen to leave before the answer ended. */
  clientGoneAt: number | null
  /** Tokens told to nobody after that (setting `finishesWhenGone`). */
  tokensAfterGone: number
  endedAt: number | null
  /** HTTP status; 499 where the client left before there was one, 0 where a fault ended the connection before. */
  status: number
  /** As asked for, `silence@first`; null without one, and for a request that the marker's `times` spared. */
  fault: string | null
  /** From when on it was in force: when what it withholds or puts in was due to be written. Null where its place never came. */
  faultAt: number | null
}

export interface JournalPage {
  /** What to pass as `after` the next time. */
  readonly next: number
  /** Requests in flight, those that wait for a slot and those that a fault holds included. */
  readonly open: number
  /** Sockets accepted since the start. */
  readonly sockets: number
  /** Entries after `after` that the bounded memory has forgotten. */
  readonly dropped: number
  readonly entries: readonly Entry[]
  /** The requests in flight, in the order in which they came; where they were asked for. */
  readonly openEntries?: readonly Entry[]
}

/** A page stays this small because writing it out holds up the event loop: ten thousand entries take some 30 ms. */
const pageSize = 10_000

/** The requests that ended, the last `capacity` of them, and how many have not. */
export class Journal {
  readonly #capacity: number
  /** A ring: the entry of sequence number s is at s % capacity. */
  #ring: Entry[] = []
  #last = 0
  #first = 1
  /** Up to here `clear` took them; they are not counted as dropped. */
  #cleared = 0
  readonly #open = new Set<Entry>()
  #sockets = 0

  constructor(capacity = 200_000) {
    this.#capacity = capacity
  }

  get open(): number {
    return this.#open.size
  }

  get sockets(): number {
    return this.#sockets
  }

  /** Numbers a socket that was accepted. */
  accept(): number {
    this.#sockets += 1
    return this.#sockets
  }

  begin(seen: Pick<Entry, 'kind' | 'socket' | 'requestsBefore' | 'receivedAt'>): Entry {
    const entry: Entry = {
      seq: 0, id: null, task: null, model: '', stream: false, bytesIn: 0,
      ...seen,
      startedAt: null, headersDueAt: null, headersWrittenAt: null,
      firstTokenDueAt: null, firstTokenWrittenAt: null, lastTokenDueAt: null, lastTokenWrittenAt: null,
      tokensPlanned: 0, tokensWritten: 0, tokensTogether: 0, clientGoneAt: null, tokensAfterGone: 0, endedAt: null, status: 499, fault: null, faultAt: null,
    }
    this.#open.add(entry)
    return entry
  }

  end(entry: Entry, endedAt: number): void {
    this.#open.delete(entry)
    this.#last += 1
    entry.seq = this.#last
    entry.endedAt = endedAt
    this.#ring[entry.seq % this.#capacity] = entry
    this.#first = Math.max(this.#first, this.#last - this.#capacity + 1)
  }

  page(after: number, limit = pageSize, withOpen = false): JournalPage {
    const from = Math.max(after + 1, this.#first)
    const to = Math.min(this.#last, from + limit - 1)
    const entries: Entry[] = []
    for (let seq = from; seq <= to; seq += 1) {
      const entry = this.#ring[seq % this.#capacity]
      if (entry !== undefined) entries.push(entry)
    }
    const dropped = Math.max(0, this.#first - 1 - Math.max(after, this.#cleared))
    const page = { next: to, open: this.#open.size, sockets: this.#sockets, dropped, entries }
    return withOpen ? { ...page, openEntries: [...this.#open] } : page
  }

  /** Forgets the entries; numbers go on, so that nobody reads an old one twice. */
  clear(): void {
    this.#ring = []
    this.#first = this.#last + 1
    this.#cleared = this.#last
  }
}
