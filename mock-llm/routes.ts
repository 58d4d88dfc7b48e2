import { readBody } from './body.ts'
import { Chat, type Model } from './chat.ts'
import { bootId, now } from './clock.ts'
import type { Exchange } from './connection.ts'
import { type ApiError, type Dialect, invalid } from './dialect/dialect.ts'
import { ollamaEmbeddings, openAiEmbeddings } from './dialect/embeddings.ts'
import { loaded, shown, tags, version } from './dialect/ollama-models.ts'
import { ollamaChat, ollamaErrorBody, ollamaGenerate, unknownOllamaModel } from './dialect/ollama.ts'
import { errorBody, modelBody, modelList, openai, unknownModel } from './dialect/openai.ts'
import { asciiJson, parseJson } from './json.ts'
import { queryOf } from './query-string.ts'
import { sendError, tooLarge } from './refusal.ts'
import { relay } from './relay.ts'
import { foundPage, searxngSearch, tavilySearch } from './search.ts'
import { changed, isOffered } from './settings.ts'

type Handler = (exchange: Exchange, rest: string) => void | Promise<void>
/** Method and path; a path that ends in `/*` takes one more segment. */
type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>

/** Who answers what; to be called with each request. What is below /api is answered by the real Ollama `behind`, where there is one. */
export function router(model: Model, behind?: string): (exchange: Exchange) => void {
  const routes: Routes = { ...openAiRoutes(model), ...ollamaRoutes(model), ...searchRoutes(model), ...mockRoutes(model) }
  if (behind === undefined) return (exchange) => route(routes, exchange)
  const passOn = relay(model, behind)
  return (exchange) => void (exchange.request.url?.startsWith('/api/') === true ? passOn(exchange) : route(routes, exchange))
}

function route(routes: Routes, exchange: Exchange): void {
  const { request, response } = exchange
  const [path = '/'] = (request.url ?? '/').split('?', 1)
  const above = path.slice(0, path.lastIndexOf('/'))
  const methods = routes[path] ?? routes[`${above}/*`]
  const handler = methods?.[request.method ?? '']
  if (methods === undefined) return sendError(exchange, { status: 404, message: `There is nothing at ${path}.`, type: 'invalid_request_error', param: null, code: 'not_found' }, errorBody)
  if (handler === undefined) {
    const allowed = Object.keys(methods).join(', ')
    response.setHeader('allow', allowed)
    return sendError(exchange, { status: 405, message: `${path} takes ${allowed}, not ${request.method}.`, type: 'invalid_request_error', param: null, code: 'method_not_allowed' }, errorBody)
  }
  void handler(exchange, path.slice(above.length + 1))
}

const chats = (model: Model, dialect: Dialect): Handler => (exchange) => new Chat(model, dialect, exchange).run()

function openAiRoutes(model: Model): Routes {
  const modelNames = modelList(model.names)
  return {
    '/v1/chat/completions': { POST: chats(model, openai) },
    '/v1/models': { GET: (exchange) => sendJson(exchange, modelNames) },
    '/v1/models/*': {
      GET: (exchange, name) => {
        const asked = decoded(name)
        sendResult(exchange, isOffered(model.names, asked) ? modelBody(asked) : unknownModel(asked))
      },
    },
    '/v1/embeddings': { POST: async (exchange) => sendResult(exchange, await withBody(exchange, model, (body) => openAiEmbeddings(body, model.names, unknownModel))) },
  }
}

function ollamaRoutes(model: Model): Routes {
  const answered = (answer: (body: string) => string | ApiError): Handler => async (exchange) => sendResult(exchange, await withBody(exchange, model, answer), ollamaErrorBody)
  return {
    '/api/chat': { POST: chats(model, ollamaChat) },
    '/api/generate': { POST: chats(model, ollamaGenerate) },
    '/api/embed': { POST: answered((body) => ollamaEmbeddings(body, model.names, unknownOllamaModel)) },
    '/api/show': { POST: answered((body) => shown(body, model.names)) },
    '/api/tags': { GET: (exchange) => sendJson(exchange, tags(model.names)) },
    '/api/ps': { GET: (exchange) => sendJson(exchange, loaded(model.names)) },
    '/api/version': { GET: (exchange) => sendJson(exchange, version) },
  }
}

function searchRoutes(model: Model): Routes {
  return {
    '/search': { GET: (exchange) => searxngSearch(model, exchange), POST: (exchange) => tavilySearch(model, exchange) },
    '/tavily/search': { POST: (exchange) => tavilySearch(model, exchange) },
    '/page/*': { GET: (exchange, number) => foundPage(model, exchange, number) },
  }
}

function mockRoutes(model: Model): Routes {
  const boot = asciiJson(bootId())
  return {
    '/mock/clock': { GET: (exchange) => sendJson(exchange, `{"now":${now()},"bootId":${boot}}`) },
    '/mock/journal': {
      GET: (exchange) => sendResult(exchange, journalPage(model, exchange)),
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

function journalPage({ journal }: Model, { request }: Exchange): string | ApiError {
  const asked = queryOf(request)
  const [after, open] = [asked.get('after') ?? '0', asked.get('open') ?? '0']
  if (!/^\d{1,15}$/.test(after)) return invalid(`'after' must be a sequence number, not ${JSON.stringify(after)}.`, 'after')
  if (open !== '0' && open !== '1') return invalid(`'open' must be 0 or 1, not ${JSON.stringify(open)}.`, 'open')
  return asciiJson(journal.page(Number(after), undefined, open === '1'))
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

function sendResult(exchange: Exchange, result: string | ApiError, bodyOf: (error: ApiError) => string = errorBody): void {
  if (typeof result === 'string') sendJson(exchange, result)
  else sendError(exchange, result, bodyOf)
}

const sendJson = (exchange: Exchange, body: string): void => send(exchange, 'application/json', body)

function send({ response }: Exchange, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
