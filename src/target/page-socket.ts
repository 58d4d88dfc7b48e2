import type { Duplex } from 'node:stream'
import type { Socket } from 'socket.io-client'
import type { Stamp } from './answer-notes.ts'
import { nextSocketNumber, type Trust } from './connection.ts'
import { below } from './dialect.ts'
import { object, text } from './foreign-json.ts'
import { type StampedAgent, stampedAgent } from './stamped-agent.ts'
import type { Clock } from './target.ts'

/** What Open WebUI tells every page of a person: something of a message, whoever asked for it. */
export interface PageEvent extends Stamp {
  readonly chatId: string
  readonly messageId: string
  readonly type: string
  readonly data: unknown
}

export interface PageSocketOptions {
  /** The address that a browser opens. */
  readonly url: string
  /** What the handshake carries besides the token. */
  readonly headers: Readonly<Record<string, string>>
  readonly token: string
  readonly clock: Clock
  readonly trust: Trust | undefined
  readonly onEvent: (event: PageEvent) => void
  /** The connection broke, not by us. It is dialled again, as a page does. */
  readonly onLost: () => void
  /** It has been opened, for the first time or again. */
  readonly onJoined: () => void
}

/** How long a page may take to open its socket, and the server to say who it is, ms. */
const openingTime = 20_000
const joiningTime = 5_000
/** As often as the page says that it is still there, ms. */
const heartbeatTime = 30_000
/** How long a worker may take to give a sign of life, ms. */
const answeringTime = 5_000
/** How long a server may take to say goodbye, ms. */
const goodbyeTime = 500

/**
 * The socket of one page, with the client that the page uses and its settings: websocket alone, dialled again 0.5-5 s after it broke. Compression is not
 * offered: to be stamped when it is read, a frame has to be whole then.
 */
export class PageSocket {
  /** Number of the connection, counted over the process together with those for HTTP; 0 before it is dialled. */
  number = 0
  openedAt: number | null = null
  readonly #options: PageSocketOptions
  readonly #dialling: StampedAgent
  readonly #joins = new Set<() => void>()
  #socket: Socket | undefined
  #dialled: Duplex | undefined
  #opening: Promise<Error | undefined> | undefined
  #isJoined = false
  #isClosed = false
  #heartbeat: NodeJS.Timeout | undefined
  #away: NodeJS.Timeout | undefined

