import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type JournalValue, journalSeries, type Named, type Series } from './series.ts'
import type { View } from './ttft.ts'

/**
 * What the system adds to the model's own time to the first token, ms: time to first token − (first token written − request received), the latter two
 * by the mock's journal. Both are on the mock's clock and of a difference the offset cancels, so it needs no common clock. The mock's own lateness is in
 * the model's time already. +∞ for a message that failed or got no first token; never below 0.
 */
export const addedToFirstToken = (run: Run, side: string, claim: Named): Series => journalSeries(run, side, claim, added)

function added(message: MessageRecord, view: View): JournalValue {
  if (message.outcome.kind === 'failed' || message.firstTokenAt === null) return Infinity
  const written = message.upstream?.firstTokenAt ?? null
  if (message.upstream === null || written === null) return 'unknown'
  const modelTime = written - message.upstream.receivedAt
  const time = firstOfTheModel(message, message.firstTokenAt, written) - message.dueAt - modelTime
  return Math.max(0, view === 'against-fail' ? time - message.errorBound : time)
}

/**
 * When the model's first token arrived. One that is older than the model's own is the gateway's ("Thinking"): then the first visible word is the model's.
 * Two clocks may make an honest token look as old; its first visible word is nearly always the same one.
 */
function firstOfTheModel({ firstVisibleAt }: MessageRecord, firstTokenAt: number, written: number): number {
  return firstTokenAt < written ? firstVisibleAt ?? Infinity : firstTokenAt
}
