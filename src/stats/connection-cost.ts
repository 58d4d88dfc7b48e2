import type { MessageRecord } from '../sample/message.ts'
import type { BlockRecord, Run } from '../sample/run-file.ts'
import { median } from './quantile.ts'
import { type JournalValue, journalSeries, type Named, saidIn, type Series } from './series.ts'
import { pausedTime } from './tester-pauses.ts'
import { mockLateness, type View } from './ttft.ts'
import { type SideRound, sideRounds } from './windows.ts'

/**
 * What a message paid because its request to the model had to open a connection, ms: 0 where the connection had carried a request before; else its way in
 * (from the tester's call to the model's first byte) less the median way in of the claim's messages that found one open, less nothing where none did. Never
 * below 0. +∞ for a message that failed and that the model never saw. The way in spans two processes, so that only rounds in which tester and mock
 * have one clock count.
 */
export function connectionCost(run: Run, side: string, claim: Named): Series {
  const usual: Readonly<Record<View, number>> = { measured: usualWayIn(run, side, claim, 'measured'), 'against-pass': usualWayIn(run, side, claim, 'against-pass'), 'against-fail': usualWayIn(run, side, claim, 'against-fail') }
  const cost = (message: MessageRecord, view: View, round: SideRound): JournalValue => {
    if (!hasOneClock(round)) return 'none'
    if (message.upstream === null) return message.outcome.kind === 'failed' ? Infinity : 'unknown'
    if (message.upstream.requestsBefore > 0) return 0
    const taken = wayIn(message) ?? 0
    return Math.max(0, (view === 'against-fail' ? taken - error(message, run.blocks) : taken) - usual[view])
  }
  const series = journalSeries(run, side, claim, cost)
  return { ...series, problem: clockProblem(sideRounds(run, side)) ?? series.problem }
}

/** Subtracted, so it moves the other way. */
function usualWayIn(run: Run, side: string, claim: Named, view: View): number {
  const reused = sideRounds(run, side).filter(hasOneClock).flatMap((round) => saidIn(round, claim)).filter(({ upstream }) => upstream !== null && upstream.requestsBefore > 0)
  return median(reused.map((message) => Math.max(0, (wayIn(message) ?? 0) - (view === 'against-pass' ? error(message, run.blocks) : 0)))) ?? 0
}

const wayIn = ({ startedAt, upstream }: MessageRecord): number | undefined => (upstream === null ? undefined : upstream.receivedAt - startedAt)

/** What of a way in may be ours: the tester stood still between calling and writing, or the mock read late, which its first token's lateness stands for. */
function error(message: MessageRecord, blocks: readonly BlockRecord[]): number {
  return message.upstream === null ? 0 : mockLateness(message) + pausedTime(blocks, message.startedAt, message.upstream.receivedAt)
}

const hasOneClock = ({ record }: SideRound): boolean => record.clock?.oneClock === true

function clockProblem(rounds: readonly SideRound[]): string | undefined {
  return rounds.length > 0 && !rounds.some(hasOneClock) ? 'the mock keeps another clock than the tester, and how long a message is on its way to it takes one: run both on one host' : undefined
}
