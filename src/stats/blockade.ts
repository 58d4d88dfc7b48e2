import type { MessageRecord } from '../sample/message.ts'
import { median } from './quantile.ts'
import type { TimeOf } from './ttft.ts'
import type { Window } from './windows.ts'

/** What a blockade is read from. */
type Blocked = Pick<Window, 'blockers'>

/** The time in which all blockers of a window were being told; or why there is none. Instants of the run, ms. */
export type Blockade =
  | { readonly kind: 'held'; readonly from: number; readonly to: number }
  | { readonly kind: 'failed'; readonly why: string }

/**
 * From when the last of the blockers had begun until the first of them ended. With several copies a stack of as many slots is blocked only
 * while all of them run, so a probe after the earliest end is not held to anything. A blocker begins with its first token, or a quiet p50 after
 * it was sent if that is earlier: a buffered answer has its first token at its end. One that failed, or was never said, blocks nobody: what a
 * stack does after it broke off an answer says nothing of what it does during one.
 */
export function blockade(window: Blocked, copies: number, quietTime: number | undefined, timeOf: TimeOf): Blockade {
  const { blockers } = window
  if (blockers.length === 0) return { kind: 'failed', why: 'no blocker was said' }
  if (blockers.length < copies) return { kind: 'failed', why: `only ${blockers.length} of ${copies} blockers were said` }
  for (const { outcome } of blockers) if (outcome.kind === 'failed') return { kind: 'failed', why: `the blocker failed (${outcome.code})` }
  const from = Math.max(...blockers.map((blocker) => beganAt(blocker, quietTime, timeOf)))
  const to = Math.min(...blockers.map((blocker) => blocker.endedAt))
  return { kind: 'held', from, to }
}

function beganAt(blocker: MessageRecord, quietTime: number | undefined, timeOf: TimeOf): number {
  return Math.min(blocker.dueAt + timeOf(blocker), (blocker.sentAt ?? blocker.startedAt) + (quietTime ?? Infinity), blocker.endedAt)
}

/** The quiet p50 of a round, both connection kinds together, ms. Undefined where no quiet probe was said. */
export const quietTime = (quiet: Pick<Window, 'probes'>, timeOf: TimeOf): number | undefined => median(quiet.probes.map(timeOf))
