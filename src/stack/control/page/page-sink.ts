import { z } from 'zod'
import { EventSplitter } from '../events.ts'
import { isEventStream, type Sink } from '../sink.ts'

/** What a page is told of a message. */
export type Tell = (type: string, data: unknown) => void

/** Who keeps what a page was told, and is told when there is no more. */
export interface Kept {
  readonly tell: Tell
  /** Whether the end repeats the whole answer, as Open WebUI's does. */
  readonly repeatsAll: boolean
  readonly onText: (text: string) => void
  /** Once and last. `error` where the answer failed. */
  readonly onEnd: (error: string | undefined) => void
}

const chunk = z.looseObject({
  choices: z.array(z.looseObject({
    delta: z.object({ content: z.string().nullish(), reasoning_content: z.string().nullish() }).optional(),
    finish_reason: z.string().nullish(),
  })).optional(),
  sources: z.array(z.unknown()).optional(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
})

const refusal = z.object({ error: z.object({ message: z.string() }) })

/** An answer that flows to a page: each event of the stream becomes one of the socket. */
export function pageSink({ tell, repeatsAll, onText, onEnd }: Kept): Sink {
  const splitter = new EventSplitter()
  let refused: { readonly status: number; text: string } | undefined
  let text = ''
  let isOver = false
  const over = (error?: string): void => {
    if (isOver) return
    isOver = true
    if (error !== undefined) tell('chat:message:error', { error: { content: error }, done: true })
    else tell('chat:completion', { done: true, ...(repeatsAll ? { output: [{ type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text }] }] } : {}), title: 'Chat' })
    onEnd(error)
  }
  const read = (event: Buffer): void => {
    const data = event.toString('utf8').split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n').trim()
    if (data === '' || data === '[DONE]' || isOver) return
    const { data: parsed } = chunk.safeParse(jsonOf(data))
    if (parsed === undefined) return over('The model said something that cannot be read.')
    if (parsed.error !== undefined && parsed.error !== null) return over(refusal.safeParse(parsed).data?.error.message ?? '')
    if (parsed.sources !== undefined) return tell('chat:completion', { sources: parsed.sources })
    const choice = parsed.choices?.[0]
    const { content, reasoning_content: reasoning } = choice?.delta ?? {}
    if (typeof reasoning === 'string' && reasoning !== '') tell('response:completion', { type: 'response.reasoning_text.delta', delta: reasoning })
    if (typeof content === 'string' && content !== '') {
      text += content
      onText(content)
      tell('response:completion', { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: content })
    }
    if (typeof choice?.finish_reason === 'string' || parsed.usage !== undefined) tell('chat:completion', { choices: parsed.choices ?? [], ...(parsed.usage === undefined ? {} : { usage: parsed.usage }) })
  }
  return {
    head(status, fields) {
      if (status !== 200 || !isEventStream(fields)) refused = { status, text: '' }
    },
    write(bytes) {
      if (refused !== undefined) refused.text += bytes.toString('utf8')
      else for (const event of splitter.push(bytes)) read(event)
    },
    end() {
      if (refused !== undefined) return over(refusal.safeParse(jsonOf(refused.text)).data?.error.message ?? `The model answered with status ${refused.status}.`)
      read(splitter.rest())
      over()
    },
    fail: ({ message }) => over(message),
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
