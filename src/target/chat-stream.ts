import { createParser, type EventSourceParser } from 'eventsource-parser'
import { type AnswerListener, AnswerStream } from './answer-stream.ts'
import { errorText, list, object, parsedObject, text } from './foreign-json.ts'

/**
 * A streamed chat completion in OpenAI's dialect (platform.openai.com/docs/api-reference/chat-streaming). Events may come several to a read or in
 * pieces; comments and `event:` lines say nothing. What Open WebUI adds, the sources of a web search, is read too.
 */
export class ChatStream extends AnswerStream {
  protected readonly lastWord = '[DONE] or a finish_reason'
  readonly #parser: EventSourceParser

  constructor(listener: AnswerListener) {
    super(listener)
    this.#parser = createParser({ onEvent: ({ data, event }) => this.#onData(data, event), onComment: () => this.event() })
  }

  protected read(events: string): void {
    this.#parser.feed(events)
  }

  protected readRest(events: string): void {
    this.#parser.feed(`${events}\n\n`)
  }

  #onData(data: string, name: string | undefined): void {
    this.event()
    if (data.trim() === '[DONE]') {
      this.done()
      return
    }
    const event = parsedObject(data)
    if (event === undefined) {
      this.fail('malformed', `an event is not JSON: ${data}`)
      return
    }
    const error = errorOf(event, name)
    if (error !== undefined) this.fail('error-event', errorText(error))
    this.sources(documents(event['sources']))
    const usage = object(event['usage'])
    if (typeof usage?.['completion_tokens'] === 'number') this.usageTokens = usage['completion_tokens']
    const choice = object(list(event['choices'])[0])
    if (choice === undefined) return
    if (choice['finish_reason'] === 'error') this.fail('error-event', 'the finish_reason is error')
    if (typeof choice['finish_reason'] === 'string') this.whole()
    const delta = object(choice['delta'])
    if (delta !== undefined) this.token({ content: text(delta['content']), hidden: text(delta['reasoning_content']) + text(delta['reasoning']) + toolArguments(delta['tool_calls']) })
  }
}

/**
 * An error in the shapes of servers: an `error` member, an object that calls itself one (vLLM), an event of that name (LangChain, Anthropic's
 * dialect), a `detail` alone (FastAPI, and so Open WebUI).
 */
function errorOf(event: Record<string, unknown>, name: string | undefined): unknown {
  const { error } = event
  if (error !== undefined && error !== null) return error
  const isDetail = typeof event['detail'] === 'string' && event['choices'] === undefined
  return name === 'error' || event['object'] === 'error' || isDetail ? event : undefined
}

/** Documents in a list of Open WebUI's sources: their texts, or where there are none the addresses. */
export function documents(sources: unknown): number {
  return list(sources).reduce<number>((sum, one) => {
    const source = object(one)
    const texts = list(source?.['document']).length
    const urls = list(source?.['urls']).length || list(object(source?.['source'])?.['urls']).length
    return sum + (texts || urls)
  }, 0)
}

function toolArguments(calls: unknown): string {
  return list(calls).map((call) => {
    const called = object(object(call)?.['function'])
    return text(called?.['name']) + text(called?.['arguments'])
  }).join('')
}
