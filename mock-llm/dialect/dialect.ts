import type { Answer, Encoding, Marks } from '../answer.ts'
import type { Shape } from '../shape.ts'
import type { WholeEncoding } from '../whole-delivery.ts'

/** A refusal, in the words of OpenAI's errors; other dialects tell less. */
export interface ApiError {
  readonly status: number
  readonly message: string
  readonly type: 'invalid_request_error' | 'server_error'
  readonly param: string | null
  readonly code: string | null
}

export function invalid(message: string, param: string | null = null): ApiError {
  return { status: 400, message, type: 'invalid_request_error', param, code: null }
}

/** A chat request, as far as the mock cares. */
export interface ChatRequest {
  readonly model: string
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Null where the request sets no limit. */
  readonly mostTokens: number | null
  /** The function that a tool call would call: the one the request names, else the first. Null where none is offered or a tool's result has just come. */
  readonly tool: Answer['tool']
  /** False where the request wants no reasoning. */
  readonly thinks: boolean
  /** Text of the last message of the user. */
  readonly lastUserText: string
  /** It is the only message. */
  readonly isSingle: boolean
  /** Text of all messages. */
  readonly text: string
  /** The mock's tokenizer is the space. */
  readonly promptTokens: number
}

/** What is told, and how it is to look. */
export interface Script {
  readonly answer: Answer
  readonly shape: Shape
  readonly marks: Marks
}

/** An API of chat models: how it asks, answers and refuses. */
export interface Dialect {
  /** An error names every problem; `param` is the first. */
  readonly read: (body: string) => ChatRequest | ApiError
  readonly unknownModel: (model: string) => ApiError
  readonly errorBody: (error: ApiError) => string
  readonly streamed: (script: Script, request: ChatRequest) => Encoding
  readonly whole: (script: Script, request: ChatRequest) => WholeEncoding
  /** An answer in one piece that says this text. */
  readonly said: (id: string, text: string, request: ChatRequest) => string
}
