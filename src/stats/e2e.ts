import type { MessageRecord } from '../sample/message.ts'
import { type Named, messageSeries, type Series } from './series.ts'
import type { View } from './ttft.ts'

/**
 * From the instant the plan wanted it said to the end of its answer, ms. +∞ for one that failed: an error that came fast is no fast answer. Of the mock's
 * own lateness the journal knows only that of the first token, which says nothing about the end; it is not taken off.
 */
export const e2eTimes = (claim: Named): Series => messageSeries(claim, e2e)

function e2e({ dueAt, endedAt, outcome, errorBound, endErrorBound }: MessageRecord, view: View): number {
  if (outcome.kind === 'failed') return Infinity
  return view === 'against-fail' ? Math.max(0, endedAt - dueAt - (endErrorBound ?? errorBound)) : endedAt - dueAt
}
