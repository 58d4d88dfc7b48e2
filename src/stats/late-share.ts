import type { Count } from './binomial.ts'
import type { JudgedStatistic } from './gentle-phases.ts'
import { rankQuantile } from './quantile.ts'

/** What a claim on a percentile holds values against. */
export interface Limit {
  readonly statistic: JudgedStatistic['name']
  readonly bound: number
  /** Whether a value at the bound itself is beyond it: so for times, which hardly ever are; of a share or a cost of exactly what is allowed it is not. */
  readonly atBound: 'late' | 'allowed'
}

export interface LateShare extends Count {
  /** One per round that has values. */
  readonly rounds: readonly Count[]
  /** The claim's statistic by rank: Infinity where what never came reaches that far, undefined without values. */
  readonly value: number | undefined
  /** Values that are +∞. */
  readonly censored: number
  /** All the values, sorted: what an interval of the statistic in its own unit is read from. */
  readonly times: readonly number[]
}

const quantileOf: Readonly<Record<JudgedStatistic['name'], number>> = { p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99 }

/**
 * A claim on a percentile as what it is, a claim on a share: p95 < T exactly if the share of values at or above T is below 5 % (MEASURING §4).
 * Events are the values beyond the bound; `perRound` are the values of each round, +Infinity for what never came.
 */
export function lateShare(perRound: readonly (readonly number[])[], { statistic, bound, atBound }: Limit): LateShare {
  const isLate = (value: number): boolean => (atBound === 'late' ? value >= bound : value > bound)
  const filled = perRound.filter(({ length }) => length > 0)
  const rounds = filled.map((values) => ({ events: values.filter(isLate).length, n: values.length }))
  const times = [...new Float64Array(filled.flat()).sort()]
  return {
    events: rounds.reduce((sum, { events }) => sum + events, 0),
    n: times.length,
    rounds,
    value: rankQuantile(times, quantileOf[statistic]),
    censored: times.filter((time) => time === Infinity).length,
    times,
  }
}
