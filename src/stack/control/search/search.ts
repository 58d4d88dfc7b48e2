import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import type { Settings } from '../settings.ts'
import type { Sink } from '../sink.ts'
import { Slots } from '../slots.ts'
import { asyncFetching, BlockingFetching, type Fetching } from './fetching.ts'
import { htmlText } from './html-text.ts'
import { type SearchRequest, searchRequest } from './search-request.ts'
import { continued, promptWithSources, type Source, sourcesEvent } from './sources.ts'

const pageLimit = 5
const engineReply = z.object({ results: z.array(z.object({ url: z.string() })) })

/** What the model is asked, and where its answer goes. */
export interface Question {
  readonly body: Buffer
  readonly sink: Sink
  /** What is left to do when the answer is over. */
  readonly afterwards?: () => void
}

/** The web search of a gateway, by a search engine that speaks SearXNG's JSON beside the model. */
export class Search {
  readonly #engine: string
  readonly #fakes: boolean
  readonly #isLate: boolean
  readonly #threads: Slots
  /** Undefined where it does not search. */
  readonly #fetching: Fetching | undefined

  /** @param upstream the model; the engine is at `/search` of its origin. */
  constructor(upstream: URL, { search, fakesSources, searchThreads }: Pick<Settings, 'search' | 'fakesSources' | 'searchThreads'>) {
    this.#threads = Slots.of(searchThreads)
    this.#engine = `${upstream.origin}/search`
    this.#fakes = fakesSources || search === 'late'
    this.#isLate = search === 'late'
    if (search !== 'none') this.#fetching = search === 'blocking' ? new BlockingFetching() : asyncFetching
  }

  /** Searches where the body asks for it and tells the sink of the sources; any other question is the one that came. */
  prepare(body: Buffer, sink: Sink, signal: AbortSignal): Question | Promise<Question> {
    const request = searchRequest(body)
    return request === undefined ? { body, sink } : this.#searched(request, sink, signal)
  }

  close(): Promise<unknown> | undefined {
    return this.#fetching?.close()
  }

  async #searched(request: SearchRequest, sink: Sink, signal: AbortSignal): Promise<Question> {
    const { query } = request
    const sources = this.#fakes ? [{ url: 'http://fake.invalid/', text: 'Nobody has read this.' }] : await this.#inTurn(query, signal)
    // As Open WebUI does: who cannot search answers without, and does not say so.
    if (sources.length === 0 || signal.aborted) return { body: request.modelBody(), sink }
    const body = this.#fakes ? request.modelBody() : request.modelBody(promptWithSources(query, sources))
    const rest = this.#isLate ? { afterwards: () => { void this.#sources(query, new AbortController().signal) } } : {}
    if (!request.isStream) return { body, sink, ...rest }
    sink.head(200, { 'content-type': 'text/event-stream' })
    sink.write(sourcesEvent(query, sources))
    return { body, sink: continued(sink), ...rest }
  }

  /** When a thread is free for it. */
  async #inTurn(query: string, signal: AbortSignal): Promise<Source[]> {
    const release = await this.#threads.take(signal)
    try {
      return release === undefined ? [] : await this.#sources(query, signal)
    } finally {
      release?.()
    }
  }

  async #sources(query: string, signal: AbortSignal): Promise<Source[]> {
    const fetching = this.#fetching
    if (fetching === undefined) return []
    // Awaiting what is there already does not give the event loop away: a blocking search stands in it from here to the end.
    const [reply = ''] = await fetching.texts([`${this.#engine}?q=${encodeURIComponent(query)}&format=json`], signal)
    const urls = found(reply).slice(0, pageLimit)
    const pages = await fetching.texts(urls, signal)
    const turn = fetching === asyncFetching ? () => setImmediate() : () => undefined
    const sources: Source[] = []
    for (const [index, url] of urls.entries()) {
      const page = pages[index]
      if (page !== undefined) sources.push({ url, text: await htmlText(page, turn) })
    }
    return sources
  }
}

function found(reply: string): string[] {
  try {
    return engineReply.parse(JSON.parse(reply)).results.map(({ url }) => url)
  } catch {
    return []
  }
}
