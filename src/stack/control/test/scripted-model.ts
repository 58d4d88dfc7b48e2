import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Resolves when the condition holds; rejects after 5 s, saying what was waited for. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = now() + 5_000
  while (!(await condition())) {
    if (now() > deadline) throw new Error(`waited 5 s in vain until ${what}`)
    await new Promise((resolve) => { setTimeout(resolve, 1) })
  }
}

export const tokenEvent = (content: string): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
export const doneEvent = 'data: [DONE]\n\n'

/** A request as it reached the model, and the means to answer it by hand. */
export class ModelRequest {
  readonly arrivedAt = now()
  readonly body: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Which of the model's accepted connections it came on, from 1. */
  readonly socket: number
  goneAt: number | undefined

  constructor(body: string, request: IncomingMessage, response: ServerResponse, socket: number) {
    this.body = body
    this.request = request
    this.response = response
    this.socket = socket
    response.once('close', () => { if (!response.writableFinished) this.goneAt = now() })
  }

  head(): this {
    this.response.writeHead(200, { 'content-type': 'text/event-stream' })
    this.response.flushHeaders()
    return this
  }

  /** Each text is a write of its own. */
  write(...texts: readonly string[]): this {
    for (const text of texts) this.response.write(text)
    return this
  }

  end(): void {
    this.response.end(doneEvent)
  }

  /** A whole answer of so many tokens: `0 1 2 …`. */
  tell(tokens: number): void {
    this.head().write(...Array.from({ length: tokens }, (_, token) => tokenEvent(token === 0 ? '0' : ` ${token}`))).end()
  }
}

/** A model that does what the test says, and remembers what reached it. */
export class ScriptedModel {
  readonly chats: ModelRequest[] = []
  /** What it answers beside chats, by path; the rest gets a list. */
  readonly routes = new Map<string, (query: URLSearchParams, response: ServerResponse) => void>()
  readonly connections: { readonly acceptedAt: number }[] = []
  readonly #server: Server
  readonly #numbers = new WeakMap<Socket, number>()

  private constructor(onChat: (chat: ModelRequest) => void) {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = []
      request.on('data', (piece: Buffer) => pieces.push(piece))
      request.on('end', () => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://model')
        const route = this.routes.get(pathname)
        if (route !== undefined) return route(searchParams, response)
        if (request.url !== '/v1/chat/completions') return response.end(JSON.stringify({ object: 'list', data: [], asked: request.url }))
        const chat = new ModelRequest(Buffer.concat(pieces).toString('utf8'), request, response, this.#numbers.get(request.socket) ?? 0)
        this.chats.push(chat)
        onChat(chat)
      })
    })
    this.#server.on('connection', (socket) => {
      this.connections.push({ acceptedAt: now() })
      this.#numbers.set(socket, this.connections.length)
    })
  }

  /** @param onChat what to do with a chat request at once; without it the test answers by hand. */
  static async start(onChat: (chat: ModelRequest) => void = () => {}): Promise<ScriptedModel> {
    const model = new ScriptedModel(onChat)
    await new Promise<void>((resolve) => { model.#server.listen(0, '127.0.0.1', resolve) })
    return model
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`)
  }

  chat(index: number): ModelRequest {
    const chat = this.chats[index]
    if (chat === undefined) throw new Error(`the model was asked ${this.chats.length} times`)
    return chat
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
