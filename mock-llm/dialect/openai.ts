import { createHash } from 'node:crypto'
import { type Answer, type Encoding, NumberedTokens } from '../answer.ts'
import { asciiJson, isRecord, parseJson } from '../json.ts'

/** A refusal in OpenAI's shape. */
export interface ApiError {
  readonly status: number
  readonly message: string
  readonly type: 'invalid_request_error' | 'server_error'
  readonly param: string | null
  readonly code: string | null
}

export const errorBody = ({ message, type, param, code }: ApiError): string => asciiJson({ error: { message, type, param, code } })

export function invalid(message: string, param: string | null = null): ApiError {
  return { status: 400, message, type: 'invalid_request_error', param, code: null }
}

export function unknownModel(model: string): ApiError {
  return { status: 404, message: `The model '${model}' does not exist`, type: 'invalid_request_error', param: 'model', code: 'model_not_found' }
}

/** A chat completions request, as far as the mock cares. */
export interface ChatRequest {
  readonly model: string
  readonly stream: boolean
  readonly includeUsage: boolean
  /** max_completion_tokens, else max_tokens; null where neither is given. */
  readonly mostTokens: number | null
  /** The function that a tool call would call: the one `tool_choice` names, else the first. Null where none is offered or a tool's result has just come. */
  readonly tool: Answer['tool']
  /** Text of the last message of the user. */
  readonly lastUserText: string
  /** Text of all messages. */
  readonly text: string
  /** The mock's tokenizer is the space. */
  readonly promptTokens: number
}

/** Reads a request's body. An error names every problem; `param` is the first. */
export function readChatRequest(body: string): ChatRequest | ApiError {
  const json = parseJson(body)
  if (!isRecord(json)) return invalid('The request body is not a JSON object.')
  const problems: { param: string; message: string }[] = []
  const bad = (param: string, message: string): void => void problems.push({ param, message })
  const { model, messages, stream, stream_options: options, n, tools, tool_choice: choice } = json
  if (typeof model !== 'string' || model === '') bad('model', "'model' must be a string.")
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') bad('stream', "'stream' must be true or false.")
  if (n !== undefined && n !== null && n !== 1) bad('n', "'n' must be 1: the mock gives one choice.")
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) bad('tools', "'tools' must be an array.")
  const most = json['max_completion_tokens'] ?? json['max_tokens'] ?? null
  const mostTokens = typeof most === 'number' && Number.isSafeInteger(most) && most >= 1 ? most : null
  if (most !== null && mostTokens === null) bad(json['max_completion_tokens'] === undefined ? 'max_tokens' : 'max_completion_tokens', 'The most tokens must be a whole number of at least 1.')
  const texts = readMessages(messages, bad)
  const [first] = problems
  if (first !== undefined || typeof model !== 'string') return invalid(problems.map((problem) => problem.message).join(' '), first?.param ?? null)
  const text = texts.map((message) => message.text).join('\n')
  return {
    model,
    stream: stream === true,
    includeUsage: isRecord(options) && options['include_usage'] === true,
    mostTokens,
    tool: choice === 'none' || texts.at(-1)?.role === 'tool' ? null : chosenTool(tools, choice),
    lastUserText: texts.findLast((message) => message.role === 'user')?.text ?? '',
    text,
    promptTokens: text.split(/\s+/).filter((word) => word !== '').length,
  }
}

interface Message {
  readonly role: string
  readonly text: string
}

function readMessages(messages: unknown, bad: (param: string, message: string) => void): Message[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    bad('messages', "'messages' must be an array of at least one message.")
    return []
  }
  return messages.map((message: unknown, index) => {
    const role = isRecord(message) && typeof message['role'] === 'string' ? message['role'] : null
    if (role === null) bad(`messages[${index}]`, `'messages[${index}]' must be an object with a role.`)
    const text = textOf(isRecord(message) ? message['content'] : null)
    if (text === null) bad(`messages[${index}].content`, `'messages[${index}].content' must be a string or an array of parts.`)
    return { role: role ?? '', text: text ?? '' }
  })
}

/** Null for what is no content. Parts that are not text (images) say nothing. */
function textOf(content: unknown): string | null {
  if (content === undefined || content === null) return ''
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return null
  return content.map((part: unknown) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('')
}

function chosenTool(tools: unknown, choice: unknown): Answer['tool'] {
  const offered = Array.isArray(tools) ? tools.map((tool: unknown) => (isRecord(tool) ? tool['function'] : null)).filter(isRecord) : []
  const wanted = isRecord(choice) && isRecord(choice['function']) ? choice['function']['name'] : undefined
  const chosen = offered.find((tool) => tool['name'] === wanted) ?? offered[0]
  if (chosen === undefined || typeof chosen['name'] !== 'string') return null
  const properties = isRecord(chosen['parameters']) && isRecord(chosen['parameters']['properties']) ? chosen['parameters']['properties'] : {}
  const strings = Object.entries(properties).filter(([, schema]) => isRecord(schema) && schema['type'] === 'string')
  return { name: chosen['name'], argument: strings[0]?.[0] ?? 'text' }
}

/** What both forms of an answer say of themselves. */
interface Envelope {
  readonly id: string
  readonly created: number
  readonly model: string
}

const envelope = (answer: Answer, model: string): Envelope => ({ id: `chatcmpl-${answer.id}`, created: Math.floor(Date.now() / 1_000), model })

function usage(answer: Answer, promptTokens: number): object {
  const completion = answer.reasoning + answer.tokens
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
    completion_tokens_details: { reasoning_tokens: answer.reasoning },
  }
}

