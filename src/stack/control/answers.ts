import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { answerSink } from './answer-sink.ts'
import { TokenMix } from './defects/token-mix.ts'
import { clientLeaves } from './departure.ts'
import { Holds } from './holds.ts'
import { relay } from './relay.ts'
import { bodyLimitBytes, bodyOf, forwardedFields } from './request-body.ts'
import type { Search } from './search/search.ts'
import type { Settings } from './settings.ts'
import { Slots } from './slots.ts'
import { Tails } from './tails.ts'
import type { Upstream } from './upstream.ts'

/** What answers share with the rest of their gateway. */
export interface AnswerResources {
  readonly upstream: Upstream
  readonly search: Search
  readonly database: Slots
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

  /** One answer: handshake, slot, search, model, and back. What it holds it keeps until the client has the answer's end, or has left. */
  async tell(request: IncomingMessage, response: ServerResponse, lane: Slots): Promise<void> {
    const settings = this.#settings
    const left = settings.keepsUpstream ? new AbortController().signal : clientLeaves(response, settings.cancelsLate)
    const closed = new Promise<void>((resolve) => { response.once('close', resolve) })
    const abandoned = new AbortController()
    const signal = AbortSignal.any([left, abandoned.signal])
    this.#count += 1
    const tail = this.#tails.isHit() ? settings.tailDelay : 0
    const sink = answerSink(response, settings, { number: this.#count, mix: this.#mix, abandon: () => abandoned.abort() })
    const holds = new Holds()
    try {
      const body = await bodyOf(request)
      if (body === undefined) return sink.fail({ status: 413, type: 'too_large', message: `A request has at most ${bodyLimitBytes} bytes.` })
      const fields = forwardedFields(request, body)
      const fresh = settings.connections === 'fresh' ? await this.#resources.upstream.open(fields, signal) : undefined
      if (!(await holds.take(lane, signal))) return
      holds.add(this.#tails.tell())
      if (settings.delayBefore + tail > 0) await wait(settings.delayBefore + tail, undefined, { signal })
      if (settings.databasePool !== 'none' && !(await holds.take(this.#resources.database, signal))) return
      const searched = await this.#resources.search.prepare(body, sink, signal)
      if (settings.poolLimit !== 'none' && !(await holds.take(this.#connections, signal))) return
      // A pooled connection is chosen only now: while it waited for a slot the model might close it.
      const asked = fresh ?? await this.#resources.upstream.open(fields, signal)
      if (searched.body !== body) asked.setHeader('content-length', searched.body.length)
      await relay(asked, searched.body, searched.sink, settings.upstreamTimeout, response)
      searched.afterwards?.()
      await closed
    } catch (error) {
      sink.fail({ status: 502, type: 'upstream_unreachable', message: `The model cannot be reached (${error instanceof Error ? error.message : String(error)}).` })
    } finally {
      holds.release()
    }
  }
}
