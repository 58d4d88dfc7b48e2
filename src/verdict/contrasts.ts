import type { Run, SideSpec } from '../sample/run-file.ts'
import type { OverheadClaim } from '../scenario/spec.ts'
import { overhead } from '../stats/overhead.ts'
import { requestsPerSocket } from '../stats/requests-per-socket.ts'
import { type SignedRankInterval, signedRankInterval } from '../stats/signed-rank.ts'
import type { View } from '../stats/ttft.ts'
import type { Comparison } from './document.ts'
import { leastRounds } from './shares.ts'
import { rankOrNull } from './wording.ts'

/** How the overhead of the two sides differs, round by round, ms. An improvement may be shown; whether it is good enough the claim on each side decides. */
export function overheadContrast(run: Run, before: SideSpec, after: SideSpec, claim: OverheadClaim, alpha: number): Comparison {
  const difference = (view: View, other: View): SignedRankInterval | undefined => {
    const one = new Map(overhead(run, before.name, claim, other).perRound.map(({ round, added }) => [round, added]))
    // +∞ afterwards stays +∞: answers that never came are no improvement, even where they never came before either.
    const changes = overhead(run, after.name, claim, view).perRound.flatMap(({ round, added }) => {
      const previous = one.get(round)
      return previous === undefined ? [] : [added === Infinity ? Infinity : added - previous]
    }).filter((change) => change !== -Infinity)
    return signedRankInterval(changes, alpha)
  }
  const seen = difference('measured', 'measured')
  const improved = (difference('against-pass', 'against-fail')?.high ?? 0) < 0
  const estimate = (side: SideSpec): number | null => rankOrNull(overhead(run, side.name, claim, 'measured').estimate ?? Infinity)
  return {
    metric: 'overhead', statistic: `${claim.of} ${claim.statistic}`, unit: 'ms', beforeSide: before.name, afterSide: after.name, changeUnit: 'absolute',
    before: estimate(before), after: estimate(after),
    change: rankOrNull(seen?.estimate ?? Infinity), low: rankOrNull(seen?.low ?? Infinity), high: rankOrNull(seen?.high ?? Infinity),
    verdict: improved ? 'improved' : 'unjudged',
    reason: seen === undefined ? `too few rounds that both sides have, it takes ${leastRounds}` : improved ? 'less than before' : 'no improvement shown; the claim on each side decides',
  }
}

/** Requests per connection on both sides. A mechanism has no interval, so that the change is told as it is, without a verdict. None without the journal on both sides. */
export function socketContrast(run: Run, before: SideSpec, after: SideSpec): Comparison[] {
  const [one, two] = [requestsPerSocket(run, before.name), requestsPerSocket(run, after.name)]
  if (one.value === undefined || two.value === undefined) return []
  // Where no connection was opened there were so many requests for none.
  const figures = { before: Math.min(one.value, one.requests), after: Math.min(two.value, two.requests) }
  const change = figures.after - figures.before
  return [{
    metric: 'requestsPerSocket', statistic: 'mean', unit: 'ratio', beforeSide: before.name, afterSide: after.name, changeUnit: 'absolute',
    ...figures, change, low: change, high: change, verdict: 'unjudged', reason: 'a mechanism, told as it is; the claim on each side decides',
  }]
}
