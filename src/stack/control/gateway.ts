import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { buffering } from './defects/buffering.ts'
import { cut } from './defects/cut.ts'
import { delay } from './defects/delay.ts'
import { everyNth } from './defects/eventwise.ts'
import { swallowedErrors } from './defects/swallowed-errors.ts'
import { tokenLoss } from './defects/token-loss.ts'
import { tokenRepeat } from './defects/token-repeat.ts'
import { relay } from './relay.ts'
import type { Settings } from './settings.ts'
import { clientSink, sendJson, type Sink } from './sink.ts'
import { Slots } from './slots.ts'
import { Upstream } from './upstream.ts'

const bodyLimitBytes = 64 * 1024 * 1024

/** A small chat gateway in front of one model, whose defects are settings. It changes neither what is asked nor, without a defect, what is answered. */
export class Gateway {
  readonly #settings: Settings
  readonly #upstream: Upstream
  readonly #server: Server
  readonly #lanes: readonly Slots[]
  readonly #laneOf = new WeakMap<Socket, Slots>()
  #connections = 0
  #answers = 0

  /** @param upstream the base that an OpenAI client would take: `/chat/completions` and `/models` are appended. */
  constructor(upstream: URL, settings: Settings) {
    this.#settings = settings
    this.#upstream = new Upstream(upstream, settings)
    const limit = settings.slots === 'none' ? Number.POSITIVE_INFINITY : settings.slots
    this.#lanes = Array.from({ length: settings.lanes }, () => new Slots(limit))
    this.#server = createServer({ noDelay: true, keepAliveTimeout: settings.keepAlive }, (request, response) => this.#route(request, response))
    this.#server.on('connection', (socket) => {
      const lane = this.#lanes[this.#connections % this.#lanes.length]
      if (lane !== undefined) this.#laneOf.set(socket, lane)
      this.#connections += 1
    })
  }

  /** Resolves with the port once connections are accepted; rejects with Node's error where the address cannot be had. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, host, backlog: 4_096 }, () => {
        this.#server.off('error', reject)
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** At once: open answers are broken off. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
      this.#upstream.close()
    })
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    const path = (request.url ?? '').split('?', 1)[0]
    switch (`${request.method} ${path}`) {
      case 'POST /v1/chat/completions':
      case 'POST /api/chat/completions':
        return void this.#chat(request, response)
      case 'GET /v1/models':
      case 'GET /api/models':
        return void relay(this.#upstream.models(clientLeaves(response)), undefined, clientSink(response), 'none', response)
      case 'GET /health':
        return sendJson(response, 200, '{"status":true}')
      case 'GET /control/settings':
        return sendJson(response, 200, JSON.stringify(this.#settings))
      default:
        return clientSink(response).fail({ status: 404, type: 'not_found', message: `There is no ${request.method} ${path} here.` })
    }
  }

  /** One answer: handshake, slot, model, and back. The slot is held until the client has the answer's end, or has left. */
  async #chat(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const settings = this.#settings
    const left = settings.keepsUpstream ? new AbortController().signal : clientLeaves(response)
    const closed = new Promise<void>((resolve) => { response.once('close', resolve) })
    const abandoned = new AbortController()
    const signal = AbortSignal.any([left, abandoned.signal])
    this.#answers += 1
    const sink = answerSink(response, settings, this.#answers, () => abandoned.abort())
    let release: (() => void) | undefined
    try {
      const body = await bodyOf(request)
      if (body === undefined) return sink.fail({ status: 413, type: 'too_large', message: `A request has at most ${bodyLimitBytes} bytes.` })
      const fields = forwardedFields(request, body)
      const fresh = settings.connections === 'fresh' ? await this.#upstream.open(fields, signal) : undefined
      release = await this.#laneOf.get(request.socket)?.take(signal)
      if (release === undefined) return
      if (settings.delayBefore > 0) await wait(settings.delayBefore, undefined, { signal })
      // A pooled connection is chosen only now: while it waited for a slot the model might close it.
      const asked = fresh ?? await this.#upstream.open(fields, signal)
      await relay(asked, body, sink, settings.upstreamTimeout, response)
      await closed
    } catch (error) {
      sink.fail({ status: 502, type: 'upstream_unreachable', message: `The model cannot be reached (${error instanceof Error ? error.message : String(error)}).` })
    } finally {
      release?.()
    }
  }
}

/** The way from the model to the client, with the defects that are set, the first to touch the answer outermost. */
function answerSink(response: ServerResponse, settings: Settings, answer: number, abandon: () => void): Sink {
  let sink = clientSink(response)
  if (settings.buffers) sink = buffering(sink)
  if (settings.delayAfter > 0) sink = delay(sink, settings.delayAfter)
  if (settings.cutsAfter !== 'none') sink = cut(sink, settings.cutsAfter, abandon)
  if (settings.repeats === 'tokens') sink = tokenRepeat(sink, everyNth(settings.repeatEvery, answer))
  if (settings.drops === 'tokens') sink = tokenLoss(sink, everyNth(settings.dropEvery, answer))
  if (settings.swallowsErrors) sink = swallowedErrors(sink)
  return sink
}

/** Aborted when the client goes before it has its whole answer. */
function clientLeaves(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => { if (!response.writableFinished) controller.abort() })
  return controller.signal
}

/** The body as it came; undefined where it is too long. Rejects where the client leaves in the middle of it. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > bodyLimitBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What a gateway needs to say about a body that it passes verbatim; everything else about the client stays here. */
function forwardedFields(request: IncomingMessage, body: Buffer): OutgoingHttpHeaders {
  const { 'content-type': type = 'application/json', accept, authorization } = request.headers
  return { 'content-type': type, 'content-length': body.length, ...(accept === undefined ? {} : { accept }), ...(authorization === undefined ? {} : { authorization }) }
}
