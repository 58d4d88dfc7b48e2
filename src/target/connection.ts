import diagnostics from 'node:diagnostics_channel'
import type { SecureContext } from 'node:tls'
import { buildConnector, Client, type Dispatcher } from 'undici'
import type { Clock } from './target.ts'

type ClientOptions = NonNullable<ConstructorParameters<typeof Client>[1]>

/** Whose certificates are believed. */
export interface Trust {
  /** Authorities; made once, since making it takes longer than a handshake. Undefined: those that Node believes. */
  readonly secureContext?: SecureContext
  /** False believes everybody. */
  readonly rejectUnauthorized?: boolean
}

/** What a dispatch wants to know besides undici's own handler calls. */
interface SentListener {
  onSent(at: number): void
}

const creating: { listener: SentListener | undefined } = { listener: undefined }
const listeners = new WeakMap<object, SentListener>()
let clockOfSent: Clock | undefined

/**
 * undici tells of a request's last byte only on a diagnostics channel. `create` is published synchronously inside dispatch(), which is how a
 * request object finds its listener.
 */
function listenForSent(): void {
  if (clockOfSent !== undefined) return
  diagnostics.subscribe('undici:request:create', (message) => {
    if (creating.listener !== undefined && isRequestMessage(message)) listeners.set(message.request, creating.listener)
  })
  diagnostics.subscribe('undici:request:bodySent', (message) => {
    const at = clockOfSent?.now()
    if (isRequestMessage(message) && at !== undefined) listeners.get(message.request)?.onSent(at)
  })
}

function isRequestMessage(message: unknown): message is { request: object } {
  return typeof message === 'object' && message !== null && 'request' in message && typeof message.request === 'object' && message.request !== null
}

let sockets = 0

/** Connections are numbered over the process, whatever they carry. */
export const nextSocketNumber = (): number => ++sockets

/**
 * One TCP connection: an undici Client of its own, so that which message goes over which socket is ours to say. A pool would pick idle
 * sockets and hide the blocked ones. undici's own time-outs are off: they fire 0.3-0.6 s late.
 */
export class Connection {
  /** Number of the socket in use, counted over the process; 0 before it is dialled. */
  socket = 0
  /** Requests that this socket has carried. */
  requests = 0
  openedAt: number | null = null
  /** When the socket last had something to read: every byte that a callback of undici's hands over was there by then. */
  readAt = 0
  readonly #client: Client

  constructor(origin: string, clock: Clock, trust: Trust = {}) {
    listenForSent()
    clockOfSent = clock
    const dial = buildConnector({ timeout: 10_000, ...trust })
    const connect: ClientOptions['connect'] = (options, callback) => {
      dial(options, (error, socket) => {
        if (error !== null) {
          callback(error, null)
          return
        }
        this.openedAt = clock.now()
        this.socket = nextSocketNumber()
        this.requests = 0
        // Before undici's own listener, which parses: the stamp must not wait for the parser.
        socket.prependListener('readable', () => { this.readAt = clock.now() })
        callback(null, socket)
      })
    }
    this.#client = new Client(origin, { connect, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 600_000, keepAliveMaxTimeout: 600_000 })
  }

  get isOpen(): boolean {
    return this.#client.stats.connected
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler & SentListener): void {
    creating.listener = handler
    try {
      this.#client.dispatch(options, handler)
    } finally {
      creating.listener = undefined
    }
  }

  destroy(): void {
    void this.#client.destroy()
  }
}
