import { Agent, type ClientRequest, type ClientRequestArgs, type OutgoingHttpHeaders, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { DeadConnections } from './dead-connections.ts'
import type { Settings } from './settings.ts'

/** How long a pool keeps an idle connection: what the operators chose. Less where the model's `Keep-Alive` says so. */
const poolIdleTime = 30_000

/** Dials without Nagle's delay, and keeps a new connection's first bytes back for as long as a handshake would have cost. */
class PayingAgent extends Agent {
  readonly #handshakeCost: number
  readonly #dead: DeadConnections | undefined

  constructor(isPool: boolean, handshakeCost: number, dead?: DeadConnections) {
    super(isPool ? { keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY, timeout: poolIdleTime } : { keepAlive: false })
    this.#handshakeCost = handshakeCost
    this.#dead = dead
  }

  override createConnection(options: ClientRequestArgs, hand: (error: Error | null, socket: Duplex) => void = () => {}): Socket | undefined {
    const socket = connect({ host: options.host ?? '127.0.0.1', port: Number(options.port), noDelay: true })
    this.#dead?.watch(socket)
    if (this.#handshakeCost === 0) return socket
    const refuse = (error: Error): void => hand(error, socket)
    socket.once('error', refuse)
    socket.once('connect', () => setTimeout(() => {
      socket.off('error', refuse)
      hand(socket.destroyed ? new Error('the connection was closed during its handshake') : null, socket)
    }, this.#handshakeCost))
    return undefined
  }
}

/** The way to the model: a pool without a limit, or a new connection for every message. Nothing is ever asked twice. */
export class Upstream {
  readonly #base: URL
  readonly #chat: PayingAgent
  /** What is not an answer (the list of models) neither pays nor wears out the connections of those that are. */
  readonly #other = new PayingAgent(true, 0)
  readonly #dead: DeadConnections | undefined

  constructor(base: URL, settings: Pick<Settings, 'connections' | 'handshakeCost' | 'reusesDead'>) {
    this.#base = base
    const isPool = settings.connections === 'pooled'
    if (settings.reusesDead && isPool) this.#dead = new DeadConnections()
    this.#chat = new PayingAgent(isPool, settings.handshakeCost, this.#dead)
  }

  /** A chat request with its connection, dialled and paid for; nothing is sent before `end`. Rejects where the model cannot be reached or the signal is aborted. */
  open(fields: OutgoingHttpHeaders, signal: AbortSignal): Promise<ClientRequest> {
    if (this.#dead?.take() === true) return Promise.reject(new Error('the connection of the pool is dead'))
    return new Promise((resolve, reject) => {
      const request = this.#request('chat/completions', 'POST', fields, this.#chat, signal)
      // It stays: a connection that dies while the request waits for its slot is told of when the request is sent.
      request.on('error', reject)
      if (this.#dead !== undefined) request.once('response', (answer) => this.#dead?.hear(answer))
      request.once('socket', (socket: Socket) => {
        if (socket.connecting) socket.once('connect', () => resolve(request))
        else resolve(request)
      })
    })
  }

  models(signal: AbortSignal): ClientRequest {
    return this.#request('models', 'GET', {}, this.#other, signal)
  }

  /** Closes every connection, idle or not. */
  close(): void {
    this.#chat.destroy()
    this.#other.destroy()
  }

  #request(path: string, method: string, headers: OutgoingHttpHeaders, agent: Agent, signal: AbortSignal): ClientRequest {
    const { hostname, port, pathname } = this.#base
    return httpRequest({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? 80 : port,
      path: `${pathname.endsWith('/') ? pathname : `${pathname}/`}${path}`,
      method,
      headers: { host: this.#base.host, ...headers },
      agent,
      signal,
    })
  }
}
