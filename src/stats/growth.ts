import type { Run } from '../sample/run-file.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { type Blockade, blockade, blockingOf, quietTime } from './blockade.ts'
import { hodgesLehmann, type SignedRankInterval, signedRankInterval } from './signed-rank.ts'
import { judgedTime, referenceTime, type TimeOf, ttft, type View } from './ttft.ts'
import { quietPhaseOf, type SideRound, sideRounds, type Window, windowOf } from './windows.ts'

export type DelayGrowthClaim = Extract<ClaimSpec, { measure: 'delayGrowth' }>

/** What one round says. `growth` is seconds of delay per second of blocker, +Infinity where hellos behind the long one got no token; null in a void round. */
export interface RoundGrowth {
  readonly round: number
  readonly growth: number | null
  /** Why the round says nothing; null in a sound one. */
  readonly void: string | null
}

export interface DelayGrowth {
  readonly perRound: readonly RoundGrowth[]
  /** Hodges-Lehmann over the sound rounds; undefined where there are none. */
  readonly estimate: number | undefined
  /** One-sided `rules.alpha` at each end; undefined where the rounds are too few for it. */
  readonly interval: SignedRankInterval | undefined
  /** Sound rounds. */
  readonly n: number
  readonly voidRounds: number
}

/** The long blocker must last at least this many times the short one, or the quotient is noise. */
export const leastDoseRatio = 2

/**
 * Dose and response: how much longer a message waits for each further second that the blocker lasts. Per round
 * g = (H(long) − H(short)) / (time of the long blocker − of the short one), H the second largest TTFT of the window: the largest would be one
 * hiccup, a lower rank would not see one blocked worker of many. About 1 is serialised, about 0 independent (MEASURING §2).
 */
export function delayGrowth(run: Run, side: string, claim: DelayGrowthClaim, view: View): DelayGrowth {
  const perRound = sideRounds(run, side).map((round) => roundGrowth(run, round, claim, view))
  const growths = perRound.flatMap(({ growth }) => (growth === null ? [] : [growth]))
  return {
    perRound,
    estimate: hodgesLehmann(growths),
    interval: signedRankInterval(growths, run.header.rules.alpha),
    n: growths.length,
    voidRounds: perRound.length - growths.length,
  }
}

function roundGrowth(run: Run, round: SideRound, claim: DelayGrowthClaim, view: View): RoundGrowth {
  const isVoid = (why: string): RoundGrowth => ({ round: round.round, growth: null, void: why })
  const said = (phase: string): Window => windowOf(round, phase)
  const quiet = said(quietPhaseOf(run, claim.message) ?? '')
  const told = (phase: string, timeOf: TimeOf): Blockade => blockade(said(phase), blockingOf(run.header.scenario, phase), quietTime(quiet, timeOf), timeOf)
  // As measured in every view: whether a round counts must not depend on the direction in which it is judged.
  const why = doseProblem(claim, { short: told(claim.from, ttft), long: told(claim.to, ttft) }, said)
  if (why !== null) return isVoid(why)
  const judged: TimeOf = (message) => judgedTime(message, view)
  const reference: TimeOf = (message) => referenceTime(message, view)
  const shortest = secondLargest(said(claim.from).probes, reference)
  const longest = secondLargest(said(claim.to).probes, judged)
  if (shortest === undefined || longest === undefined) return isVoid('fewer than two probes in a window')
  // Without a finite response to the short dose there is nothing that could grow; the stalled share and the percentiles count these probes.
  if (shortest === Infinity) return isVoid(`two or more probes in ${claim.from} got no first token`)
  const dose = lasted(told(claim.to, judged)) - lasted(told(claim.from, reference))
  return { round: round.round, growth: (longest - shortest) / dose, void: null }
}

function doseProblem(claim: DelayGrowthClaim, { short, long }: { short: Blockade; long: Blockade }, said: (phase: string) => Window): string | null {
  for (const [phase, told] of [[claim.from, short], [claim.to, long]] as const) {
    if (told.kind !== 'held') return `${phase}: ${told.why}`
    const windowAt = said(phase).record?.windowAt ?? -Infinity
    if (told.to <= windowAt) return `${phase}: the blocker had ended before the window began`
  }
  const ratio = lasted(long) / lasted(short)
  return ratio >= leastDoseRatio ? null : `the long blocker lasted only ${ratio.toFixed(1)} times as long as the short one`
}

const lasted = (told: Blockade): number => (told.kind === 'held' ? told.to - told.from : NaN)

function secondLargest(probes: Window['probes'], timeOf: TimeOf): number | undefined {
  return new Float64Array(probes.map(timeOf)).sort().at(-2)
}
