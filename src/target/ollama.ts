import { below, type Dialect } from './dialect.ts'
import { marked } from './marker.ts'
import { OllamaStream } from './ollama-stream.ts'

/** Ollama's own chat API at `base`, the address of the server (github.com/ollama/ollama/blob/main/docs/api.md). It cannot search. */
export function ollamaDialect(base: string, model: string): Dialect {
  return {
    warmPath: below(base, 'api/version'),
    chatPath: below(base, 'api/chat'),
    body: (utterance) => {
      if (utterance.search === true) throw new RangeError('a target of kind ollama cannot search the web')
      return {
        model,
        stream: true,
        messages: [{ role: 'user', content: marked(utterance) }],
        ...(utterance.maxTokens === undefined ? {} : { options: { num_predict: utterance.maxTokens } }),
      }
    },
    accept: 'application/x-ndjson',
    streamName: 'lines of JSON',
    // Its clients look at no content type, and servers that speak its dialect send several.
    isStream: (contentType) => contentType.includes('json'),
    stream: (listener) => new OllamaStream(listener),
  }
}
