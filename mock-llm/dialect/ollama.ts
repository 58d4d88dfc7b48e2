import { byteText, reasoningTokens, textOfBytes, textTokens, type Times } from '../answer.ts'
import { asciiJson, isRecord, parseJson } from '../json.ts'
import { type ApiError, type ChatRequest, type Dialect, invalid, type Script } from './dialect.ts'
import { type Complaint, type Message, chosenTool, readMessages, textsOf } from './messages.ts'
import { TokenFrames } from './token-frames.ts'

export const ollamaErrorBody = ({ message }: ApiError): string => asciiJson({ error: message })

export function unknownOllamaModel(model: string): ApiError {
  return { status: 404, message: `model '${model}' not found`, type: 'invalid_request_error', param: 'model', code: 'model_not_found' }
}

/** What tells `/api/chat` and `/api/generate` apart: where the prompt stands, and where the text. */
interface Form {
  messages(json: Readonly<Record<string, unknown>>, bad: Complaint): Message[]
  /** The fields of an answer that says this. */
  said(text: string, thinking: string | null, calls: readonly object[] | null): object
}

const chatForm: Form = {
  messages: (json, bad) => readMessages(json['messages'], bad),
  said: (content, thinking, calls) => ({ message: { role: 'assistant', content, ...(thinking === null ? {} : { thinking }), ...(calls === null ? {} : { tool_calls: calls }) } }),
}

const generateForm: Form = {
  messages: ({ system, prompt }, bad) => {
    for (const [name, value] of Object.entries({ system, prompt })) if (value !== undefined && typeof value !== 'string') bad(name, `'${name}' must be a string.`)
    const user = { role: 'user', text: typeof prompt === 'string' ? prompt : '' }
    return typeof system === 'string' && system !== '' ? [{ role: 'system', text: system }, user] : [user]
  },
  said: (response, thinking) => ({ response, ...(thinking === null ? {} : { thinking }) }),
}

function readRequest(form: Form, body: string): ChatRequest | ApiError {
  const json = parseJson(body)
  if (!isRecord(json)) return invalid('The request body is not a JSON object.')
  const problems: { param: string; message: string }[] = []
  const bad: Complaint = (param, message) => void problems.push({ param, message })
  const { model, stream, options, tools, think } = json
  if (typeof model !== 'string' || model === '') bad('model', "'model' must be a string.")
  if (stream !== undefined && stream !== null && typeof stream !== 'boolean') bad('stream', "'stream' must be true or false.")
  if (tools !== undefined && tools !== null && !Array.isArray(tools)) bad('tools', "'tools' must be an array.")
  const most = isRecord(options) ? (options['num_predict'] ?? null) : null
  if (most !== null && (typeof most !== 'number' || !Number.isSafeInteger(most))) bad('options.num_predict', "'options.num_predict' must be a whole number.")
  const texts = form.messages(json, bad)
  const [first] = problems
  if (first !== undefined || typeof model !== 'string') return invalid(problems.map((problem) => problem.message).join(' '), first?.param ?? null)
  return {
    model,
    stream: stream !== false,
    includeUsage: true,
    // -1 and -2 are no limit.
    mostTokens: typeof most === 'number' && most >= 1 ? most : null,
    tool: form === generateForm || texts.at(-1)?.role === 'tool' ? null : chosenTool(tools, null),
    thinks: think !== false,
    ...textsOf(texts),
  }
}

const stamp = (): string => new Date().toISOString()

/** Ollama tells lengths of time in whole ns. Loading is the wait for a slot. */
function counts({ receivedAt, startedAt, firstAt, lastAt }: Times, promptTokens: number, tokens: number): object {
  const nanoseconds = (milliseconds: number): number => Math.max(1, Math.round(milliseconds * 1e6))
  return {
    total_duration: nanoseconds(lastAt - receivedAt),
    load_duration: nanoseconds(startedAt - receivedAt),
    prompt_eval_count: promptTokens,
    prompt_eval_duration: nanoseconds(firstAt - startedAt),
    eval_count: tokens,
    eval_duration: nanoseconds(lastAt - firstAt),
  }
}

