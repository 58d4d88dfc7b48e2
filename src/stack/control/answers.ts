import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { answerSink } from './answer-sink.ts'
import { TokenMix } from './defects/token-mix.ts'
import { clientLeaves } from './departure.ts'
import { Holds } from './holds.ts'
import { pageRequest } from './page/page-request.ts'
import type { Pages } from './page/pages.ts'
import { type Client, relay } from './relay.ts'
import { bodyLimitBytes, bodyOf, forwardedFields } from './request-body.ts'
import type { Search } from './search/search.ts'
import type { Settings } from './settings.ts'
import { clientSink, type Sink } from './sink.ts'
import { Slots } from './slots.ts'
import { Tails } from './tails.ts'
import type { Upstream } from './upstream.ts'

/** What answers share with the rest of their gateway. */
export interface AnswerResources {
  readonly upstream: Upstream
  readonly search: Search
  readonly pages: Pages
  readonly database: Slots
}

/** A worker: which, and the answers that it tells at a time. */
export interface Lane {
  readonly number: number
  readonly slots: Slots
}

/** Who wants an answer, and where it goes. */
export interface Asker {
  readonly body: Buffer
  readonly fields: OutgoingHttpHeaders
  /** Aborted when nobody waits for it any more. */
  readonly left: AbortSignal
  /** When whoever asked has all of it, or has left: what the answer held is held so long. */
  readonly closed: Promise<void>
  readonly sink: Sink
  readonly client: Client
}

/** The answers of one gateway: what each waits for and holds, and what they have in common. */
export class Answers {
  readonly #settings: Settings
  readonly #resources: AnswerResources
  readonly #connections: Slots
  readonly #tails: Tails
  readonly #mix = new TokenMix()
  #count = 0

  constructor(settings: Settings, resources: AnswerResources) {
    this.#settings = settings
    this.#resources = resources
    this.#connections = Slots.of(settings.poolLimit)
    this.#tails = new Tails(settings)
  }

  /** Answers a request: in its response, or where a page asked over the page's socket. */
  async tell(request: IncomingMessage, response: ServerResponse, lane: Lane): Promise<void> {
    const { keepsUpstream, cancelsLate } = this.#settings
    const left = keepsUpstream ? new AbortController().signal : clientLeaves(response, cancelsLate)
    const closed = new Promise<void>((resolve) => { response.once('close', resolve) })
    const sink = clientSink(response)
    // Whoever leaves in the middle of a body is told nothing.
    const body = await bodyOf(request).catch(() => undefined)
    if (body === undefined) return sink.fail({ status: 413, type: 'too_large', message: `A request has at most ${bodyLimitBytes} bytes.` })
    const page = pageRequest(body)
    if (page !== undefined) return this.#resources.pages.tell(request, response, page, lane, (asker, at) => this.#answer(asker, at))
    await this.#answer({ body, fields: forwardedFields(request, body), left, closed, sink, client: response }, lane)
  }

  /** One answer: handshake, slot, search, model, and back. What it holds it keeps until the client has the answer's end, or has left. */
  async #answer({ body, fields, left, closed, sink: client, client: reader }: Asker, lane: Lane): Promise<void> {
    const settings = this.#settings
    const abandoned = new AbortController()
    const signal = AbortSignal.any([left, abandoned.signal])
    this.#count += 1
    const tail = this.#tails.isHit() ? settings.tailDelay : 0
    const sink = answerSink(client, settings, { number: this.#count, mix: this.#mix, abandon: () => abandoned.abort() })
    const holds = new Holds()
    try {
      const fresh = settings.connections === 'fresh' ? await this.#resources.upstream.open(fields, signal) : undefined
      if (!(await holds.take(lane.slots, signal))) return
      holds.add(this.#tails.tell())
      if (settings.delayBefore + tail > 0) await wait(settings.delayBefore + tail, undefined, { signal })
      if (settings.databasePool !== 'none' && !(await holds.take(this.#resources.database, signal))) return
      const searched = await this.#resources.search.prepare(body, sink, signal)
      if (settings.poolLimit !== 'none' && !(await holds.take(this.#connections, signal))) return
      // A pooled connection is chosen only now: while it waited for a slot the model might close it.
      const asked = fresh ?? await this.#resources.upstream.open(fields, signal)
      if (searched.body !== body) asked.setHeader('content-length', searched.body.length)
      await relay(asked, searched.body, searched.sink, settings.upstreamTimeout, reader)
      searched.afterwards?.()
      await closed
    } catch (error) {
      sink.fail({ status: 502, type: 'upstream_unreachable', message: `The model cannot be reached (${error instanceof Error ? error.message : String(error)}).` })
    } finally {
      holds.release()
    }
  }
}
