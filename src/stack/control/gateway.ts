import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { Answers, type Lane } from './answers.ts'
import { clientLeaves } from './departure.ts'
import { Holds } from './holds.ts'
import { isForgotten } from './idleness.ts'
import { giveApiKey, isAdmitted, signIn, statements } from './open-webui-api.ts'
import { socketPath } from './page/page-sockets.ts'
import { Pages } from './page/pages.ts'
import { relay } from './relay.ts'
import { Search } from './search/search.ts'
import type { Settings } from './settings.ts'
import { clientSink, sendJson } from './sink.ts'
import { Slots } from './slots.ts'
import { Upstream } from './upstream.ts'

/** `/api/v1/chats/ID`, and to stop it `/api/tasks/chat/ID/stop`. */
const chatPath = /^\/api\/(?:v1\/chats\/([\w-]+)|tasks\/chat\/([\w-]+)\/stop)$/

/** A small chat gateway in front of one model, whose defects are settings. Without a search it changes neither what is asked nor, without a defect, what is answered. */
export class Gateway {
  readonly #settings: Settings
  readonly #upstream: Upstream
  readonly #search: Search
  readonly #database: Slots
  readonly #answers: Answers
  readonly #pages: Pages
  readonly #server: Server
  readonly #lanes: readonly Lane[]
  readonly #laneOf = new WeakMap<Socket, Lane>()
  /** When each connection last carried something; kept where idle ones are forgotten. */
  readonly #saidAt = new WeakMap<Socket, number>()
  #connections = 0

  /** @param upstream the base that an OpenAI client would take: `/chat/completions` and `/models` are appended. */
  constructor(upstream: URL, settings: Settings) {
    this.#settings = settings
    this.#upstream = new Upstream(upstream, settings)
    this.#search = new Search(upstream, settings)
    this.#database = Slots.of(settings.databasePool)
    this.#pages = new Pages(settings, this.#upstream)
    this.#answers = new Answers(settings, { upstream: this.#upstream, search: this.#search, pages: this.#pages, database: this.#database })
    this.#lanes = Array.from({ length: settings.lanes }, (_, number) => ({ number, slots: Slots.of(settings.slots) }))
    this.#server = createServer({ noDelay: true, keepAliveTimeout: settings.keepAlive }, (request, response) => this.#route(request, response))
    this.#server.on('upgrade', (upgraded, socket, head) => {
      if (upgraded.url?.startsWith(socketPath) === true) this.#pages.sockets.upgrade(upgraded, socket, head)
      else socket.destroy()
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
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => { this.#server.close(() => resolve()) })
    this.#server.closeAllConnections()
    this.#upstream.close()
    await this.#search.close()
    await this.#pages.sockets.close()
    await closed
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    this.#lane(request.socket)
    if (this.#settings.forgetsIdle !== 'none' && this.#isLost(request, response)) return
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    switch (`${request.method} ${path}`) {
      case 'POST /v1/chat/completions':
      case 'POST /api/chat/completions':
        return this.#chat(request, response)
      case 'GET /v1/models':
      case 'GET /api/models':
        if (!isAdmitted(request, response, this.#settings.auth)) return
        return void relay(this.#upstream.models(clientLeaves(response)), undefined, clientSink(response), 'none', response)
      case 'GET /health':
        return void this.#health(request, response)
      case 'GET /health/db':
        return void this.#query(response, '{"status":true}')
      case 'GET /api/v1/chats/':
        return void this.#query(response, '[]')
      case 'POST /api/v1/auths/signin':
        return void signIn(request, response)
      case 'POST /api/v1/auths/api_key':
        return isAdmitted(request, response, this.#settings.auth) ? giveApiKey(response) : undefined
      case 'GET /api/version':
      case 'GET /api/config':
        return sendJson(response, 200, statements[path] ?? '{}')
      case 'GET /control/settings':
        return sendJson(response, 200, JSON.stringify(this.#settings))
      default: {
        const chat = chatPath.exec(path)
        if (chat !== null) return this.#chatRequest(request, chat[2] ?? chat[1] ?? '', response)
        return clientSink(response).fail({ status: 404, type: 'not_found', message: `There is no ${request.method} ${path} here.` })
      }
    }
  }

  /** Said on a connection that was forgotten: it is gone, and so is the message. */
  #isLost({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const remember = (): void => { this.#saidAt.set(socket, performance.now()) }
    if (isForgotten(this.#saidAt.get(socket), this.#settings.forgetsIdle)) {
      socket.resetAndDestroy()
      return true
    }
    remember()
    response.once('finish', remember)
    return false
  }

  #chat(request: IncomingMessage, response: ServerResponse): void {
    if (isAdmitted(request, response, this.#settings.auth)) void this.#answers.tell(request, response, this.#lane(request.socket))
  }

  /** Connections are dealt to the workers in turn, those of pages' sockets apart from all others. */
  #lane(socket: Socket): Lane {
    const known = this.#laneOf.get(socket)
    if (known !== undefined) return known
    const lane = this.#lanes[this.#connections % this.#lanes.length]
    if (lane === undefined) throw new RangeError('a gateway has one lane at least')
    this.#laneOf.set(socket, lane)
    this.#connections += 1
    return lane
  }

  /** What a page asks about one chat: how it stands, to stop it, to delete it. */
  #chatRequest({ method, socket }: IncomingMessage, chat: string, response: ServerResponse): void {
    const { chats } = this.#pages
    const missing = (): void => sendJson(response, 404, '{"detail":"Not found"}')
    if (method === 'POST') return sendJson(response, 200, JSON.stringify({ status: true, message: `${this.#pages.stop(chat, this.#lane(socket))} tasks stopped.` }))
    if (method === 'DELETE') {
      // As Open WebUI does: what is still being told of a chat ends with it.
      this.#pages.stop(chat, this.#lane(socket))
      return chats.delete(chat) ? sendJson(response, 200, 'true') : missing()
    }
    const text = chats.text(chat)
    if (text === undefined) return missing()
    void this.#query(response, text)
  }

  async #health(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { healthBlocks, healthDelay } = this.#settings
    const lane = this.#lane(request.socket)
    const holds = new Holds()
    if (healthBlocks && !(await holds.take(lane.slots, clientLeaves(response)))) return
    if (healthDelay > 0) await wait(healthDelay)
    if (!response.destroyed) sendJson(response, 200, '{"status":true}')
    holds.release()
  }

  /** An answer that needs a database connection for an instant. */
  async #query(response: ServerResponse, body: string): Promise<void> {
    const holds = new Holds()
    if (await holds.take(this.#database, clientLeaves(response))) sendJson(response, 200, body)
    holds.release()
  }
}
