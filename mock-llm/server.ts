import { createServer, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { readBody } from './body.ts'
import { Chat, type Model, sendError, tooLarge } from './chat.ts'
import { bootId, now } from './clock.ts'
import { Connection, type Exchange } from './connection.ts'
import { type ApiError, embeddings, errorBody, invalid, modelBody, modelList, unknownModel } from './dialect/openai.ts'
import { Journal } from './journal.ts'
import { asciiJson, parseJson } from './json.ts'
import { Lateness } from './lateness.ts'
import { Metrics } from './metrics.ts'
import { Schedule } from './schedule.ts'
import { changed, defaultModels, defaultSettings, type Settings } from './settings.ts'
import { Slots } from './slots.ts'

export interface MockOptions {
  readonly settings?: Settings
  readonly models?: readonly string[]
  /** Largest request body. Default 16 MiB: a prompt with pictures. */
  readonly bodyLimit?: number
}

/** A mock that does not listen yet. Closing it ends open answers too. */
export interface Mock {
  readonly server: Server
  close(): Promise<void>
}

/** The mock model's HTTP server. It keeps idle connections for as long as their clients like: a server that closes them would be noise in what is measured. */
export function createMock({ settings = defaultSettings, models = defaultModels, bodyLimit = 16 * 2 ** 20 }: MockOptions = {}): Mock {
  const model: Model = {
    settings,
    names: models,
    bodyLimit,
    schedule: new Schedule(),
    slots: new Slots(settings.slots, settings.queue),
    journal: new Journal(),
    lateness: new Lateness(),
    metrics: new Metrics(),
    answersWithoutMarker: 0,
  }
  const routes = routesOf(model)
  const connections = new WeakMap<Socket, Connection>()
  const server = createServer({ noDelay: true, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 })
  server.on('connection', (socket) => connections.set(socket, new Connection(socket, model.journal.accept())))
  server.on('request', (request, response) => connections.get(request.socket)?.begin(request, response, (exchange) => route(routes, exchange)))
  server.on('clientError', (_error, socket) => {
    if (!socket.writable) return void socket.destroy()
    const body = errorBody(invalid('The request is not HTTP.'))
    socket.end(`HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
  })
  const close = (): Promise<void> => new Promise((resolve) => {
    model.lateness.stop()
    server.close(() => resolve())
    server.closeAllConnections()
  })
  return { server, close }
}

type Handler = (exchange: Exchange, rest: string) => void | Promise<void>
/** Method and path; a path that ends in `/*` takes one more segment. */
type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>

function route(routes: Routes, exchange: Exchange): void {
  const { request, response } = exchange
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  const above = path.slice(0, path.lastIndexOf('/'))
  const methods = routes[path] ?? routes[`${above}/*`]
  const handler = methods?.[request.method ?? '']
  if (methods === undefined) return sendError(exchange, { status: 404, message: `There is nothing at ${path}.`, type: 'invalid_request_error', param: null, code: 'not_found' })
  if (handler === undefined) {
    const allowed = Object.keys(methods).join(', ')
    response.setHeader('allow', allowed)
    return sendError(exchange, { status: 405, message: `${path} takes ${allowed}, not ${request.method}.`, type: 'invalid_request_error', param: null, code: 'method_not_allowed' })
  }
  void handler(exchange, path.slice(above.length + 1))
}

function routesOf(model: Model): Routes {
  const boot = asciiJson(bootId())
  const modelNames = modelList(model.names)
  return {
    '/v1/chat/completions': { POST: (exchange) => new Chat(model, exchange).run() },
    '/v1/models': { GET: (exchange) => sendJson(exchange, modelNames) },
    '/v1/models/*': {
      GET: (exchange, name) => {
        const asked = decoded(name)
        if (model.names.includes(asked)) sendJson(exchange, modelBody(asked))
        else sendError(exchange, unknownModel(asked))
      },
    },
    '/v1/embeddings': { POST: async (exchange) => sendResult(exchange, await withBody(exchange, model, (body) => embeddings(body, model.names))) },
    '/mock/clock': { GET: (exchange) => sendJson(exchange, `{"now":${now()},"bootId":${boot}}`) },
    '/mock/journal': {
      GET: (exchange) => sendResult(exchange, journalPage(model.journal, exchange)),
      DELETE: (exchange) => {
        model.journal.clear()
        sendJson(exchange, asciiJson(model.journal.page(0)))
      },
    },
    '/mock/lateness': {
      GET: (exchange) => sendJson(exchange, asciiJson(model.lateness.report())),
      DELETE: (exchange) => {
        model.lateness.clear()
        sendJson(exchange, asciiJson(model.lateness.report()))
      },
    },
    '/mock/settings': {
      GET: (exchange) => sendJson(exchange, asciiJson(model.settings)),
      PATCH: async (exchange) => sendResult(exchange, await withBody(exchange, model, (body) => change(model, body))),
    },
    '/metrics': { GET: (exchange) => send(exchange, 'text/plain; version=0.0.4; charset=utf-8', model.metrics.text(model)) },
  }
}

function change(model: Model, body: string): string | ApiError {
  const outcome = changed(model.settings, parseJson(body))
  if (outcome.kind === 'refused') return invalid(outcome.problems.join('; '))
  model.settings = outcome.settings
  model.slots.resize(outcome.settings.slots, outcome.settings.queue)
  return asciiJson(outcome.settings)
}

function journalPage(journal: Journal, { request }: Exchange): string | ApiError {
  const after = new URLSearchParams(request.url?.split('?', 2)[1]).get('after') ?? '0'
  return /^\d{1,15}$/.test(after) ? asciiJson(journal.page(Number(after))) : invalid(`'after' must be a sequence number, not ${JSON.stringify(after)}.`, 'after')
}

async function withBody(exchange: Exchange, { bodyLimit }: Model, answer: (body: string) => string | ApiError): Promise<string | ApiError> {
  const body = await readBody(exchange.request, bodyLimit)
  return body === undefined ? tooLarge(bodyLimit) : answer(body)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function sendResult(exchange: Exchange, result: string | ApiError): void {
  if (typeof result === 'string') sendJson(exchange, result)
  else sendError(exchange, result)
}

const sendJson = (exchange: Exchange, body: string): void => send(exchange, 'application/json', body)

function send({ response }: Exchange, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
