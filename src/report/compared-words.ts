import type { RunResult } from '../verdict/document.ts'

/** The earlier run that this one was set beside, or why it was not; empty where none was asked for. */
export function comparedInWords({ comparedWith, comparisons, verdict }: RunResult): string[] {
  if (comparedWith === undefined) return []
  const { label, runId, refused } = comparedWith
  const run = `the run "${label}" of ${dayAndTime(comparedWith.startedAtUtc)} (${runId})`
  if (refused.length > 0) {
    return [
      `NOT COMPARED with ${run}: what differs may be the cause of any change.`,
      ...refused.map((difference) => `differs: ${difference}`),
      `The verdict is this run's own: ${verdict}.`,
    ]
  }
  return [
    `Compared with ${run}. Each run has its own quiet phase: what hellos wait for is compared. Times are shown, and not judged: time passed between the two.`,
    ...(comparisons.length === 0 ? ['Neither run has a figure to compare.'] : []),
  ]
}

/** What leads to the command that would judge the times too. */
export const nextInWords = 'To judge the times as well, have the system take turns (your command makes it before or after):'

const dayAndTime = (iso: string): string => iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*$/, '$1 $2 UTC')
