import { Agent, type ClientRequest, request as ask, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import { readBody } from './body.ts'
import type { Model } from './chat.ts'
import { now } from './clock.ts'
import type { Exchange } from './connection.ts'
import { readMessages, textsOf } from './dialect/messages.ts'
import { ollamaErrorBody } from './dialect/ollama.ts'
import type { Entry } from './journal.ts'
import { isRecord, parseJson } from './json.ts'
import { sendError, tooLarge } from './refusal.ts'

/** What is said of one connection alone, and of a body that is passed on whole. */
const ofTheHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'expect'])

/**
 * Stands before a real Ollama: passes on what comes, byte by byte and as it comes, and keeps the same journal of its answers as of the mock's own. A real
 * model is told no marker, which it would have to read: a message is known by the word of its own that it begins with, as `abcdefgh: Hello`.
 */
export function relay(model: Model, behind: string): (exchange: Exchange) => Promise<void> {
  const agent = new Agent({ keepAlive: true, noDelay: true })
  return (exchange) => new Relayed(model, exchange).run({ behind, agent })
}

/** One request from its first byte to the end of its answer. */
class Relayed {
  readonly #model: Model
  readonly #exchange: Exchange
  /** Null of what is no answer: a list of models, say. */
  readonly #entry: Entry | null
  #asked: ClientRequest | null = null
  #isOver = false

  constructor(model: Model, exchange: Exchange) {
    this.#model = model
    this.#exchange = exchange
    const { request, connection, receivedAt } = exchange
    const isAnswer = request.method === 'POST' && /^\/api\/(?:chat|generate)$/.test(request.url ?? '')
    this.#entry = isAnswer ? model.journal.begin({ kind: 'chat', socket: connection.number, requestsBefore: connection.chats, receivedAt }) : null
    if (isAnswer) connection.chats += 1
  }

  async run({ behind, agent }: { readonly behind: string; readonly agent: Agent }): Promise<void> {
    const { request, connection } = this.#exchange
    connection.onGone = (at) => this.#gone(at)
    if (connection.goneAt !== null) return this.#gone(connection.goneAt)
    const body = await readBody(request, this.#model.bodyLimit)
    if (this.#isOver) return
    if (body === undefined) return this.#refuse(tooLarge(this.#model.bodyLimit))
    this.#understand(body)
    const headers = { ...passedOn(request.headers), ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }) }
    this.#asked = ask(`${behind}${request.url ?? ''}`, { agent, method: request.method, headers })
    this.#asked.on('response', (answer) => this.#passBack(answer))
    this.#asked.on('error', (error) => this.#failed(error))
    this.#asked.end(body)
  }

  #understand(body: string): void {
    const entry = this.#entry
    const json = parseJson(body)
    if (entry === null || !isRecord(json)) return
    entry.bytesIn = this.#exchange.connection.bytesIn
    entry.model = typeof json['model'] === 'string' ? json['model'] : ''
    entry.stream = json['stream'] !== false
    const text = typeof json['prompt'] === 'string' ? json['prompt'] : textsOf(readMessages(json['messages'], () => {})).lastUserText
    entry.id = /^\s*([a-z]{8}): /.exec(text)?.[1] ?? null
    // What a gateway asks on its own behalf begins with words of the gateway.
    if (entry.id === null) entry.kind = 'task'
  }

  #passBack(answer: IncomingMessage): void {
    const { response } = this.#exchange
    const entry = this.#entry
    const pieces = new Pieces()
    if (entry !== null) entry.status = answer.statusCode ?? 0
    response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers))
    answer.on('data', (chunk: Buffer) => {
      const at = now()
      response.write(chunk)
      if (entry === null) return
      entry.headersWrittenAt ??= at
      const told = pieces.add(chunk)
      if (told === 0) return
      entry.tokensTogether += told - (entry.lastTokenWrittenAt !== null && at - entry.lastTokenWrittenAt < 1 ? 0 : 1)
      entry.firstTokenWrittenAt ??= at
      entry.lastTokenWrittenAt = at
      entry.tokensWritten += told
    })
    answer.on('end', () => {
      if (this.#isOver) return
      response.end()
      this.#over(now())
    })
    answer.on('error', (error) => this.#failed(error))
  }

  /** An answer that broke is broken for the client as well; one that never began is a bad gateway. */
  #failed(error: Error): void {
    if (this.#isOver) return
    const { response } = this.#exchange
    if (!response.headersSent) return this.#refuse({ status: 502, message: `The model behind does not answer: ${error.message}`, type: 'server_error', param: null, code: 'bad_gateway' })
    this.#over(now())
    response.socket?.resetAndDestroy()
  }

  /** The model behind learns of it at once. */
  #gone(at: number): void {
    if (this.#entry !== null) this.#entry.clientGoneAt = at
    this.#over(at)
    this.#asked?.destroy()
  }

  #refuse(error: Parameters<typeof sendError>[1]): void {
    if (this.#entry !== null) this.#entry.status = error.status
    sendError(this.#exchange, error, ollamaErrorBody)
    this.#over(now())
  }

  #over(endedAt: number): void {
    this.#isOver = true
    this.#exchange.connection.onGone = null
    if (this.#entry === null) return
    this.#model.journal.end(this.#entry, endedAt)
    this.#model.metrics.add(this.#entry)
  }
}

const passedOn = (headers: IncomingHttpHeaders): IncomingHttpHeaders => Object.fromEntries(Object.entries(headers).filter(([name]) => !ofTheHop.has(name)))

/** Counts the lines of an answer in which something is told. A line may come in several chunks. */
class Pieces {
  #rest = ''

  /** latin1: one character a byte, so that a letter that is cut in two does no harm. */
  add(chunk: Buffer): number {
    const lines = (this.#rest + chunk.toString('latin1')).split('\n')
    const rest = lines.pop() ?? ''
    // An answer that is not streamed is one line without an end.
    const isWhole = rest.endsWith('}') && parseJson(rest) !== undefined
    this.#rest = isWhole ? '' : rest
    return lines.filter(tells).length + (isWhole && tells(rest) ? 1 : 0)
  }
}

function tells(line: string): boolean {
  const json = parseJson(line)
  if (!isRecord(json)) return false
  const said = isRecord(json['message']) ? json['message'] : json
  return [said['content'], said['response'], said['thinking']].some((text) => typeof text === 'string' && text !== '') || Array.isArray(said['tool_calls'])
}
