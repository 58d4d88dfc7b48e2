import type { Run } from '../sample/run-file.ts'
import type { TimeClaim } from '../scenario/spec.ts'
import type { Count } from './binomial.ts'
import { judgedStatistic } from './gentle-phases.ts'
import { rankQuantile } from './quantile.ts'
import { firstVisible, judgedTime, type View } from './ttft.ts'
import { sideRounds, windowOf } from './windows.ts'

export type FirstVisibleClaim = TimeClaim

export interface LateShare extends Count {
  /** One per kept round that has messages. */
  readonly rounds: readonly Count[]
  /** The claim's statistic by rank, ms: Infinity where messages without a visible word reach that far, undefined without messages. */
  readonly value: number | undefined
  /** Messages without a visible word. */
  readonly censored: number
  /** All the times, sorted, ms: what an interval of the statistic in ms is read from. */
  readonly times: readonly number[]
}

/**
 * A claim on a percentile as what it is, a claim on a share: p95 < T exactly if the share of messages at or above T is below 5 %
 * (MEASURING §4). Events are the messages whose first visible word came `bound` ms after they were due, or later, or never.
 */
export function lateShare(run: Run, side: string, claim: FirstVisibleClaim, view: View, bound: number): LateShare {
  const perRound = sideRounds(run, side)
    .map((round) => claim.during.flatMap((phase) => windowOf(round, phase).probes.filter((probe) => probe.label === claim.message)))
    .map((messages) => messages.map((message) => judgedTime(message, view, firstVisible)))
    .filter((times) => times.length > 0)
  const late = (times: readonly number[]): number => times.filter((time) => time >= bound).length
  const times = perRound.flat().sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return {
    events: late(times),
    n: times.length,
    rounds: perRound.map((round) => ({ events: late(round), n: round.length })),
    value: rankQuantile(times, judgedStatistic(run, claim.statistic).quantile),
    censored: times.filter((time) => time === Infinity).length,
    times,
  }
}
