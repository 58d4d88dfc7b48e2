import type { ObservationRecord } from '../sample/run-file.ts'
import type { Series } from './series.ts'
import type { View } from './ttft.ts'
import { windowOf } from './windows.ts'

/**
 * How long GET /health took, ms, or a GET that needs the database, in these phases, or in all: from when it was due to the end of its answer. +∞ where no good
 * answer came.
 */
export const lookTimes = (kind: 'health' | 'database', during?: readonly string[]): Series => ({
  values: (round, view) => {
    const windows = during === undefined ? [...round.windows.values()] : during.map((phase) => windowOf(round, phase))
    return windows.flatMap(({ observations }) => observations.filter(({ what }) => what === kind).map((seen) => lookTime(seen, view)))
  },
  problem: undefined,
})

function lookTime({ dueAt, endedAt, failure, errorBound }: ObservationRecord, view: View): number {
  if (failure !== null) return Infinity
  return view === 'against-fail' ? Math.max(0, endedAt - dueAt - errorBound) : endedAt - dueAt
}
