import type { ObservationRecord } from '../sample/run-file.ts'
import type { Series } from './series.ts'
import type { View } from './ttft.ts'

/** How long GET /health took, ms, or a GET that needs the database, whatever was going on: from when it was due to the end of its answer. +∞ where no good answer came. */
export const lookTimes = (kind: 'health' | 'database'): Series => ({
  values: ({ windows }, view) => [...windows.values()].flatMap(({ observations }) => observations.filter(({ what }) => what === kind).map((seen) => lookTime(seen, view))),
  problem: undefined,
})

function lookTime({ dueAt, endedAt, failure, errorBound }: ObservationRecord, view: View): number {
  if (failure !== null) return Infinity
  return view === 'against-fail' ? Math.max(0, endedAt - dueAt - errorBound) : endedAt - dueAt
}