const doneReason = ({ answer }: Script): string => (answer.finish === 'length' ? 'length' : 'stop')
const callOf = (name: string, argument: string, text: string): object => ({ function: { name, arguments: { [argument]: text } } })

/** Stands where the text of a frame goes while the frame is made. */
const gap = '\u0000'

/** A frame cut in three: what stands before the time of its making, before its text, and behind. */
function frameOf(model: string, said: object, end: string): (text: string) => string {
  const [head = '', middle = '', tail = ''] = asciiJson({ model, created_at: gap, ...said, done: false }).split('\\u0000')
  return (text) => `${head}${stamp()}${middle}${text}${tail}${end}`
}

function streamed(form: Form, script: Script, { model, promptTokens }: ChatRequest): ReturnType<Dialect['streamed']> {
  const { answer } = script
  const { tool } = answer
  const end = script.shape.crlf ? '\r\n' : '\n'
  const line = (fields: object): string => asciiJson(fields) + end
  const frames = new TokenFrames(script, {
    reasoning: frameOf(model, form.said('', gap, null), end),
    content: frameOf(model, tool === null ? form.said(gap, null, null) : form.said('', null, [callOf(tool.name, tool.argument, gap)]), end),
    before: '',
    behind: '',
    // Ollama tells a tool call when it has all of it.
    isOnePiece: tool !== null,
  })
  return {
    headers: { 'content-type': 'application/x-ndjson' },
    opening: '',
    // NDJSON has no comments: a line that says nothing.
    get comment() { return line({ model, created_at: stamp(), ...form.said('', null, null), done: false }) },
    garbage: `{"model":${asciiJson(model)},"message":{"con${end}`,
    span: (told) => frames.span(told),
    tokens: (count) => frames.next(count),
    closing: (times) => line({ model, created_at: stamp(), ...form.said('', null, null), done: true, done_reason: doneReason(script), ...counts(times, promptTokens, answer.reasoning + answer.tokens) }),
    failure: (message) => line({ error: message }),
  }
}

function whole(form: Form, script: Script, { model, promptTokens }: ChatRequest): ReturnType<Dialect['whole']> {
  const { answer, marks } = script
  const { tool } = answer
  const text = textOfBytes(textTokens(answer, marks).text())
  const thinking = answer.reasoning === 0 ? null : textOfBytes(reasoningTokens(answer, marks).text())
  const said = tool === null ? form.said(text, thinking, null) : form.said('', thinking, [callOf(tool.name, tool.argument, text)])
  const json = { model, created_at: stamp(), ...said, done: true, done_reason: doneReason(script) }
  const most = marks === null ? asciiJson(json) : byteText(JSON.stringify(json))
  return {
    body: (times) => `${most.slice(0, -1)},${asciiJson(counts(times, promptTokens, answer.reasoning + answer.tokens)).slice(1)}`,
    failure: (message) => asciiJson({ error: message }),
  }
}

function dialectOf(form: Form): Dialect {
  return {
    read: (body) => readRequest(form, body),
    unknownModel: unknownOllamaModel,
    errorBody: ollamaErrorBody,
    streamed: (script, request) => streamed(form, script, request),
    whole: (script, request) => whole(form, script, request),
    said: (_id, text, { model, promptTokens }) =>
      asciiJson({ model, created_at: stamp(), ...form.said(text, null, null), done: true, done_reason: 'stop', ...counts({ receivedAt: 0, startedAt: 0, firstAt: 0, lastAt: 0 }, promptTokens, 1) }),
  }
}

export const ollamaChat: Dialect = dialectOf(chatForm)
export const ollamaGenerate: Dialect = dialectOf(generateForm)
