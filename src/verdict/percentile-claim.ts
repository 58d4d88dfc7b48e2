import type { Run, SideSpec } from '../sample/run-file.ts'
import type { Interval } from '../stats/binomial.ts'
import { isGentle, judgedStatistic } from '../stats/gentle-phases.ts'
import { type FirstVisibleClaim, type LateShare, lateShare } from '../stats/late-share.ts'
import { firstVisible, type View } from '../stats/ttft.ts'
import { sideRounds, windowOf } from '../stats/windows.ts'
import type { Description, Weighed, Weighing } from './decision.ts'
import { sampleShortage, shareInterval } from './shares.ts'
import { bound, counted, inUnit, percent, percentDown, percentUp, rankOrNull } from './wording.ts'

/** Claims on a percentile of the time to the first visible word, judged as what they are: claims on the share of later messages, MEASURING §4. */
export function percentileClaim(run: Run, side: SideSpec, claim: FirstVisibleClaim): Weighing {
  const { alpha } = run.header.rules
  const { late: share } = judgedStatistic(run, claim.statistic)
  const late = (view: View, bound: number): { seen: LateShare } & Interval => {
    const seen = lateShare(run, side.name, claim, view, bound)
    return { seen, ...shareInterval(seen, seen.rounds, alpha) }
  }
  const weigh = (view: View): Weighed => {
    const atPass = late(view, claim.bounds.pass)
    const atFail = claim.bounds.fail === claim.bounds.pass ? atPass : late(view, claim.bounds.fail)
    const { seen } = atPass
    const shortage = sampleShortage(seen.n, seen.rounds.length, share, alpha)
    const sound = shortage === undefined
    return {
      passes: sound && atPass.high <= share,
      fails: sound && atFail.low > share,
      warns: sound && atFail.high <= share,
      value: seen.value,
      shortage,
      moreRoundsHelp: !isGentle(run),
    }
  }
  return { weigh, describe: () => description(run, side, claim, late('measured', claim.bounds.pass)) }
}

function description(run: Run, side: SideSpec, claim: FirstVisibleClaim, { seen, low, high }: { seen: LateShare } & Interval): Description {
  const { alpha } = run.header.rules
  const { name, late: share } = judgedStatistic(run, claim.statistic)
  // Below the least sample a percentile is not printed as such: it would be the maximum by another name.
  const tooFew = sampleShortage(seen.n, seen.rounds.length, share, alpha) !== undefined
  const value = tooFew ? seen.times.at(-1) : seen.value
  const limits = tooFew ? { low: undefined, high: undefined } : inMilliseconds(run, side, claim, seen.times)
  const statistic = tooFew ? 'max' : name
  const range = limits.low === undefined || limits.low === Infinity ? '' : ` (${inUnit(rankOrNull(limits.low), 'ms')} to ${inUnit(rankOrNull(limits.high), 'ms')})`
  const lateWords = `${seen.events} of ${counted(seen.n, claim.message)} took ${bound(claim.bounds.pass, 'ms')} or longer`
  const shareWords = `${seen.events === 0 ? `≤ ${percentUp(high)}` : `${percentDown(low)} to ${percentUp(high)}`}; up to ${percent(share)} may${name === claim.statistic ? '' : `: so few messages cannot show a ${claim.statistic}`}`
  return {
    metric: 'firstVisible', statistic, unit: 'ms', bounds: claim.bounds, n: seen.n, censored: seen.censored, value, ...limits,
    evidence: seen.n === 0 ? `no ${claim.message} was said` : `${statistic} ${inWords(value, seen)}${range}; ${lateWords} (${shareWords})`,
    formula: `first visible word − dueAt; quantile by rank x(⌈qn⌉), a message without a first word ranks above all${name === claim.statistic ? '' : `; ${name}, since a gentle run has too few messages for a ${claim.statistic}`}`,
  }
}

/** `> T (no first token)` where the rank falls among the messages that got none: T is the longest time of one that did. */
function inWords(value: number | undefined, { times, censored }: LateShare): string {
  if (value === undefined || Number.isFinite(value)) return inUnit(value ?? 0, 'ms')
  const longest = times[times.length - censored - 1]
  return longest === undefined ? 'none (no first token at all)' : `> ${inUnit(longest, 'ms')} (no first token)`
}

/**
 * The interval of the share, told in ms: the limits lie where the share's own limits cross the percentile, so that the upper one is below a
 * bound exactly if the claim with that bound passes. Infinite where no bound would.
 */
function inMilliseconds(run: Run, side: SideSpec, claim: FirstVisibleClaim, times: readonly number[]): Interval {
  const { late: share } = judgedStatistic(run, claim.statistic)
  // lateShare once per bound would sort everything anew each time, and the search asks for some twenty.
  const rounds = sideRounds(run, side.name)
    .map((round) => claim.during.flatMap((phase) => windowOf(round, phase).probes.filter((probe) => probe.label === claim.message).map(firstVisible)))
    .filter(({ length }) => length > 0)
  const limitsAt = (from: number): Interval => {
    const counts = rounds.map((round) => ({ events: round.filter((time) => time >= from).length, n: round.length }))
    return shareInterval({ events: counts.reduce((sum, { events }) => sum + events, 0), n: times.length }, counts, run.header.rules.alpha)
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
