import { type Answer, byteText, type Encoding, reasoningTokens, textOfBytes, textTokens } from '../answer.ts'
import { asciiJson, isRecord, parseJson } from '../json.ts'
import { type ApiError, type ChatRequest, type Dialect, invalid, type Script } from './dialect.ts'
import { chosenTool, readMessages, textsOf } from './messages.ts'
import { TokenFrames } from './token-frames.ts'

export const errorBody = ({ message, type, param, code }: ApiError): string => asciiJson({ error: { message, type, param, code } })

export function unknownModel(model: string): ApiError {
  return { status: 404, message: `The model '${model}' does not exist`, type: 'invalid_request_error', param: 'model', code: 'model_not_found' }
}

function readChatRequest(body: string): ChatRequest | ApiError {
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
  return {
    model,
    stream: stream === true,
    includeUsage: isRecord(options) && options['include_usage'] === true,
    mostTokens,
    tool: choice === 'none' || texts.at(-1)?.role === 'tool' ? null : chosenTool(tools, choice),
    thinks: true,
    ...textsOf(texts),
  }
}

/** What both forms of an answer say of themselves. */
interface Envelope {
  readonly id: string
  readonly created: number
  readonly model: string
}

const envelope = (id: string, model: string): Envelope => ({ id: `chatcmpl-${id}`, created: Math.floor(Date.now() / 1_000), model })

function usage(tokens: number, reasoning: number, promptTokens: number): object {
  const completion = reasoning + tokens
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completion,
    total_tokens: promptTokens + completion,
    completion_tokens_details: { reasoning_tokens: reasoning },
  }
}

/** A tool call's arguments are `{"ARGUMENT":"…"}` around the numbered tokens. */
const argumentsOpening = (argument: string): string => `{${asciiJson(argument)}:"`
const argumentsClosing = '"}'

const inString = (text: string): string => asciiJson(text).slice(1, -1)

/** The events of a streamed answer. Everything around a token is made once per answer: a token costs two concatenations. */
function streamEncoding(script: Script, request: ChatRequest): Encoding {
  const { answer, shape } = script
  const { id, created, model } = envelope(answer.id, request.model)
  const end = shape.crlf ? '\r\n\r\n' : '\n\n'
  const event = (data: string): string => `data: ${data}${end}`
  const noUsage = request.includeUsage ? ',"usage":null' : ''
  const before = `data: {"id":${asciiJson(id)},"object":"chat.completion.chunk","created":${created},"model":${asciiJson(model)},"choices":[`
  const chunkHead = `${before}{"index":0,"delta":{`
  const chunkTail = (finish: string | null): string => `},"logprobs":null,"finish_reason":${asciiJson(finish)}}]${noUsage}}${end}`
  const chunk = (delta: string): string => chunkHead + delta + chunkTail(null)
  const reasoningHead = `${chunkHead}"reasoning_content":"`
  const reasoningTail = `"${chunkTail(null)}`
  const head = chunkHead + (answer.tool === null ? '"content":"' : '"tool_calls":[{"index":0,"function":{"arguments":"')
  const tail = (answer.tool === null ? '"' : '"}}]') + chunkTail(null)
  const { tool } = answer
  const frames = new TokenFrames(script, {
    reasoning: (text) => reasoningHead + text + reasoningTail,
    content: (text) => head + text + tail,
    before: tool === null ? '' : inString(argumentsOpening(tool.argument)),
    behind: tool === null ? '' : inString(argumentsClosing),
    isOnePiece: false,
  })
  const call = tool === null ? null : { index: 0, id: `call_${answer.id}`, type: 'function', function: { name: tool.name, arguments: '' } }
  const role = '"role":"assistant"'
  const done = shape.noDone ? '' : event('[DONE]')
  return {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', 'x-request-id': `req-${answer.id}` },
    opening: call === null ? chunk(`${role},"content":""`) : chunk(`${role},"content":null`) + chunk(`"tool_calls":[${asciiJson(call)}]`),
    comment: `: keep-alive${end}`,
    garbage: event('{"choices":[{"delta":{"con'),
    span: (told) => frames.span(told),
    tokens: (count) => frames.next(count),
    closing: () => {
      const isCounted = request.includeUsage || shape.usageLast
      const counted = isCounted ? `${before}],"usage":${asciiJson(usage(answer.tokens, answer.reasoning, request.promptTokens))}}${end}` : ''
      return `${chunkHead}${chunkTail(answer.finish)}${counted}${done}`
    },
    failure: (message) => event(errorBody({ status: 500, message, type: 'server_error', param: null, code: 'model_failed' })) + done,
  }
}

function completion(answerId: string, request: ChatRequest, message: object, finish: Answer['finish'], counted: object): object {
  const { id, created, model } = envelope(answerId, request.model)
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message: { role: 'assistant', ...message, refusal: null }, logprobs: null, finish_reason: finish }],
    usage: counted,
  }
}

/** The body of an answer in one piece. */
function wholeBody({ answer, marks }: Script, request: ChatRequest): string {
  const text = textOfBytes(textTokens(answer, marks).text())
  const { tool } = answer
  const said = tool === null
    ? { content: text }
    : { content: null, tool_calls: [{ id: `call_${answer.id}`, type: 'function', function: { name: tool.name, arguments: argumentsOpening(tool.argument) + text + argumentsClosing } }] }
  const reasoning = answer.reasoning === 0 ? {} : { reasoning_content: textOfBytes(reasoningTokens(answer, marks).text()) }
  const body = completion(answer.id, request, { ...said, ...reasoning }, answer.finish, usage(answer.tokens, answer.reasoning, request.promptTokens))
  return marks === null ? asciiJson(body) : byteText(JSON.stringify(body))
}

export const openai: Dialect = {
  read: readChatRequest,
  unknownModel,
  errorBody,
  streamed: streamEncoding,
  whole: (script, request) => {
    const body = wholeBody(script, request)
    return { body: () => body, failure: (message) => errorBody({ status: 500, message, type: 'server_error', param: null, code: 'model_failed' }) }
  },
  said: (id, text, request) => asciiJson(completion(id, request, { content: text }, 'stop', usage(1, 0, request.promptTokens))),
}

const modelCard = (id: string): object => ({ id, object: 'model', created: 0, owned_by: 'first-token' })

export const modelList = (models: readonly string[]): string => asciiJson({ object: 'list', data: models.map(modelCard) })
export const modelBody = (model: string): string => asciiJson(modelCard(model))
