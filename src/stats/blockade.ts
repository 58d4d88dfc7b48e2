import type { MessageRecord } from '../sample/message.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { median } from './quantile.ts'
import { searched } from './searched.ts'
import type { TimeOf } from './ttft.ts'
import type { Window } from './windows.ts'

/** What a blockade is read from. */
type Blocked = Pick<Window, 'blockers'>

/** How a phase blocks: with so many answers at once, none in a quiet one; `untilFirstToken` where they are searches. */
interface Blocking {
  readonly copies: number
  readonly untilFirstToken: boolean
}

export function blockingOf(scenario: ScenarioSpec, name: string): Blocking {
  const phase = scenario.phases[name]
  const blocker = phase !== undefined && 'say' in phase ? phase.while : undefined
  return { copies: blocker?.copies ?? 0, untilFirstToken: blocker !== undefined && scenario.messages[blocker.say]?.search === true }
}

/** The time in which all blockers of a window were being told; or why there is none. Instants of the run, ms. */
export type Blockade =
  | { readonly kind: 'held'; readonly from: number; readonly to: number }
  | { readonly kind: 'failed' | 'unsearched'; readonly why: string }

/**
 * From when the last of the blockers had begun until the first of them ended; a search blocks until its first token, and tells its answer afterwards
 * like any other. With several copies a stack of as many slots is blocked only while all of them run, so a probe after the earliest end is not held to
 * anything. A blocker begins with its first token, or a quiet p50 after it was sent if that is earlier: a buffered answer has its first token at its
 * end. One that failed, or was never said, blocks nobody: what a stack does after it broke off an answer says nothing of what it does during one. Nor
 * does a search that found nothing, which may never have searched, nor one that began after the model had been asked.
 */
export function blockade(window: Blocked, { copies, untilFirstToken }: Blocking, quietTime: number | undefined, timeOf: TimeOf): Blockade {
  const { blockers } = window
  if (blockers.length === 0) return { kind: 'failed', why: 'no blocker was said' }
  if (blockers.length < copies) return { kind: 'failed', why: `only ${blockers.length} of ${copies} blockers were said` }
  for (const { outcome } of blockers) if (outcome.kind === 'failed') return { kind: 'failed', why: `the blocker failed (${outcome.code})` }
  if (untilFirstToken && !blockers.every(bringsSources)) return { kind: 'unsearched', why: 'the search brought no sources: nothing shows that it took place' }
  if (untilFirstToken && blockers.some(searchedTooLate)) return { kind: 'unsearched', why: 'the search came after the question to the model: nobody could wait for it' }
  const from = Math.max(...blockers.map((blocker) => beganAt(blocker, quietTime, timeOf)))
  const to = Math.min(...blockers.map((blocker) => (untilFirstToken ? blocker.firstTokenAt ?? blocker.endedAt : blocker.endedAt)))
  return { kind: 'held', from, to }
}

const bringsSources = ({ sources }: MessageRecord): boolean => sources !== undefined && sources > 0
/** Where the search engine is not our mock, its sources are all that is known. */
const searchedTooLate = ({ upstream }: MessageRecord): boolean => upstream !== null && searched(upstream) === 'afterwards'

function beganAt(blocker: MessageRecord, quietTime: number | undefined, timeOf: TimeOf): number {
  return Math.min(blocker.dueAt + timeOf(blocker), (blocker.sentAt ?? blocker.startedAt) + (quietTime ?? Infinity), blocker.endedAt)
}

/** The quiet p50 of a round, both connection kinds together, ms. Undefined where no quiet probe was said. */
export const quietTime = (quiet: Pick<Window, 'probes'>, timeOf: TimeOf): number | undefined => median(quiet.probes.map(timeOf))
