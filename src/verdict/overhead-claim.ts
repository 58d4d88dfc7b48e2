import type { Run, SideSpec } from '../sample/run-file.ts'
import type { OverheadClaim } from '../scenario/spec.ts'
import { type Overhead, overhead } from '../stats/overhead.ts'
import type { View } from '../stats/ttft.ts'
import type { Weighed, Weighing } from './decision.ts'
import { leastRounds } from './shares.ts'
import { areToo, counted, inUnit, rankOrNull } from './wording.ts'

/** Claims on what going through the system adds to going to the model directly: MEASURING §2. The round is the unit, as of every difference of times. */
export function overheadClaim(run: Run, side: SideSpec, claim: OverheadClaim): Weighing {
  const { pass, fail } = claim.bounds
  const weigh = (view: View): Weighed => {
    const seen = overhead(run, side.name, claim, view)
    const { interval } = seen
    const sound = interval !== undefined && seen.perRound.length >= leastRounds
    // What a burst hides may not help to pass; that gaps are too long it shows like any other round.
    const { wordByWord } = seen
    const isTold = wordByWord !== undefined && seen.perRound.length - seen.burstRounds >= leastRounds
    const isWithin = (bound: number): boolean => sound && isTold && interval.high <= bound && wordByWord.high <= bound
    return {
      passes: isWithin(pass),
      fails: sound && interval.low > fail,
      warns: isWithin(fail),
      value: seen.estimate,
      shortage: !sound ? shortage(seen) : isTold ? undefined : bursts(seen),
      moreRoundsHelp: seen.burstRounds < seen.perRound.length || !sound,
    }
  }
  const describe = (): ReturnType<Weighing['describe']> => {
    const seen = overhead(run, side.name, claim, 'measured')
    const range = seen.interval === undefined ? '' : ` (${told(seen.interval.low)} to ${told(seen.interval.high)})`
    const what = claim.of === 'gap' ? `gap between two chunks of ${claim.message}` : `first token of ${claim.message}`
    return {
      metric: 'overhead', statistic: `${claim.of} ${claim.statistic}`, unit: 'ms', bounds: claim.bounds, n: seen.perRound.length, censored: seen.perRound.filter(({ added }) => added === Infinity).length,
      value: seen.estimate, low: seen.interval?.low, high: seen.interval?.high,
      evidence: seen.estimate === undefined
        ? `no round shows what the stack adds to the ${what}`
        : `${claim.statistic} of the ${what}: ${told(seen.estimate)} more through the stack than from the model directly${range} in ${counted(seen.perRound.length, 'round')}`,
      formula: `${claim.statistic} of the ${claim.of === 'gap' ? 'gaps (the median answer’s own)' : 'TTFT'} through the stack − the same from the model directly, a round; Hodges-Lehmann over rounds`,
    }
  }
  return { weigh, describe }
}

const told = (time: number): string => inUnit(rankOrNull(time), 'ms').replace(/^-/, '−')

const bursts = ({ burstRounds, perRound }: Overhead): string =>
  `in ${burstRounds} of ${counted(perRound.length, 'round')} answers came in bursts through the stack, most of their words together, and word by word from the model: small gaps show nothing good then`

function shortage({ perRound: { length: n }, voidRounds }: Overhead): string {
  const why = voidRounds === 0 ? '' : ` (${voidRounds} void: the model directly did not answer, or nothing had two chunks)`
  return `${counted(n, 'usable round')} ${areToo(n)} few${why}, it takes ${leastRounds}`
}
