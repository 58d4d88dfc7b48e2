import type { Answer } from '../answer.ts'
import { isRecord } from '../json.ts'
import type { ChatRequest } from './dialect.ts'

export interface Message {
  readonly role: string
  readonly text: string
}

/** Says what is wrong with which part of a request. */
export type Complaint = (param: string, message: string) => void

/** The messages of a request, as OpenAI and Ollama have them. Complains of what is none. */
export function readMessages(messages: unknown, bad: Complaint): Message[] {
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

/** What the messages say, taken together. */
export function textsOf(messages: readonly Message[]): Pick<ChatRequest, 'lastUserText' | 'isSingle' | 'text' | 'promptTokens'> {
  const text = messages.map((message) => message.text).join('\n')
  return {
    lastUserText: messages.findLast((message) => message.role === 'user')?.text ?? '',
    isSingle: messages.length === 1,
    text,
    promptTokens: wordsOf(text),
  }
}

export const wordsOf = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length

/** The function that `choice` names among the tools that are offered, else the first; its argument is the first that is a string. */
export function chosenTool(tools: unknown, choice: unknown): Answer['tool'] {
  const offered = Array.isArray(tools) ? tools.map((tool: unknown) => (isRecord(tool) ? tool['function'] : null)).filter(isRecord) : []
  const wanted = isRecord(choice) && isRecord(choice['function']) ? choice['function']['name'] : undefined
  const chosen = offered.find((tool) => tool['name'] === wanted) ?? offered[0]
  if (chosen === undefined || typeof chosen['name'] !== 'string') return null
  const properties = isRecord(chosen['parameters']) && isRecord(chosen['parameters']['properties']) ? chosen['parameters']['properties'] : {}
  const strings = Object.entries(properties).filter(([, schema]) => isRecord(schema) && schema['type'] === 'string')
  return { name: chosen['name'], argument: strings[0]?.[0] ?? 'text' }
}
