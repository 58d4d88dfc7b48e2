import type { Subject } from '../stats/anchor.ts'
import { differenceInterval } from '../stats/difference.ts'
import { type StalledShare, stalledShare, type StalledShareClaim } from '../stats/stall.ts'
import type { View } from '../stats/ttft.ts'
import type { Comparison } from './document.ts'
import { effective, leastRounds } from './shares.ts'
import { areToo, counted } from './wording.ts'

/** MEASURING §5. One-sided; both sides together 96 %. */
export const alpha = 0.02

/**
 * Two stalled shares, of one run or of two: each has its own quiet phase in the same round, so that a slow day is in both parts of it. The difference is
 * Newcombe's, on counts divided by their design effect.
 */
export function stalledContrast(before: Subject, after: Subject, claim: StalledShareClaim): Comparison {
  const shares = (view: View, other: View): { one: StalledShare; two: StalledShare } =>
    ({ one: stalledShare(before.run, before.side, claim, other), two: stalledShare(after.run, after.side, claim, view) })
  const difference = ({ one, two }: ReturnType<typeof shares>): ReturnType<typeof differenceInterval> | undefined =>
    one.n === 0 || two.n === 0 ? undefined : differenceInterval(effective(two, two.rounds), effective(one, one.rounds), alpha)
  const measured = shares('measured', 'measured')
  const { one, two } = measured
  const seen = difference(measured)
  const fewest = Math.min(one.rounds.length, two.rounds.length)
  const lacking = seen === undefined ? 'no exposed probe on one of the sides'
    : one.problem ?? two.problem ?? (fewest < leastRounds ? `${counted(fewest, 'round')} on both sides ${areToo(fewest)} few, it takes ${leastRounds}` : undefined)
  return {
    metric: 'stalledShare', statistic: 'share', unit: 'share', beforeSide: before.side, afterSide: after.side, changeUnit: 'absolute',
    before: one.n === 0 ? null : one.share, after: two.n === 0 ? null : two.share,
    change: seen === undefined ? null : two.share - one.share, low: seen?.low ?? null, high: seen?.high ?? null,
    ...absolutely(difference(shares('against-pass', 'against-fail'))?.high, lacking),
  }
}

/** What a difference of shares or ratios comes to; `high` is its upper limit with the measuring error against it. What is worse is for the claim to say. */
export function absolutely(high: number | undefined, missing: string | undefined): Pick<Comparison, 'verdict' | 'reason'> {
  if (missing !== undefined) return { verdict: 'unjudged', reason: missing }
  return high !== undefined && high < 0 ? { verdict: 'improved', reason: 'less than before' } : { verdict: 'unjudged', reason: 'no improvement shown; the claim on each side decides' }
}
