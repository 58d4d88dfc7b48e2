import type { TargetOptions } from './chat-target.ts'
import { Connection } from './connection.ts'
import { below } from './dialect.ts'
import { secretsOf } from './failure.ts'
import { jsonRequest } from './json-request.ts'
import { PageExchange } from './page-exchange.ts'
import { PageSocket, socketClient } from './page-socket.ts'
import type { Beside, Exchange, Session, Target, Utterance } from './target.ts'

/** So long a page may take to stop and to delete what it made, ms. */
const tidyingTime = 5_000

/**
 * What Open WebUI's page does: a message is posted, and its words come over the socket of the page. A session is one page of one person: a connection
 * for each. Where there are several people, sessions are dealt to them in turn: the server tells every page of a person of every message of theirs, which
 * would be a load of our making.
 */
export function openWebUiPages(options: TargetOptions): Target {
  const people = options.people === undefined || options.people.length === 0 ? [options.headers] : options.people
  let pages = 0
  void socketClient()
  const somebody = (): TargetOptions['headers'] => {
    pages += 1
    return people[pages % people.length] ?? options.headers
  }
  const open = (beside: Beside | undefined): PageSession => {
    const seen = beside?.session instanceof PageSession ? beside.session : undefined
    const isSame = seen !== undefined && beside?.as !== 'other user'
    const next = somebody()
    const headers = isSame ? seen.headers : next === seen?.headers ? somebody() : next
    return new PageSession({ ...options, headers }, beside?.as === 'same chat' ? seen : undefined)
  }
  return { kind: options.kind, url: options.url, open }
}

class PageSession implements Session {
  readonly #options: TargetOptions
  readonly #connection: Connection
  readonly #socket: PageSocket
  readonly #exchanges: PageExchange[] = []
  /** The page into whose chat this one writes; undefined for chats of its own. */
  readonly #chatOf: PageSession | undefined
  #other: Connection | undefined

  constructor(options: TargetOptions, chatOf: PageSession | undefined) {
    const { url, clock, trust, headers } = options
    this.#options = options
    this.#chatOf = chatOf
    this.#connection = new Connection(new URL(url).origin, clock, trust)
    const { authorization = '', ...others } = headers
    this.#socket = new PageSocket({
      url, clock, trust, headers: others, token: authorization.replace(/^Bearer +/i, ''),
      onEvent: (event) => { for (const exchange of this.#exchanges) exchange.onEvent(event) },
      onLost: () => { for (const exchange of this.#exchanges) exchange.onLost() },
      onJoined: () => { for (const exchange of this.#exchanges) exchange.onRejoined() },
    })
  }

  /** What was said here last. */
  get lastExchange(): PageExchange | undefined {
    return this.#exchanges.at(-1)
  }

  /** Who sits here. */
  get headers(): TargetOptions['headers'] {
    return this.#options.headers
  }

  async warm(): Promise<void> {
    await Promise.all([this.#socket.open(), jsonRequest(this.#connection, { path: below(this.#options.url, 'health'), method: 'GET', headers: { ...this.#options.headers } })])
  }

  say(utterance: Utterance): Exchange {
    const { clock, url, model, headers, trust } = this.#options
    const otherConnection = (): Connection => (this.#other ??= new Connection(new URL(url).origin, clock, trust))
    const follows = this.#chatOf?.lastExchange
    const exchange = new PageExchange({ socket: this.#socket, connection: this.#connection, clock, url, model, headers, utterance, secrets: secretsOf(headers), follows, otherConnection })
    this.#exchanges.push(exchange)
    return exchange
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const tidied = (async () => { for (const exchange of this.#exchanges) await exchange.tidy() })()
    await Promise.race([tidied, new Promise((resolve) => { timer = setTimeout(resolve, tidyingTime) })])
    clearTimeout(timer)
    this.#socket.close()
    this.#connection.destroy()
    this.#other?.destroy()
  }
}
