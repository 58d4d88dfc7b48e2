import type { Run, SideSpec } from '../sample/run-file.ts'
import { blockerPaces } from '../stats/blocker-pace.ts'
import { median } from '../stats/quantile.ts'
import { signedRankInterval } from '../stats/signed-rank.ts'
import { anchorAllowance } from './anchor-allowance.ts'
import type { Comparison } from './document.ts'
import { alpha } from './stalled-contrast.ts'

const rows: readonly { readonly metric: string; readonly of: 'perToken' | 'longestGap' }[] = [{ metric: 'blockerTpot', of: 'perToken' }, { metric: 'blockerGap', of: 'longestGap' }]

/**
 * What it costs a story that hellos are answered while it is told: whoever need not wait takes from the one who is being served. Shown and never judged;
 * none where our mock tells the stories, which has time for everybody. A chunk is not a token: where the answers were not all counted alike, nothing is said of
 * the time per token.
 */
export function answerCosts(run: Run, before: SideSpec, after: SideSpec): Comparison[] {
  if (before.hasMock || after.hasMock) return []
  const [one, other] = [blockerPaces(run, before.name), blockerPaces(run, after.name)]
  if (one.size === 0 || other.size === 0) return []
  const counted = new Set([...one.values(), ...other.values()].map((pace) => pace.counted))
  const isCountedAlike = counted.size === 1 && !counted.has('both')
  return rows.filter(({ of }) => of !== 'perToken' || isCountedAlike).map(({ metric, of }) => {
    const changes = [...one].flatMap(([round, pace]) => {
      const later = other.get(round)
      return later === undefined || pace[of] === 0 || later[of] === 0 ? [] : [Math.log(later[of] / pace[of])]
    })
    const typical = (paces: typeof one): number | null => median([...paces.values()].map((pace) => pace[of])) ?? null
    const head = { metric, statistic: 'p50', unit: 'ms', beforeSide: before.name, afterSide: after.name, before: typical(one), after: typical(other), changeUnit: 'relative', verdict: 'unjudged' } as const
    const anchor = anchorAllowance(run, before, after, typical(one) ?? 0)
    if (anchor.kind === 'held') return { ...head, change: null, low: null, high: null, reason: anchor.why }
    const seen = signedRankInterval(changes, alpha)
    return {
      ...head,
      change: seen === undefined ? null : Math.expm1(seen.estimate), low: seen === undefined ? null : Math.expm1(seen.low), high: seen === undefined ? null : Math.expm1(seen.high),
      reason: 'shown only: what a story pays for hellos that are answered meanwhile',
    }
  })
}
