import type { SecureContext } from 'node:tls'
import { Client, type Dispatcher } from 'undici'
import { type Cadence, type Look, observe, type Observer, type ObserverClock } from './observation.ts'

export interface HealthOptions extends Cadence {
  readonly what: 'health' | 'database'
  /** Whole: `/health` says whether the event loop turns, `/api/v1/chats/?page=1` whether the database answers. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** A look that is not over by then is given up, ms. */
  readonly patience: number
  /** Whose certificates are believed; undefined is whom Node believes. */
  readonly trust?: { readonly secureContext?: SecureContext; readonly rejectUnauthorized?: boolean } | undefined
}

/**
 * Asks an address at a cadence, each time over a connection that is free, opening another where none is: an answer that does not come holds up no
 * other. Statuses are kept as they are, redirects are not followed.
 */
export function observeHealth(options: HealthOptions): Observer {
  const { origin, pathname, search } = new URL(options.url)
  const free: Client[] = []
  const all = new Set<Client>()
  // undici's own time-outs are off, they fire late; an idle connection is closed before its server does that, which would look like a failure.
  const open = (): Client => {
    const client = new Client(origin, { connect: { timeout: options.patience, ...options.trust }, pipelining: 1, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 3_000 })
    all.add(client)
    return client
  }
  const look = async (): Promise<Look> => {
    const client = free.pop() ?? open()
    const seen = await new Question(options).ask(client, { path: `${pathname}${search}`, method: 'GET', headers: { 'accept-encoding': 'identity', ...options.headers } })
    if (seen.failure === null) free.push(client)
    else {
      all.delete(client)
      void client.destroy()
    }
    return seen
  }
  const observer = observe(options, look)
  return {
    stop: async () => {
      const seen = await observer.stop()
      for (const client of all) void client.destroy()
      return seen
    },
  }
}

/** More than any health has to say. */
const mostBytes = 1024 * 1024

/** One GET, stamped before anything else is done; over at its end or when patience is. */
class Question implements Dispatcher.DispatchHandler {
  readonly #clock: ObserverClock
  readonly #patience: number
  #startedAt = 0
  #status: number | null = null
  #bytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  #resolve: (look: Look) => void = () => {}

  constructor({ clock, patience }: HealthOptions) {
    this.#clock = clock
    this.#patience = patience
  }

  ask(client: Client, options: Dispatcher.DispatchOptions): Promise<Look> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      this.#timer = setTimeout(() => this.#end(`no answer within ${this.#patience} ms`), this.#patience)
      this.#startedAt = this.#clock.now()
      client.dispatch(options, this)
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    if (status >= 200) this.#status = status
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes > mostBytes) this.#end('an answer without end')
  }

  onResponseEnd(): void {
    this.#end(null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end('code' in error && typeof error.code === 'string' ? error.code : error.message)
  }

  #end(failure: string | null): void {
    const endedAt = this.#clock.now()
    clearTimeout(this.#timer)
    this.#resolve({ startedAt: this.#startedAt, endedAt, firstTokenAt: null, status: this.#status, failure, stampError: this.#clock.stampError(endedAt) })
    if (failure !== null) this.#controller?.abort(new Error(failure))
  }
}
