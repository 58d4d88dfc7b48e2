import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { now } from './clock.ts'

/** One request with the facts that only its socket knows. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  /** The request's first byte was read. */
  readonly receivedAt: number
  readonly requestsBefore: number
}

/**
 * What happens on one accepted socket: when the request in hand began, how many bytes it had, how many came before it, and when the client left.
 * node:http tells of a request when its head is complete; a client that sends the head in drips, or a busy parser, would hide how long it took.
 */
export class Connection {
  readonly number: number
  /** Chats that it has carried, the one in hand included. */
  chats = 0
  /** Called once when the client is seen to leave, for whoever answers at that moment. */
  onGone: ((at: number) => void) | null = null
  #goneAt: number | null = null
  #requests = 0
  #current: IncomingMessage | null = null
  #previous: ServerResponse | null = null
  /** First byte of the request in hand, and the bytes since. */
  #beganAt: number | null = null
  #readAt = 0
  #bytes = 0

  constructor(socket: Socket, number: number) {
    this.number = number
    // Prepended: stamped before it is parsed. Listening makes node:http give up reading past the socket object, at some microseconds a read.
    socket.prependListener('data', (chunk: Buffer) => this.#read(chunk.length))
    // A client's FIN ends the exchange in node:http, so the first of the two is when it was seen to leave.
    socket.on('end', () => this.#gone())
    socket.on('close', () => this.#gone())
  }

  get goneAt(): number | null {
    return this.#goneAt
  }

  /** Bytes of the request in hand so far, head and body. */
  get bytesIn(): number {
    return this.#bytes
  }

  /**
   * Hands a request over, after the answer to the one before it: a client that pipelines gets its answers one after another.
   * @param handle called once it is this request's turn.
   */
  begin(request: IncomingMessage, response: ServerResponse, handle: (exchange: Exchange) => void): void {
    const receivedAt = this.#beganAt ?? this.#readAt
    this.#beganAt = null
    this.#current = request
    const exchange = { request, response, connection: this, receivedAt, requestsBefore: this.#requests }
    this.#requests += 1
    const previous = this.#previous
    this.#previous = response
    if (response.socket !== null || previous === null) handle(exchange)
    else previous.once('close', () => handle(exchange))
  }

  #read(size: number): void {
    this.#readAt = now()
    if (this.#beganAt === null && (this.#current === null || this.#current.complete)) {
      this.#beganAt = this.#readAt
      this.#bytes = 0
    }
    this.#bytes += size
  }

  #gone(): void {
    if (this.#goneAt !== null) return
    this.#goneAt = now()
    this.onGone?.(this.#goneAt)
  }
}
