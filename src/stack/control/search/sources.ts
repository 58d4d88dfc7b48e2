import { isEventStream, type Sink } from '../sink.ts'

/** A page that was found, as text. */
export interface Source {
  readonly url: string
  readonly text: string
}

/** What a client of Open WebUI is sent before the first word of an answer that was searched for. */
export const sourcesEvent = (query: string, sources: readonly Source[]): Buffer =>
  Buffer.from(`data: ${JSON.stringify({
    sources: [{
      source: { name: query, type: 'web_search', urls: sources.map(({ url }) => url) },
      document: sources.map(({ text }) => text),
      metadata: sources.map(({ url }) => ({ source: url })),
    }],
  })}\n\n`)

/** What the model is asked instead of the prompt. The prompt is its end, verbatim: the marker in its last line stays the last line. */
export const promptWithSources = (prompt: string, sources: readonly Source[]): string =>
  `### Task:\nRespond to the user query using the provided context.\n\n<context>\n${
    sources.map(({ url, text }, index) => `<source id="${index + 1}" name="${url}">${text}</source>\n`).join('')}</context>\n\n${prompt}`

/** The rest of an answer whose head has been told: the model's own head counts only where it refuses, and a refusal is a failure of the stream. */
export function continued(sink: Sink): Sink {
  let refusal: number | undefined
  return {
    head(status, fields) { if (status !== 200 || !isEventStream(fields)) refusal = status },
    write(bytes) { if (refusal === undefined) sink.write(bytes) },
    end() {
      if (refusal === undefined) sink.end()
      else sink.fail({ status: 502, type: 'upstream_refused', message: `The model answered with status ${refusal} and no stream.` })
    },
    fail: (failure) => sink.fail(failure),
  }
}
