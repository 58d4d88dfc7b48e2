import { z } from 'zod'
import type { BackgroundTask } from './background.ts'

const asked = z.object({
  stream: z.boolean().optional(),
  model: z.string(),
  params: z.object({ max_tokens: z.number().optional() }).optional(),
  features: z.object({ web_search: z.boolean().optional() }).optional(),
  session_id: z.string().min(1),
  id: z.string().min(1),
  chat_id: z.string().min(1).optional(),
  user_message: z.object({ id: z.string().min(1), content: z.string() }),
  background_tasks: z.object({ title_generation: z.boolean().optional(), tags_generation: z.boolean().optional(), follow_up_generation: z.boolean().optional() }).optional(),
})

/** A message as Open WebUI's page posts it: its answer is told over the page's socket. */
export interface PageRequest {
  readonly message: string
  readonly question: string
  /** Undefined for a new one. */
  readonly chat: string | undefined
  readonly text: string
  readonly model: string
  readonly background: readonly BackgroundTask[]
  /** As the model is asked, with `features` where a search is wanted. `earlier`: what was said in the chat before. */
  modelBody(earlier: readonly { readonly role: string; readonly content: string }[]): Buffer
}

/** Undefined for any other body. */
export function pageRequest(body: Buffer): PageRequest | undefined {
  // Bodies are parsed only where they might be one: the others are on the hot path.
  if (!body.includes('"session_id"')) return undefined
  const { data } = asked.safeParse(jsonOf(body))
  if (data === undefined) return undefined
  const { model, params, features, user_message: said, background_tasks: tasks = {} } = data
  return {
    message: data.id,
    question: said.id,
    chat: data.chat_id,
    text: said.content,
    model,
    background: [...(tasks.title_generation === true ? ['title' as const] : []), ...(tasks.follow_up_generation === true ? ['follow_ups' as const] : []), ...(tasks.tags_generation === true ? ['tags' as const] : [])],
    modelBody: (earlier) => Buffer.from(JSON.stringify({
      model,
      stream: true,
      messages: [...earlier, { role: 'user', content: said.content }],
      ...(params?.max_tokens === undefined ? {} : { max_tokens: params.max_tokens }),
      ...(features?.web_search === true ? { features: { web_search: true } } : {}),
    })),
  }
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
