import { below, type Dialect } from './dialect.ts'
import { marked } from './marker.ts'
import { eventStream } from './openai.ts'

/**
 * Open WebUI's API at `base`, the address that a browser opens. Without a chat and a session the answer streams in the response, in OpenAI's dialect, and
 * nothing is stored. Limits and the kind of function calling go into `params`, which it turns into what the model behind it understands; only with `legacy`
 * does a message said here really search.
 */
export function openWebUiDialect(base: string, model: string): Dialect {
  return {
    warmPath: below(base, 'health'),
    chatPath: below(base, 'api/chat/completions'),
    body: (utterance) => {
      const params = { ...(utterance.maxTokens === undefined ? {} : { max_tokens: utterance.maxTokens }), ...(utterance.search === true ? { function_calling: 'legacy' } : {}) }
      return {
        model,
        stream: true,
        messages: [{ role: 'user', content: marked(utterance) }],
        ...(utterance.search === true ? { features: { web_search: true } } : {}),
        ...(Object.keys(params).length === 0 ? {} : { params }),
      }
    },
    ...eventStream,
  }
}
