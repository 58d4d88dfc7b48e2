import type { MessageRecord } from '../sample/message.ts'
import type { RoundRecord, Run } from '../sample/run-file.ts'
import { said } from './said.ts'
import { clockError, episodesByLabel, type Timed } from './time-to-error.ts'
import type { View } from './ttft.ts'

export interface TimeToCancel {
  readonly timed: readonly Timed[]
  /** Messages that were over before the person could leave, or that the model had told to the end by then, or that its journal does not have. */
  readonly nothingToCancel: number
  /** Of those, the ones that failed before the person could leave. */
  readonly broken: number
  readonly episodes: ReadonlyMap<string, number>
  /** The most tokens that the model wrote and the person did not get, of one message. */
  readonly wasted: number
}

/** From the instant at which a person left in the middle of an answer until the model saw it, by its own journal, in rounds that were kept. */
export function timeToCancel(run: Run, side: string, labels: readonly string[], view: View): TimeToCancel {
  const asked = said(run, side).filter(({ message, record }) => record.kept && labels.includes(message.label))
  const left = asked.filter(({ message }) => leftInTime(message))
  return {
    timed: left.map(({ message, record }) => untilKnown(message, record, view)),
    nothingToCancel: asked.length - left.length,
    broken: asked.filter(({ message: { outcome } }) => outcome.kind === 'failed' && outcome.code !== 'cancelled').length,
    episodes: episodesByLabel(left),
    wasted: Math.max(0, ...left.map(({ message }) => (message.upstream?.tokensWritten ?? 0) - (message.tokens ?? message.integrity?.received ?? message.chunks))),
  }
}

/** Left while the model was still telling. One that it had told to the end by then it cannot be told to stop. */
function leftInTime({ outcome, upstream, endedAt, integrity }: MessageRecord): boolean {
  if (outcome.kind === 'answered' || outcome.code !== 'cancelled' || upstream === null) return false
  const wasTold = integrity !== null && upstream.tokensWritten >= integrity.expected
  return !(upstream.clientGoneAt === null && wasTold && upstream.lastTokenAt !== null && upstream.lastTokenAt <= endedAt)
}

function untilKnown(message: MessageRecord, record: RoundRecord, view: View): Timed {
  const { id, label, endedAt, upstream } = message
  const goneAt = upstream?.clientGoneAt ?? null
  // The engine watches the model for longer than the bound, or to the end of the answer: then there is nothing left to be told of.
  if (goneAt === null) return { id, label, time: Infinity, shown: Infinity, watched: watchedFor(message) }
  const bound = (message.endErrorBound ?? message.errorBound) + clockError(record)
  const watched = Math.max(0, goneAt - endedAt)
  const time = Math.max(0, watched + (view === 'measured' ? 0 : view === 'against-pass' ? bound : -bound))
  return { id, label, watched, shown: time, time }
}

/** Until the model's last word: it knew of nothing by then. */
const watchedFor = ({ endedAt, upstream }: MessageRecord): number => Math.max(0, (upstream?.lastTokenAt ?? endedAt) - endedAt)