/** Reasoning has numbers of its own, under `ID-r`: where it shows up in the content, it is foreign there. */
const reasoningTokens = (answer: Answer): NumberedTokens => new NumberedTokens(`${answer.id}-r`, answer.reasoning)

/** A tool call's arguments are `{"ARGUMENT":"…"}` around the numbered tokens. */
const argumentsOpening = (argument: string): string => `{${asciiJson(argument)}:"`
const argumentsClosing = '"}'

const inString = (text: string): string => asciiJson(text).slice(1, -1)

/** The events of a streamed answer. Everything around a token is made once per answer: a token costs two concatenations. */
export function streamEncoding(answer: Answer, request: ChatRequest): Encoding {
  const { id, created, model } = envelope(answer, request.model)
  const noUsage = request.includeUsage ? ',"usage":null' : ''
  const before = `data: {"id":${asciiJson(id)},"object":"chat.completion.chunk","created":${created},"model":${asciiJson(model)},"choices":[`
  const chunkHead = `${before}{"index":0,"delta":{`
  const chunkTail = (finish: string | null): string => `},"logprobs":null,"finish_reason":${asciiJson(finish)}}]${noUsage}}\n\n`
  const chunk = (delta: string): string => chunkHead + delta + chunkTail(null)
  const reasoningHead = `${chunkHead}"reasoning_content":"`
  const reasoningTail = `"${chunkTail(null)}`
  const head = chunkHead + (answer.tool === null ? '"content":"' : '"tool_calls":[{"index":0,"function":{"arguments":"')
  const tail = (answer.tool === null ? '"' : '"}}]') + chunkTail(null)
  const reasoning = reasoningTokens(answer)
  const text = new NumberedTokens(answer.id, answer.tokens)
  const { tool } = answer
  const call = tool === null ? null : { index: 0, id: `call_${answer.id}`, type: 'function', function: { name: tool.name, arguments: '' } }
  const role = '"role":"assistant"'
  const opening = call === null ? chunk(`${role},"content":""`) : chunk(`${role},"content":null`) + chunk(`"tool_calls":[${asciiJson(call)}]`)
  let told = 0
  return {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-request-id': `req-${answer.id}` },
    opening,
    token: () => {
      const index = told - answer.reasoning
      told += 1
      if (index < 0) return reasoningHead + reasoning.next() + reasoningTail
      if (tool === null) return head + text.next() + tail
      const start = index === 0 ? inString(argumentsOpening(tool.argument)) : ''
      const end = index === answer.tokens - 1 ? inString(argumentsClosing) : ''
      return head + start + text.next() + end + tail
    },
    closing: () => {
      const counted = request.includeUsage ? `${before}],"usage":${asciiJson(usage(answer, request.promptTokens))}}\n\n` : ''
      return `${chunkHead}${chunkTail(answer.finish)}${counted}data: [DONE]\n\n`
    },
  }
}

/** The body of an answer in one piece. */
export function wholeBody(answer: Answer, request: ChatRequest): string {
  const text = new NumberedTokens(answer.id, answer.tokens).text()
  const { tool } = answer
  const said = tool === null
    ? { content: text }
    : { content: null, tool_calls: [{ id: `call_${answer.id}`, type: 'function', function: { name: tool.name, arguments: argumentsOpening(tool.argument) + text + argumentsClosing } }] }
  const reasoning = answer.reasoning === 0 ? {} : { reasoning_content: reasoningTokens(answer).text() }
  const { id, created, model } = envelope(answer, request.model)
  return asciiJson({
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message: { role: 'assistant', ...said, ...reasoning, refusal: null }, logprobs: null, finish_reason: answer.finish }],
    usage: usage(answer, request.promptTokens),
  })
}

const modelCard = (id: string): object => ({ id, object: 'model', created: 0, owned_by: 'first-token' })

export const modelList = (models: readonly string[]): string => asciiJson({ object: 'list', data: models.map(modelCard) })
export const modelBody = (model: string): string => asciiJson(modelCard(model))

/** Answers an embeddings request: unit vectors that depend on the text alone. The official client asks for base64. */
export function embeddings(body: string, models: readonly string[]): string | ApiError {
  const json = parseJson(body)
  if (!isRecord(json)) return invalid('The request body is not a JSON object.')
  const { model, input, dimensions = 256, encoding_format: format = 'float' } = json
  if (typeof model !== 'string') return invalid("'model' must be a string.", 'model')
  if (!models.includes(model)) return unknownModel(model)
  if (typeof dimensions !== 'number' || !Number.isInteger(dimensions) || dimensions < 1 || dimensions > 4_096) return invalid("'dimensions' must be a whole number from 1 to 4096.", 'dimensions')
  if (format !== 'float' && format !== 'base64') return invalid("'encoding_format' must be 'float' or 'base64'.", 'encoding_format')
  const isTokens = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every((token) => typeof token === 'number')
  const inputs: unknown[] = Array.isArray(input) && !isTokens(input) ? input : [input]
  if (inputs.length === 0 || !inputs.every((value) => typeof value === 'string' || isTokens(value))) return invalid("'input' must be a string, an array of strings, or arrays of tokens.", 'input')
  const vectors = inputs.map((value) => vectorOf(JSON.stringify(value), dimensions))
  const words = inputs.reduce((count: number, value) => count + (typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '').length : 1), 0)
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: format === 'float' ? [...vector] : Buffer.from(vector.buffer).toString('base64') }))
  return asciiJson({ object: 'list', data, model, usage: { prompt_tokens: words, total_tokens: words } })
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const bytes = createHash('shake256', { outputLength: dimensions * 2 }).update(text).digest()
  const vector = Float32Array.from({ length: dimensions }, (_, index) => bytes.readUInt16LE(index * 2) / 32_767.5 - 1)
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
