import type { Sink } from '../sink.ts'
import { eventwise, type TokenChoice } from './eventwise.ts'

/** `reorders=tokens`: a chosen token reaches the client behind the one that follows it. The last token has no follower and stays where it is. */
export function tokenReorder(next: Sink, isChosen: TokenChoice): Sink {
  let held: Buffer | undefined
  const released = (): readonly Buffer[] => {
    const events = held === undefined ? [] : [held]
    held = undefined
    return events
  }
  return eventwise(next, (event, kind) => {
    if (kind !== 'token') return [...released(), event]
    // Asked of every token: it counts them.
    const chosen = isChosen()
    if (held !== undefined || !chosen) return [event, ...released()]
    held = event
    return []
  }, released)
}
