import type { MessageRecord } from '../sample/message.ts'
import type { BlockRecord } from '../sample/run-file.ts'

/** The recorded blocks of the tester's event loop that overlap the time between two instants. A block is stamped at its end. */
export function pausesIn(blocks: readonly BlockRecord[], from: number, to: number): BlockRecord[] {
  return blocks.filter(({ at, lasted }) => at > from && at - lasted < to)
}

/** How much of the time between two instants the tester's event loop is known to have stood still, ms. */
export function pausedTime(blocks: readonly BlockRecord[], from: number, to: number): number {
  return pausesIn(blocks, from, to).reduce((sum, { at, lasted }) => sum + Math.min(at, to) - Math.max(at - lasted, from), 0)
}

/** How late the stamps of a message may be, ms: its error bounds without its slip, which moves no stamp. */
export function stampError({ dueAt, startedAt, errorBound, endErrorBound = errorBound }: MessageRecord): number {
  return Math.max(0, Math.max(errorBound, endErrorBound) - Math.max(0, startedAt - dueAt))
}
