import type { Sink } from '../sink.ts'
import { eventwise } from './eventwise.ts'

/** `coalesces`: so many tokens reach the client in one write, the last ones with the end. What comes between them keeps its place; an error waits for nothing. */
export function coalescing(next: Sink, tokens: number): Sink {
  let collected: Buffer[] = []
  let count = 0
  const released = (): readonly Buffer[] => {
    const events = collected.length === 0 ? [] : [Buffer.concat(collected)]
    collected = []
    count = 0
    return events
  }
  return eventwise(next, (event, kind) => {
    if (kind === 'other' && collected.length === 0) return [event]
    collected.push(event)
    if (kind === 'token') count += 1
    return kind === 'error' || count === tokens ? released() : []
  }, released)
}
