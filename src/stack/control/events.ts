import { z } from 'zod'

const blankLines = [Buffer.from('\n\n'), Buffer.from('\r\n\r\n')]

/** Cuts a byte stream into server-sent events, each with the blank line that ends it: put together again they are the bytes that came. */
export class EventSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** The events that these bytes complete. */
  push(bytes: Buffer): Buffer[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const events: Buffer[] = []
    for (let end = eventEnd(this.#rest); end > 0; end = eventEnd(this.#rest)) {
      events.push(this.#rest.subarray(0, end))
      this.#rest = this.#rest.subarray(end)
    }
    return events
  }

  /** What came after the last blank line, once; empty where the stream was whole. */
  rest(): Buffer {
    const rest = this.#rest
    this.#rest = Buffer.alloc(0)
    return rest
  }
}

/** Where the first event ends; 0 where none is complete. */
function eventEnd(bytes: Buffer): number {
  const ends = blankLines.map((line) => ({ at: bytes.indexOf(line), length: line.length })).filter(({ at }) => at >= 0)
  return ends.length === 0 ? 0 : Math.min(...ends.map(({ at, length }) => at + length))
}

const chunk = z.object({ choices: z.array(z.object({ delta: z.object({ content: z.string().nullish() }) })).optional(), error: z.unknown().optional() })

/** What an event is to a defect: a token of the answer, an error, or something else (role, usage, comment, `[DONE]`). */
export function eventKind(event: Buffer): 'token' | 'error' | 'other' {
  const data = event.toString('utf8').split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n')
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch {
    return 'other'
  }
  const parsed = chunk.safeParse(json)
  if (!parsed.success) return 'other'
  if (parsed.data.error !== undefined && parsed.data.error !== null) return 'error'
  return (parsed.data.choices?.[0]?.delta.content ?? '') === '' ? 'other' : 'token'
}