  constructor(options: PageSocketOptions) {
    const { url, trust = {}, clock } = options
    this.#options = options
    this.#dialling = stampedAgent(new URL(url), trust, () => clock.now(), (dialled) => {
      this.#dialled = dialled
      this.number = nextSocketNumber()
      dialled.once('connect', () => { this.openedAt = clock.now() })
    })
  }

  /** Whether it is connected, and the server has been told who we are. */
  get isOpen(): boolean {
    return this.#isJoined && this.#socket?.connected === true
  }

  /** What the server calls this page; undefined while it is not connected. */
  get id(): string | undefined {
    return this.#socket?.id
  }

  /** Resolves when it is open, or with the reason why it is not. Never rejects. */
  open(): Promise<Error | undefined> {
    if (this.isOpen) return Promise.resolve(undefined)
    this.#opening ??= this.#open().finally(() => { this.#opening = undefined })
    return this.#opening
  }

  /** As when the network is away: the connection breaks, and for so long there is no other, ms. */
  lose(milliseconds: number): void {
    const socket = this.#socket
    if (socket === undefined || this.#isClosed) return
    socket.io.reconnection(false)
    this.#dialled?.destroy()
    this.#away = setTimeout(() => {
      socket.io.reconnection(true)
      socket.connect()
    }, milliseconds)
  }

  /** Whether it is open, and the worker at its other end answers: one that is busy has not told yet what it has to tell. */
  async isHeard(): Promise<boolean> {
    const socket = this.#socket
    if (socket === undefined || !this.isOpen) return false
    return new Promise((resolve) => { socket.timeout(answeringTime).emit('heartbeat', {}, (error: Error | null) => resolve(error === null && this.isOpen)) })
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#heartbeat)
    clearTimeout(this.#away)
    this.#socket?.disconnect()
    // A server that stands still says no goodbye, and `ws` would wait for it.
    const dialled = this.#dialled
    if (dialled !== undefined) setTimeout(() => dialled.destroy(), goodbyeTime).unref()
  }

  async #open(): Promise<Error | undefined> {
    const socket = this.#socket ?? await this.#made()
    if (this.#isClosed) return new Error('the page was closed')
    return new Promise((resolve) => {
      const stop = (error?: Error): void => {
        clearTimeout(timer)
        socket.off('connect_error', failed)
        this.#joins.delete(joined)
        resolve(error)
      }
      const failed = (error: Error): void => stop(causeOf(error))
      const joined = (): void => stop()
      const timer = setTimeout(() => stop(Object.assign(new Error(`the socket was not open after ${openingTime / 1_000} s`), { code: 'ETIMEDOUT' })), openingTime)
      socket.on('connect_error', failed)
      this.#joins.add(joined)
      socket.connect()
    })
  }

  async #made(): Promise<Socket> {
    const { url, token, headers, trust, onEvent, onLost, clock } = this.#options
    const { Manager } = await socketClient()
    const { agent, readAt } = this.#dialling
    // The types are those of a browser's client, which has no say in these.
    const connecting = { agent, perMessageDeflate: false, rejectUnauthorized: trust?.rejectUnauthorized ?? true } as object
    const manager = new Manager(new URL(url).origin, {
      path: below(url, 'ws/socket.io'), transports: ['websocket'], autoConnect: false, reconnection: true, reconnectionDelay: 1_000, reconnectionDelayMax: 5_000, randomizationFactor: 0.5,
      timeout: openingTime, extraHeaders: { ...headers }, ...connecting,
    })
    const socket = manager.socket('/', { auth: { token } })
    this.#socket = socket
    socket.on('connect', () => this.#join(socket))
    socket.on('disconnect', (reason) => {
      this.#isJoined = false
      if (this.#isClosed) return
      onLost()
      if (reason === 'io server disconnect') socket.connect()
    })
    socket.on('events', (said: unknown) => {
      // Still the turn in which the frame was read: the client defers to the end of it and no further.
      const at = readAt()
      const event = pageEvent(said, { at, stampError: clock.stampError(at) })
      if (event !== undefined) onEvent(event)
    })
    this.#heartbeat = setInterval(() => { if (socket.connected) socket.emit('heartbeat', {}) }, heartbeatTime).unref()
    return socket
  }

  /** As the page does; it does not wait for the answer, but a person who types takes longer than it. */
  #join(socket: Socket): void {
    socket.timeout(joiningTime).emit('user-join', { auth: { token: this.#options.token } }, () => {
      this.#isJoined = socket.connected
      for (const joined of this.#joins) joined()
      this.#options.onJoined()
    })
  }
}

/** Loaded once, and not before somebody wants a page. */
export const socketClient = (): ReturnType<typeof loadedClient> => (client ??= loadedClient())
let client: ReturnType<typeof loadedClient> | undefined
const loadedClient = async () => import('socket.io-client')

/** engine.io wraps what went wrong: an event of `ws` that holds the error. */
function causeOf(error: Error): Error {
  const event = object(object(error)?.['description'])
  const cause = event?.['error']
  return cause instanceof Error ? cause : error
}

function pageEvent(said: unknown, stamp: Stamp): PageEvent | undefined {
  const event = object(said)
  const data = object(event?.['data'])
  if (event === undefined || data === undefined) return undefined
  return { ...stamp, chatId: text(event['chat_id']), messageId: text(event['message_id']), type: text(data['type']), data: data['data'] }
}
