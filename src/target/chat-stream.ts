import { createParser, type EventSourceParser } from 'eventsource-parser'
import type { FailureCode, Outcome } from '../sample/message.ts'

/** What one event of a chat stream says. Empty strings and nulls say nothing: a role-only chunk is not a token. */
interface Delta {
  readonly content: string
  /** Reasoning or tool arguments: a token, but not a visible one. */
  readonly hidden: string
}

export interface ChatStreamListener {
  /** Any event or comment, a role chunk included. */
  onEvent(): void
  onDelta(delta: Delta): void
}

/** Beyond this an answer is not an answer: the tester must not run out of memory for a stream without end. */
const mostBytes = 64 * 1024 * 1024

/**
 * Reads the bytes of one streamed chat completion in OpenAI's dialect (platform.openai.com/docs/api-reference/chat-streaming). Bytes may be
 * split anywhere, events may come several to a read or in pieces; comments and `event:` lines say nothing.
 */
export class ChatStream {
  usageTokens: number | null = null
  #finished = false
  #isDone = false
  #tokens = 0
  #bytes = 0
  #failure: { code: FailureCode; detail: string } | null = null
  readonly #decoder = new TextDecoder()
  readonly #parser: EventSourceParser
  readonly #listener: ChatStreamListener

  constructor(listener: ChatStreamListener) {
    this.#listener = listener
    this.#parser = createParser({ onEvent: ({ data, event }) => this.#onData(data, event), onComment: () => listener.onEvent() })
  }

  push(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    if (this.#bytes > mostBytes) {
      this.#fail('malformed', `the answer is longer than ${mostBytes / 1024 / 1024} MB`)
      return
    }
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }))
  }

  /** True once nothing that still comes can change the outcome for the better. */
  get isHopeless(): boolean {
    return this.#bytes > mostBytes
  }

  /** What a clean end of the body means. `[DONE]` alone does not mean success: an error event may have come before it. */
  outcome(): Outcome {
    this.#parser.feed('\n\n')
    const afterTokens = this.#tokens
    if (this.#failure !== null) return { kind: 'failed', ...this.#failure, afterTokens }
    if (this.#tokens === 0) return { kind: 'failed', code: 'empty', detail: 'the answer ended without a token', afterTokens }
    if (!this.#finished) return { kind: 'failed', code: 'truncated', detail: 'the answer ended without [DONE] or a finish_reason', afterTokens }
    return { kind: 'answered' }
  }

  /** `[DONE]` came: whatever the server does with the connection, the answer is over. */
  get isDone(): boolean {
    return this.#isDone
  }

  get tokens(): number {
    return this.#tokens
  }

  #fail(code: FailureCode, detail: string): void {
    this.#failure ??= { code, detail }
  }

  #onData(data: string, name: string | undefined): void {
    this.#listener.onEvent()
    if (data.trim() === '[DONE]') {
      this.#finished = true
      this.#isDone = true
      return
    }
    const event = parsed(data)
    if (event === undefined) {
      this.#fail('malformed', `an event is not JSON: ${data}`)
      return
    }
    const error = errorOf(event, name)
    if (error !== undefined) this.#fail('error-event', errorText(error))
    const usage = object(event['usage'])
    if (typeof usage?.['completion_tokens'] === 'number') this.usageTokens = usage['completion_tokens']
    const choice = object(Array.isArray(event['choices']) ? event['choices'][0] : undefined)
    if (choice === undefined) return
    if (choice['finish_reason'] === 'error') this.#fail('error-event', 'the finish_reason is error')
    if (typeof choice['finish_reason'] === 'string') this.#finished = true
    this.#onDelta(object(choice['delta']))
  }

  #onDelta(delta: Record<string, unknown> | undefined): void {
    if (delta === undefined) return
    const content = text(delta['content'])
    const hidden = text(delta['reasoning_content']) + text(delta['reasoning']) + toolArguments(delta['tool_calls'])
    if (content === '' && hidden === '') return
    this.#tokens += 1
    this.#listener.onDelta({ content, hidden })
  }
}

/** An error in the shapes of servers: an `error` member, an object that calls itself one (vLLM), an event of that name (LangChain, Anthropic's dialect). */
function errorOf(event: Record<string, unknown>, name: string | undefined): unknown {
  const { error } = event
  if (error !== undefined && error !== null) return error
  return name === 'error' || event['object'] === 'error' ? event : undefined
}

function parsed(data: string): Record<string, unknown> | undefined {
  try {
    return object(JSON.parse(data))
  } catch {
    return undefined
  }
}

function object(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

function toolArguments(calls: unknown): string {
  if (!Array.isArray(calls)) return ''
  return calls.map((call) => {
    const called = object(object(call)?.['function'])
    return text(called?.['name']) + text(called?.['arguments'])
  }).join('')
}

/** The words of an error object in the shapes that gateways use: `{message}`, `{detail}`, or a bare string. */
export function errorText(error: unknown): string {
  if (typeof error === 'string') return error
  const fields = object(error)
  const inner = fields?.['message'] ?? fields?.['detail'] ?? fields?.['error']
  return typeof inner === 'string' ? inner : JSON.stringify(inner ?? error)
}
