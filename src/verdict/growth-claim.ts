import type { Run, SideSpec } from '../sample/run-file.ts'
import { delaySlope } from '../stats/delay-slope.ts'
import { isGentle } from '../stats/gentle-phases.ts'
import { type DelayGrowth, delayGrowth, type DelayGrowthClaim } from '../stats/growth.ts'
import type { View } from '../stats/ttft.ts'
import type { Weighed, Weighing } from './decision.ts'
import { leastRounds } from './shares.ts'
import { areToo, counted, ratio } from './wording.ts'

/** Claims on how much longer a message waits per second that the blocker lasts longer: the dose-response of MEASURING §2. */
export function growthClaim(run: Run, side: SideSpec, claim: DelayGrowthClaim): Weighing {
  if (isGentle(run)) return gentleGrowth(run, side, claim)
  const { pass, fail } = claim.bounds
  const weigh = (view: View): Weighed => {
    const seen = delayGrowth(run, side.name, claim, view)
    const { interval } = seen
    const sound = interval !== undefined && seen.n >= leastRounds
    return {
      passes: sound && interval.high <= pass,
      fails: sound && interval.low > fail,
      warns: sound && interval.high <= fail,
      value: seen.estimate,
      shortage: sound ? undefined : shortage(seen),
      moreRoundsHelp: true,
    }
  }
  const describe = (): ReturnType<Weighing['describe']> => {
    const seen = delayGrowth(run, side.name, claim, 'measured')
    const range = seen.interval === undefined ? '' : ` (${ratio(seen.interval.low)} to ${ratio(seen.interval.high)})`
    const estimate = seen.estimate
    return {
      metric: 'delayGrowth', statistic: 'Hodges-Lehmann', unit: 'ratio', bounds: claim.bounds, n: seen.n, censored: seen.perRound.filter(({ growth }) => growth === Infinity).length,
      value: estimate, low: seen.interval?.low, high: seen.interval?.high,
      evidence: estimate === undefined
        ? `no round shows how ${claim.message} depends on the length of the blocker`
        : `per second that the blocker lasts longer, ${claim.message} waits ${ratio(estimate)} s longer${range} in ${counted(seen.n, 'round')}`,
      formula: '(second largest TTFT behind the long blocker − behind the short one) / (their measured lengths’ difference), Hodges-Lehmann over rounds',
    }
  }
  return { weigh, describe }
}

/** Why a gentle run does not judge the claim, with the slope that its pairs show. Undefined in a full run. */
export function unjudgedGrowth(run: Run, side: SideSpec, claim: DelayGrowthClaim): string | undefined {
  return isGentle(run) ? `a run of single messages has one behind each blocker and does not judge this: ${run.header.rules.load === 'pages' ? 'ask the API' : 'add --load full'}; ${slopeInWords(run, side, claim)}` : undefined
}

function slopeInWords(run: Run, side: SideSpec, claim: DelayGrowthClaim): string {
  const { slope, n } = delaySlope(run, side.name, [claim.from, claim.to])
  if (slope === undefined) return `no slope can be read from ${counted(n, 'pair')}`
  return `per second that the blocker still had to go, ${claim.message} waited ${ratio(slope)} s longer (Theil-Sen, ${counted(n, 'pair')}; about 1 where it queues, about 0 where it does not)`
}

/** Shown and never judged. */
function gentleGrowth(run: Run, side: SideSpec, claim: DelayGrowthClaim): Weighing {
  const { slope, n } = delaySlope(run, side.name, [claim.from, claim.to])
  const weighed: Weighed = { passes: false, fails: false, warns: false, value: slope, shortage: undefined, moreRoundsHelp: false }
  return {
    weigh: () => weighed,
    describe: () => ({
      metric: 'delayGrowth', statistic: 'Theil-Sen', unit: 'ratio', bounds: claim.bounds, n, censored: 0, value: slope, low: undefined, high: undefined,
      evidence: slopeInWords(run, side, claim),
      formula: 'TTFT over the time that the blocker still had to go when the message was due: median of the slopes between all two pairs',
    }),
  }
}

function shortage({ n, perRound }: DelayGrowth): string {
  const voids = perRound.flatMap((round) => round.void ?? [])
  const why = voids.length === 0 ? '' : ` (${voids.length} void, for one because ${voids[0] ?? ''})`
  return `${counted(n, 'usable round')} ${areToo(n)} few${why}, it takes ${leastRounds}`
}
