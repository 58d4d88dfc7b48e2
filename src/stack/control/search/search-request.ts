import { z } from 'zod'

const message = z.looseObject({ role: z.string(), content: z.unknown() })
const parts = z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))
const searchBody = z.looseObject({
  features: z.looseObject({ web_search: z.literal(true) }),
  messages: z.array(message),
  stream: z.boolean().optional(),
})

/** A chat request that asks for a search, as Open WebUI's `features.web_search` does. The model never sees the wish. */
export interface SearchRequest {
  /** The text of the last user message, verbatim: what is searched for, and where the tester's marker is. */
  readonly query: string
  readonly isStream: boolean
  /** The request without the wish, its last user message replaced where there is a prompt. */
  modelBody(prompt?: string): Buffer
}

/** Undefined for a request that wants no search, or in which there is nothing to search for: such a body is passed on as it is. */
export function searchRequest(body: Buffer): SearchRequest | undefined {
  // Bodies are parsed only where they might ask: the others are on the hot path.
  if (!body.includes('"web_search"')) return undefined
  const parsed = searchBody.safeParse(json(body))
  if (!parsed.success) return undefined
  const { features: _, ...rest } = parsed.data
  const place = rest.messages.findLastIndex(({ role }) => role === 'user')
  const query = textOf(rest.messages[place]?.content)
  if (query === '') return undefined
  return {
    query,
    isStream: rest.stream === true,
    modelBody(prompt) {
      const messages = rest.messages.map((one, index) => (prompt === undefined || index !== place ? one : { ...one, content: prompt }))
      return Buffer.from(JSON.stringify({ ...rest, messages }))
    },
  }
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Of a content in parts its texts; empty where there is none. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  const parsed = parts.safeParse(content)
  return parsed.success ? parsed.data.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : [])).join('\n') : ''
}
