import type { Run } from '../sample/run-file.ts'
import { median } from './quantile.ts'
import { ttft } from './ttft.ts'
import { sideRounds, windowOf } from './windows.ts'

export interface DelaySlope {
  /** Seconds of delay per second that the blocker still went on; undefined where the pairs do not say. */
  readonly slope: number | undefined
  /** Pairs that it was read from. */
  readonly n: number
}

/** Two messages that were said at nearly the same place of their blockers say nothing of a slope, ms. */
const leastDistance = 100

/**
 * How much later a message comes for each second that its blocker still had to go when it was said, over the pairs of a gentle run: the median of the
 * slopes between all two of them (Theil-Sen; P. K. Sen, J. Am. Stat. Assoc. 63 (1968) 1379). About 1 where messages queue behind the blocker, about 0 where they do
 * not. Messages without a first word, and those whose blocker failed or had ended, are left out: it is shown, and judges nothing.
 */
export function delaySlope(run: Run, side: string, phases: readonly string[]): DelaySlope {
  const points = sideRounds(run, side).flatMap((round) => phases.flatMap((phase) => {
    const { blockers, probes } = windowOf(round, phase)
    const [blocker] = blockers
    if (blocker === undefined || blocker.outcome.kind === 'failed') return []
    return probes.map((probe) => ({ remaining: blocker.endedAt - probe.dueAt, time: ttft(probe) })).filter(({ remaining, time }) => remaining > 0 && Number.isFinite(time))
  }))
  const slopes = points.flatMap((one, index) => points.slice(index + 1).flatMap((other) => {
    const distance = other.remaining - one.remaining
    return Math.abs(distance) < leastDistance ? [] : [(other.time - one.time) / distance]
  }))
  return { slope: median(slopes), n: points.length }
}
