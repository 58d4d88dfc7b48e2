import type { Run, SideSpec } from '../sample/run-file.ts'
import type { Interval } from '../stats/binomial.ts'
import { isGentle, judgedStatistic } from '../stats/gentle-phases.ts'
import { type LateShare, lateShare } from '../stats/late-share.ts'
import type { View } from '../stats/ttft.ts'
import { sideRounds } from '../stats/windows.ts'
import type { Description, Weighed, Weighing } from './decision.ts'
import { type PercentileClaim, percentileMeasure, type PercentileMeasure } from './percentile-measure.ts'
import { sampleShortage, shareInterval } from './shares.ts'
import { bound, inUnit, percent, percentDown, percentUp, rankOrNull } from './wording.ts'

/** Claims on a percentile of whatever has a value a message (or a look), judged as what they are: claims on the share of values beyond the bound, MEASURING §4. */
export function percentileClaim(run: Run, side: SideSpec, claim: PercentileClaim): Weighing {
  const { alpha } = run.header.rules
  const { late: share, name } = judgedStatistic(run, claim.statistic)
  const measure = percentileMeasure(run, side, claim)
  const rounds = sideRounds(run, side.name)
  const valuesIn = (view: View): (readonly number[])[] => rounds.map((round) => measure.series.values(round, view))
  const late = (values: readonly (readonly number[])[], at: number): Late => {
    const seen = lateShare(values, { statistic: name, bound: at, atBound: measure.atBound })
    return { seen, ...shareInterval(seen, seen.rounds, alpha) }
  }
  const weigh = (view: View): Weighed => {
    const values = valuesIn(view)
    const atPass = late(values, claim.bounds.pass)
    const atFail = claim.bounds.fail === claim.bounds.pass ? atPass : late(values, claim.bounds.fail)
    const { seen } = atPass
    const shortage = measure.series.problem ?? sampleShortage(seen.n, seen.rounds.length, share, alpha, measure.noun)
    const sound = shortage === undefined
    return {
      passes: sound && atPass.high <= share,
      fails: sound && atFail.low > share,
      warns: sound && atFail.high <= share,
      value: seen.value,
      shortage,
      moreRoundsHelp: measure.series.problem === undefined && !isGentle(run),
    }
  }
  const describe = (): Description => {
    const values = valuesIn('measured')
    return description(run, claim, measure, late(values, claim.bounds.pass), values)
  }
  return { weigh, describe }
}

type Late = { readonly seen: LateShare } & Interval

function description(run: Run, claim: PercentileClaim, measure: PercentileMeasure, { seen, low, high }: Late, values: readonly (readonly number[])[]): Description {
  const { measure: metric, unit } = claim
  const { alpha } = run.header.rules
  const { name, late: share } = judgedStatistic(run, claim.statistic)
  // Below the least sample a percentile is not printed as such: it would be the maximum by another name.
  const tooFew = sampleShortage(seen.n, seen.rounds.length, share, alpha) !== undefined
  const value = tooFew ? seen.times.at(-1) : seen.value
  const limits = tooFew ? { low: undefined, high: undefined } : inUnitOfValues(share, values, seen.times, alpha)
  const statistic = tooFew ? 'max' : name
  const subject = measure.subject === '' ? '' : ` of ${measure.subject}:`
  const range = limits.low === undefined || limits.low === Infinity ? '' : ` (${inUnit(rankOrNull(limits.low), unit)} to ${inUnit(rankOrNull(limits.high), unit)})`
  const lateWords = `${seen.events} of ${measure.several(seen.n)} ${measure.beyond(bound(claim.bounds.pass, unit))}`
  const shareWords = `${seen.events === 0 ? `≤ ${percentUp(high)}` : `${percentDown(low)} to ${percentUp(high)}`}; up to ${percent(share)} may${name === claim.statistic ? '' : `: so few messages cannot show a ${claim.statistic}`}`
  return {
    metric, statistic, unit, bounds: claim.bounds, n: seen.n, censored: seen.censored, value, ...limits,
    evidence: seen.n === 0 ? measure.none : `${statistic}${subject} ${inWords(value, seen, claim, measure)}${range}; ${lateWords} (${shareWords})`,
    formula: `${measure.formula}${name === claim.statistic ? '' : `; ${name}, since a gentle run has too few messages for a ${claim.statistic}`}`,
  }
}

/** `> T (no first token)` where the rank falls among what never came: T is the largest value that did. */
function inWords(value: number | undefined, { times, censored }: LateShare, { unit }: PercentileClaim, { never }: PercentileMeasure): string {
  if (value === undefined || Number.isFinite(value)) return inUnit(value ?? 0, unit)
  const longest = times[times.length - censored - 1]
  return longest === undefined ? `none (${never} at all)` : `> ${inUnit(longest, unit)} (${never})`
}

/**
 * The interval of the share, told in the unit of the values: the limits lie where the share's own limits cross the percentile, so that a bound above the
 * upper one passes. Infinite where no bound would.
 */
function inUnitOfValues(share: number, values: readonly (readonly number[])[], times: readonly number[], alpha: number): Interval {
  // lateShare once per bound would sort everything anew each time, and the search asks for some twenty.
  const rounds = values.filter(({ length }) => length > 0)
  const limitsAt = (from: number): Interval => {
    const counts = rounds.map((round) => ({ events: round.filter((time) => time >= from).length, n: round.length }))
    return shareInterval({ events: counts.reduce((sum, { events }) => sum + events, 0), n: times.length }, counts, alpha)
  }
  const crossing = (isAllowed: (at: Interval) => boolean): number => {
    let from = 0
    let to = times.length
    while (from < to) {
      const middle = Math.floor((from + to) / 2)
      if (isAllowed(limitsAt(times[middle] ?? Infinity))) to = middle
      else from = middle + 1
    }
    return from === 0 ? 0 : times[from - 1] ?? Infinity
  }
  return { low: crossing(({ low }) => low <= share), high: crossing(({ high }) => high <= share) }
}
