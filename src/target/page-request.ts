import { randomUUID } from 'node:crypto'
import { marked } from './marker.ts'
import type { Utterance } from './target.ts'

/** Where a message belongs. Its ids are the page's own: what the server tells of it can be told from everything else before the server has answered. */
export interface PageTurn {
  readonly userMessage: string
  readonly assistantMessage: string
  /** The answer before; null in a new chat. */
  readonly parent: string | null
}

export const newTurn = (parent: string | null = null): PageTurn => ({ userMessage: randomUUID(), assistantMessage: randomUUID(), parent })

export interface PagePost {
  readonly utterance: Utterance
  readonly turn: PageTurn
  /** Undefined for a new chat, which the server creates and names. */
  readonly chat: string | undefined
  readonly model: string
  /** What the server calls the page. */
  readonly session: string
  /** When, in seconds since 1970. */
  readonly seconds: number
}

/** What the page posts. Without `background` nothing is asked besides the answer: no title, no tags, no follow-ups. */
export function pageRequest({ utterance, turn, chat, model, session, seconds }: PagePost): object {
  const { maxTokens, search = false, background = false } = utterance
  const params = { ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }), ...(search ? { function_calling: 'legacy' } : {}) }
  const content = marked(utterance)
  return {
    stream: true,
    model,
    params,
    features: { web_search: search },
    variables: {},
    session_id: session,
    id: turn.assistantMessage,
    ...(chat === undefined ? {} : { chat_id: chat }),
    parent_id: turn.parent,
    user_message: { id: turn.userMessage, parentId: turn.parent, childrenIds: [turn.assistantMessage], role: 'user', content, timestamp: seconds, models: [model] },
    background_tasks: background ? { title_generation: true, tags_generation: true, follow_up_generation: true } : {},
  }
}
