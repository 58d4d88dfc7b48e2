import type { Run } from '../sample/run-file.ts'
import { median, rankQuantile } from '../stats/quantile.ts'
import type { Subject } from '../stats/anchor.ts'
import { judgedTime, type View } from '../stats/ttft.ts'
import { isGentle } from '../stats/gentle-phases.ts'
import { sideRounds, windowOf, windowPhase } from '../stats/windows.ts'

/** A quantile that sides are compared by. */
export interface Row {
  readonly statistic: 'p50' | 'p90' | 'p95'
  readonly quantile: number
  /** What the median change may be. */
  readonly margin: number
}
const p50: Row = { statistic: 'p50', quantile: 0.5, margin: 0.15 }
const p90: Row = { statistic: 'p90', quantile: 0.9, margin: 0.25 }
export const p95: Row = { statistic: 'p95', quantile: 0.95, margin: 0.25 }

/** A time that sides are compared by: which phases it is taken over, and where of its distribution. */
export interface Latency {
  readonly metric: string
  readonly during: readonly string[]
  readonly row: Row
}

/** The times to first token that two sides are compared by. */
export function latencyRows(run: Run): Latency[] {
  const named = (loaded: boolean): string[] => Object.keys(run.header.scenario.phases).filter((name) => windowPhase(run, name) !== undefined && (windowPhase(run, name)?.while !== undefined) === loaded)
  const rows: [string, string[], Row[]][] = [['ttft quiet', named(false), [p50, p90]], ['ttft behind a blocker', named(true), [p50, p95]]]
  // Of one message a round every quantile is that message.
  const known = (statistics: readonly Row[]): readonly Row[] => (isGentle(run) ? statistics.slice(0, 1) : statistics)
  return rows.flatMap(([metric, during, statistics]) => (during.length === 0 ? [] : known(statistics).map((row) => ({ metric, during, row }))))
}

export interface Quantile {
  readonly value: number
  readonly n: number
}

/** The quantile of the probes of each round, phases taken together. Infinity where messages without a first token reach that far. */
export function roundQuantiles({ run, side }: Subject, { during, row }: Latency, view: View): ReadonlyMap<number, Quantile> {
  return new Map(sideRounds(run, side).flatMap((round) => {
    const times = during.flatMap((phase) => windowOf(round, phase).probes.map((probe) => judgedTime(probe, view)))
    const value = rankQuantile(times, row.quantile)
    return value === undefined ? [] : [[round.round, { value, n: times.length }] as const]
  }))
}

export const medianOf = (quantiles: ReadonlyMap<number, Quantile>): number => median([...quantiles.values()].map(({ value }) => value)) ?? Infinity
