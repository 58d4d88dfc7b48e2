import { browserTarget, type Pictures } from './browser/browser-target.ts'
import { ChatExchange } from './chat-exchange.ts'
import { Connection, type Trust } from './connection.ts'
import type { Dialect } from './dialect.ts'
import { secretsOf } from './failure.ts'
import { ollamaDialect } from './ollama.ts'
import { openAiDialect } from './openai.ts'
import { openWebUiDialect } from './open-webui.ts'
import { openWebUiPages } from './open-webui-socket.ts'
import type { Clock, Exchange, Session, Target, Utterance } from './target.ts'

export interface TargetOptions {
  readonly kind: Target['kind']
  /** `control` and `openai`: the base that an OpenAI client takes. `ollama` and `open-webui`: the address of the server. */
  readonly url: string
  readonly model: string
  readonly headers: Readonly<Record<string, string>>
  /** The headers of further people, of whom each page is one; absent where there is only one person. */
  readonly people?: readonly Readonly<Record<string, string>>[] | undefined
  readonly clock: Clock
  /** Whom to believe over TLS; undefined is whom Node believes. */
  readonly trust?: Trust | undefined
  /** Where a browser puts pictures of its pages; none are taken without it. */
  readonly pictures?: Pictures | undefined
}

/** The target of a kind, at an address. */
export function targetOf(options: TargetOptions): Target {
  if (options.kind === 'browser') return browserTarget(options)
  if (options.kind === 'open-webui-socket') return openWebUiPages(options)
  const dialect = dialectOf(options)
  return { kind: options.kind, url: options.url, open: () => new ChatSession(dialect, options) }
}

/** Whether messages with `search` may be said to targets of this kind. */
export const canSearch = (kind: Target['kind']): boolean => kind !== 'ollama'

function dialectOf({ kind, url, model }: TargetOptions): Dialect {
  switch (kind) {
    case 'control':
    case 'openai':
      return openAiDialect(url, model)
    case 'ollama':
      return ollamaDialect(url, model)
    case 'open-webui':
      return openWebUiDialect(url, model)
    case 'open-webui-socket':
    case 'browser':
      throw new Error(`a target of kind ${kind} cannot be spoken to yet`)
  }
}

class ChatSession implements Session {
  readonly #connection: Connection
  readonly #dialect: Dialect
  readonly #options: TargetOptions

  constructor(dialect: Dialect, options: TargetOptions) {
    this.#dialect = dialect
    this.#options = options
    this.#connection = new Connection(new URL(options.url).origin, options.clock, options.trust)
  }

  warm(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => resolve()
      this.#connection.dispatch(
        { path: this.#dialect.warmPath, method: 'GET', headers: { ...this.#options.headers } },
        {
          onSent: () => {},
          onRequestStart: () => { this.#connection.requests += 1 },
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: done,
          onResponseError: done,
        },
      )
    })
  }

  say(utterance: Utterance): Exchange {
    const { clock, headers } = this.#options
    const body = JSON.stringify(this.#dialect.body(utterance))
    const exchange = new ChatExchange({ connection: this.#connection, clock, dialect: this.#dialect, utterance, secrets: secretsOf(headers) })
    exchange.start({
      path: this.#dialect.chatPath,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: this.#dialect.accept, 'accept-encoding': 'identity', ...headers },
      body,
    })
    return exchange
  }

  close(): Promise<void> {
    this.#connection.destroy()
    return Promise.resolve()
  }
}
