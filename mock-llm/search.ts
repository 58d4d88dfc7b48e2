import { readBody } from './body.ts'
import type { Exchange } from './connection.ts'
import { asciiJson, isRecord, parseJson } from './json.ts'
import type { Journal } from './journal.ts'
import { findMarker, mostPageBytes, type MarkerReading } from './marker.ts'
import { page } from './page.ts'
import { queryOf } from './query-string.ts'
import type { Schedule } from './schedule.ts'
import type { Settings } from './settings.ts'
import { type Reply, TimedReply } from './timed-reply.ts'

/** What searches need of the mock. */
export interface SearchEngine {
  readonly settings: Settings
  readonly bodyLimit: number
  readonly schedule: Schedule
  readonly journal: Journal
}

/** One hit, as both APIs need it. */
interface Hit {
  readonly url: string
  readonly title: string
  readonly content: string
  /** Falling. */
  readonly score: number
}

/** How an API answers: SearXNG's or Tavily's. */
interface Form {
  answer(query: string, hits: readonly Hit[], seconds: number): object
  refusal(message: string): object
}

const searxng: Form = {
  answer: (query, hits) => ({
    query,
    number_of_results: hits.length,
    results: hits.map((hit, index) => ({ ...hit, engine: 'mock', template: 'default.html', engines: ['mock'], positions: [index + 1], category: 'general', publishedDate: null })),
    answers: [], corrections: [], infoboxes: [], suggestions: [], unresponsive_engines: [],
  }),
  refusal: (error) => ({ error }),
}

const tavily: Form = {
  answer: (query, hits, seconds) => ({
    query, follow_up_questions: null, answer: null, images: [],
    results: hits.map((hit) => ({ ...hit, score: hit.score / 10, raw_content: null })),
    response_time: seconds,
  }),
  refusal: (error) => ({ detail: { error } }),
}

const json = (status: number, body: object): Reply => ({ status, type: 'application/json', body: asciiJson(body) })

/** `GET /search?q=…`, as SearXNG answers with `format=json`. */
export function searxngSearch(engine: SearchEngine, exchange: Exchange): void {
  const reply = new TimedReply('search', exchange, engine)
  const query = queryOf(exchange.request).get('q')
  if (query === null || query.trim() === '') return reply.answer(0, () => json(400, searxng.refusal('q is missing')))
  search(engine, exchange, reply, searxng, query, Infinity)
}

/** `POST /search` and `/tavily/search`. */
export async function tavilySearch(engine: SearchEngine, exchange: Exchange): Promise<void> {
  const reply = new TimedReply('search', exchange, engine)
  const body = parseJson((await readBody(exchange.request, engine.bodyLimit)) ?? '')
  const query = isRecord(body) ? body['query'] : undefined
  const most = isRecord(body) ? (body['max_results'] ?? 5) : 5
  if (typeof query !== 'string' || query.trim() === '') return reply.answer(0, () => json(400, tavily.refusal("'query' must be a text.")))
  if (typeof most !== 'number' || !Number.isInteger(most) || most < 0 || most > 20) return reply.answer(0, () => json(400, tavily.refusal("'max_results' must be a whole number from 0 to 20.")))
  search(engine, exchange, reply, tavily, query, most)
}

/** A marker anywhere in the query says whose search it is, and goes before the settings. */
function search({ settings }: SearchEngine, { request }: Exchange, reply: TimedReply, form: Form, query: string, most: number): void {
  const reading: MarkerReading = findMarker(query)
  if (reading.kind === 'bad') return reply.answer(0, () => json(400, form.refusal(`The marker in the query is wrong: ${reading.problems.join('; ')}.`)))
  const marker = reading.kind === 'marker' ? reading.marker : null
  reply.id = marker?.id ?? null
  const takes = marker?.search ?? settings.searchTakes
  if (settings.searchStatus >= 400) return reply.answer(takes, () => json(settings.searchStatus, form.refusal('The search failed, as it was asked to.')))
  const pages = Math.min(most, marker?.pages ?? settings.pages)
  const asked = new URLSearchParams({ id: marker?.id ?? '', bytes: String(marker?.pagebytes ?? settings.pageBytes), takes: String(marker?.pagetakes ?? settings.pageTakes) })
  const host = request.headers.host ?? `${request.socket.localAddress ?? ''}:${request.socket.localPort ?? ''}`
  const hits = Array.from({ length: pages }, (_, number) => ({
    url: `http://${host}/page/${number}?${asked.toString()}`,
    title: `Page ${number}`,
    content: `What page ${number} is about, in a sentence.`,
    score: 10 - number / 10,
  }))
  reply.answer(takes, () => json(200, form.answer(query, hits, takes / 1_000)))
}

/** `GET /page/N?id=…&bytes=…&takes=…`, a page that a search found. */
export function foundPage(engine: SearchEngine, exchange: Exchange, segment: string): void {
  const reply = new TimedReply('page', exchange, engine)
  const asked = queryOf(exchange.request)
  const id = asked.get('id')
  reply.id = id === '' ? null : id
  const [bytes, takes] = [Number(asked.get('bytes') ?? engine.settings.pageBytes), Number(asked.get('takes') ?? engine.settings.pageTakes)]
  if (!/^\d{1,6}$/.test(segment)) return reply.answer(0, () => json(404, searxng.refusal('A page is called by a number.')))
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > mostPageBytes) return reply.answer(0, () => json(400, searxng.refusal(`bytes must be a whole number up to ${mostPageBytes}.`)))
  if (!(takes >= 0 && takes <= 86_400_000)) return reply.answer(0, () => json(400, searxng.refusal('takes must be a number of ms.')))
  reply.answer(takes, () => ({ status: 200, type: 'text/html; charset=utf-8', body: page(Number(segment), bytes) }))
}
