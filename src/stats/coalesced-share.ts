import type { MessageRecord, Upstream } from '../sample/message.ts'
import type { BlockRecord, Run } from '../sample/run-file.ts'
import { type JournalValue, journalSeries, type Named, type Series } from './series.ts'
import { pausesIn, stampError } from './tester-pauses.ts'
import { mockLateness, type View } from './ttft.ts'

/** Chunks nearer to each other than this came in one piece, ms; the run file counts them so. */
const together = 1

/**
 * Which share of the tokens of an answer, the first left out, came together with the one before: in one chunk, or less than 1 ms later. Answers of one token
 * are left out, as are those that failed. Where no numbers tell the tokens, each chunk is one. Whether the model itself sent them apart only its journal
 * tells, so that it takes our mock; what it wrote together itself is taken off.
 *
 * A tester that stands still reads at once what came meanwhile. Against a fail an answer counts as 0 during which the event loop is known to have stood still, or
 * whose stamps (or the mock's writes) may be as late as the model's own gap is long. Against a pass each such pause may have parted one pair.
 */
export const coalescedShare = (run: Run, side: string, claim: Named): Series => journalSeries(run, side, claim, (message, view) => share(message, view, run.blocks))

function share(message: MessageRecord, view: View, blocks: readonly BlockRecord[]): JournalValue {
  const { outcome, gaps: { count, coalesced }, integrity, upstream } = message
  const followers = Math.max(count, (integrity?.received ?? 0) - 1)
  if (outcome.kind === 'failed' || followers === 0) return 'none'
  if (coalesced === undefined || upstream === null) return 'unknown'
  const attached = Math.max(0, followers - (count - coalesced) - (upstream.tokensTogether ?? 0))
  const pauses = pausesIn(blocks, message.firstTokenAt ?? message.startedAt, message.endedAt).length
  switch (view) {
    case 'measured': return attached / followers
    case 'against-pass': return Math.min(followers, attached + pauses) / followers
    case 'against-fail': return pauses > 0 || stampError(message) + mockLateness(message) + together >= modelGap(upstream) ? 0 : attached / followers
  }
}

/** The mean time between two tokens as the model wrote them, ms; 0 where the journal does not tell. */
function modelGap({ firstTokenAt, lastTokenAt, tokensWritten }: Upstream): number {
  return firstTokenAt === null || lastTokenAt === null || tokensWritten < 2 ? 0 : (lastTokenAt - firstTokenAt) / (tokensWritten - 1)
}
