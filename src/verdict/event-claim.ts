import type { Run, SideSpec } from '../sample/run-file.ts'
import type { EventClaim } from '../scenario/spec.ts'
import { sideRounds } from '../stats/windows.ts'
import type { Weighed, Weighing } from './decision.ts'
import { type Tally, tally } from './event-tally.ts'
import { roundShortage, roundsNeeded, shareInterval } from './shares.ts'
import { percentDown, percentUp } from './wording.ts'

/**
 * Zero tolerance: one message that breaks the rule fails, at any look and after any number of rounds. A pass states how often it may still happen, for
 * messages and for episodes. The tester's clock plays no part in it, so every view is the same. A claim that allows a share of them (`atLeast` below 1)
 * is judged like any other share.
 */
export function eventClaim(run: Run, side: SideSpec, claim: EventClaim): Weighing {
  const seen = tally(run, side, claim)
  const rounds = sideRounds(run, side.name).length
  const weighed = claim.bounds.atLeast === true ? weighShare(run, claim, seen, rounds) : weighCount(run, claim, seen, rounds)
  const { n, offending, rounds: perRound } = seen
  const share = n === 0 ? undefined : (n - offending) / n
  const isShare = claim.bounds.atLeast === true
  const range = isShare && isPartial(claim) && n > 0 ? shareInterval({ events: n - offending, n }, whole(perRound), run.header.rules.alpha) : undefined
  const value = isShare ? share : weighed.value
  return {
    weigh: () => weighed,
    describe: () => ({
      metric: claim.measure, statistic: isShare ? 'share' : 'messages', unit: claim.unit, bounds: claim.bounds, n, censored: 0,
      value, low: range?.low ?? value, high: range?.high ?? value,
      evidence: n === 0 ? seen.nothing : `${offending === 0 ? seen.none : seen.some}${range === undefined ? '' : `: ${percentDown(range.low)} to ${percentUp(range.high)} did`}`,
      formula: seen.formula,
    }),
  }
}

/** Whether some of the messages may break the rule. */
const isPartial = ({ bounds }: EventClaim): boolean => bounds.pass < 1 || bounds.fail < 1

const whole = (rounds: Tally['rounds']): Tally['rounds'] => rounds.map(({ events, n }) => ({ events: n - events, n }))

function weighCount(run: Run, { bounds }: EventClaim, { n, offending, lacking }: Tally, rounds: number): Weighed {
  const shortage = roundShortage(n, rounds, roundsNeeded(run)) ?? lacking?.why
  return {
    passes: shortage === undefined && offending <= bounds.pass,
    fails: offending > bounds.fail,
    warns: shortage === undefined && offending <= bounds.fail,
    value: n === 0 ? undefined : offending,
    shortage,
    moreRoundsHelp: lacking?.moreRoundsHelp ?? true,
  }
}

/** `atLeast(1)`: every one. Where a bound allows some to break the rule, that bound is one on a share, with its interval. */
function weighShare(run: Run, { bounds }: EventClaim, { n, offending, rounds: perRound, lacking }: Tally, rounds: number): Weighed {
  const shortage = roundShortage(n, rounds, roundsNeeded(run)) ?? lacking?.why
  const sound = shortage === undefined
  const { low, high } = shareInterval({ events: n - offending, n }, whole(perRound), run.header.rules.alpha)
  const reaches = (bound: number): boolean => (bound === 1 ? offending === 0 : low >= bound)
  return {
    passes: sound && reaches(bounds.pass),
    fails: n > 0 && (bounds.fail === 1 ? offending > 0 : roundShortage(n, rounds, roundsNeeded(run)) === undefined && high < bounds.fail),
    warns: sound && reaches(bounds.fail),
    value: n === 0 ? undefined : (n - offending) / n,
    shortage,
    moreRoundsHelp: lacking?.moreRoundsHelp ?? true,
  }
}
