import { ChatStream } from './chat-stream.ts'
import { below, type Dialect } from './dialect.ts'
import { marked } from './marker.ts'

/** OpenAI's chat completions below `base`, the address that an OpenAI client takes: any compatible gateway, and the control gateway. */
export function openAiDialect(base: string, model: string): Dialect {
  return {
    warmPath: below(base, 'models'),
    chatPath: below(base, 'chat/completions'),
    body: (utterance) => ({
      model,
      stream: true,
      messages: [{ role: 'user', content: marked(utterance) }],
      ...(utterance.maxTokens === undefined ? {} : { max_tokens: utterance.maxTokens }),
      ...(utterance.search === true ? { features: { web_search: true } } : {}),
    }),
    ...eventStream,
  }
}

/** Answers as OpenAI streams them. */
export const eventStream: Pick<Dialect, 'accept' | 'streamName' | 'isStream' | 'stream'> = {
  accept: 'text/event-stream',
  streamName: 'an event stream',
  isStream: (contentType) => contentType.includes('text/event-stream'),
  stream: (listener) => new ChatStream(listener),
}
