import type { Run, SideSpec } from '../sample/run-file.ts'
import type { Interval } from '../stats/binomial.ts'
import { delayGrowth, type DelayGrowthClaim } from '../stats/growth.ts'
import { type SignedRankInterval, signedRankInterval } from '../stats/signed-rank.ts'
import { stalledShare } from '../stats/stall.ts'
import type { View } from '../stats/ttft.ts'
import { anchorAllowance } from './anchor-allowance.ts'
import { answerCosts } from './answer-cost.ts'
import { overheadContrast, socketContrast } from './contrasts.ts'
import type { Comparison } from './document.ts'
import { type Latency, latencyRows, medianOf, p95, type Quantile, roundQuantiles, type Row } from './latency-rows.ts'
import { leastRounds } from './shares.ts'
import { absolutely, alpha, stalledContrast } from './stalled-contrast.ts'
import { areToo, counted, percent, rankOrNull } from './wording.ts'

const leastProbes = 40
/** Below 20 ms nobody notices a change, however large a share of a fast answer it is. */
const leastChangeMs = 20
/** Probe rates that differ by more than this are different loads. */
const mostRateDifference = 0.1
/** p95 is judged only where quiet windows hardly stall: else it is about those stalls. */
const mostQuietStallsForP95 = 0.025

/**
 * Every measure that a reference side shares with a judged one, before against after. In `run` these are shown and gate nothing; `gate` reads
 * the same rows. Empty where there is no reference.
 */
export function comparisons(run: Run): Comparison[] {
  const reference = run.header.sides.find(({ role }) => role === 'reference')
  const judged = run.header.sides.filter(({ role }) => role === 'judged')
  return reference === undefined ? [] : judged.flatMap((side) => [...latencyRows(run).map((row) => latency(run, { ...row, before: reference, after: side })), ...contrasts(run, reference, side), ...answerCosts(run, reference, side)])
}

interface Pair extends Latency {
  readonly before: SideSpec
  readonly after: SideSpec
}

/** ln(Q(after)/Q(before)) of every round that both sides have: the round is the unit, never the request. */
function latency(run: Run, pair: Pair): Comparison {
  const { before, after, metric, row } = pair
  const quantiles = (side: SideSpec, view: View): ReadonlyMap<number, Quantile> => roundQuantiles({ run, side: side.name }, pair, view)
  const [one, other] = [quantiles(before, 'measured'), quantiles(after, 'measured')]
  const typical = { before: medianOf(one), after: medianOf(other) }
  const head = {
    metric, statistic: row.statistic, unit: 'ms' as const, beforeSide: before.name, afterSide: after.name,
    before: rankOrNull(typical.before), after: rankOrNull(typical.after), changeUnit: 'relative' as const,
  }
  const seen = changeInterval(one, other)
  const unjudged = { ...head, verdict: 'unjudged' as const }
  const anchor = anchorAllowance(run, before, after, typical.before)
  if (anchor.kind === 'held') return { ...unjudged, change: null, low: null, high: null, reason: anchor.why }
  if (seen === undefined) return { ...unjudged, change: null, low: null, high: null, reason: withoutInterval(one, other) }
  const change = { change: Math.expm1(seen.estimate), low: Math.expm1(seen.low), high: Math.expm1(seen.high) }
  const margin = Math.log1p(Math.max(row.margin, leastChangeMs / typical.before))
  // MEASURING §6: what is divided by moves towards the harder verdict, what is judged the other way.
  const againstPass = changeInterval(quantiles(before, 'against-fail'), quantiles(after, 'against-pass'))
  const againstFail = changeInterval(quantiles(before, 'against-pass'), quantiles(after, 'against-fail'))
  const verdict = verdictOfChange(againstPass, againstFail, margin, anchor)
  if (verdict === 'inconclusive' && verdictOfChange(againstPass, againstFail, margin, { low: 0, high: 0 }) === 'fail') return { ...unjudged, ...change, reason: anchor.mayBe }
  const holds = [tooFew(one, other), restraint(run, before, after, row)].filter((hold) => hold !== undefined)
  return { ...head, ...change, ...restrained(verdict, margin, holds.find(({ silent }) => silent) ?? holds[0]) }
}

/** That something is faster or slower must be beyond what the model itself may have become; that nobody waits longer is so whoever is the cause. */
function verdictOfChange(againstPass: SignedRankInterval | undefined, againstFail: SignedRankInterval | undefined, margin: number, anchor: Interval): Exclude<Comparison['verdict'], 'unjudged'> {
  if (againstPass !== undefined && againstPass.high < anchor.low) return 'improved'
  if (againstPass !== undefined && againstPass.high < margin) return 'pass'
  return againstFail !== undefined && againstFail.low > margin + anchor.high ? 'fail' : 'inconclusive'
}

/**
 * A quantile of few probes lies lower than one of many, the extreme ones above all. So where the reference has the fewer an improvement is
 * rather hidden than made up, and may be said; nothing else may.
 */
function tooFew(before: ReadonlyMap<number, Quantile>, after: ReadonlyMap<number, Quantile>): { silent: boolean; why: string } | undefined {
  const fewest = (side: ReadonlyMap<number, Quantile>): number => Math.min(...[...side.values()].map(({ n }) => n))
  const [one, other] = [fewest(before), fewest(after)]
  if (Math.min(one, other) >= leastProbes) return undefined
  return { silent: other < one, why: `${Math.min(one, other)} probes a side and round are too few to tell more than an improvement, it takes ${leastProbes}` }
}

/** Why a row may at most say that it improved, or (`silent`) not even that; undefined where it is judged. */
function restraint(run: Run, before: SideSpec, after: SideSpec, row: Row): { silent: boolean; why: string } | undefined {
  const rate = (side: SideSpec): number | undefined => run.plans.findLast((plan) => plan.side === side.name)?.rate
  const rates = [rate(before), rate(after)] as const
  if (rates[0] !== undefined && rates[1] !== undefined && Math.max(rates[0], rates[1]) > (1 + mostRateDifference) * Math.min(rates[0], rates[1])) {
    // The side that is asked more may still prove to be the faster one; the side that is asked less may not.
    return { silent: rates[1] < rates[0], why: `the two were asked ${rates[0].toFixed(0)} and ${rates[1].toFixed(0)} times a second: different loads` }
  }
  if (row !== p95) return undefined
  const stalls = [before, after].map((side) => quietStalls(run, side))
  const known = stalls.filter((share) => share !== undefined)
  return known.length === stalls.length && known.every((share) => share < mostQuietStallsForP95) ? undefined : { silent: false, why: 'shown only: p95 hangs on the stalls that the quiet windows have too' }
}

/** The quiet windows' own stalled share, by the first claim on stalled shares; undefined where there is none to say what a stall is. */
function quietStalls(run: Run, side: SideSpec): number | undefined {
  const claim = Object.values(run.header.scenario.claims).find((one) => one.measure === 'stalledShare')
  const quiet = claim === undefined ? undefined : stalledShare(run, side.name, claim, 'measured').quiet
  return quiet === undefined || quiet.n === 0 ? undefined : quiet.share
}

function restrained(verdict: Comparison['verdict'], margin: number, held: { silent: boolean; why: string } | undefined): Pick<Comparison, 'verdict' | 'reason'> {
  if (held !== undefined && (held.silent || verdict !== 'improved')) return { verdict: 'unjudged', reason: held.why }
  return { verdict, reason: `${reasons[verdict]} ${percent(Math.expm1(margin))}` }
}

const reasons: Record<Comparison['verdict'], string> = {
  improved: 'faster; the margin for slower was',
  pass: 'not slower by more than the margin of',
  fail: 'slower by more than the margin of',
  inconclusive: 'neither slower nor not slower by more than the margin of',
  unjudged: 'not judged; the margin is',
}

/** Undefined with fewer than six rounds, and where a round has no finite quantile: a ratio with +∞ is no number. */
function changeInterval(before: ReadonlyMap<number, Quantile>, after: ReadonlyMap<number, Quantile>): SignedRankInterval | undefined {
  const changes = [...before].flatMap(([round, { value }]) => {
    const other = after.get(round)
    return other === undefined ? [] : [Math.log(other.value / value)]
  })
  return changes.every(Number.isFinite) ? signedRankInterval(changes, alpha) : undefined
}

function withoutInterval(...sides: ReadonlyMap<number, Quantile>[]): string {
  const infinite = sides.some((quantiles) => [...quantiles.values()].some(({ value }) => value === Infinity))
  if (infinite) return 'answers without a first token reach this quantile in some rounds: there is no ratio to them'
  const fewest = Math.min(...sides.map(({ size }) => size))
  return `${counted(fewest, 'round')} on both sides ${areToo(fewest)} few, it takes ${leastRounds}`
}

/** Share and ratio claims on both sides. What they may be is judged absolutely, by the claim; this row tells the difference. */
function contrasts(run: Run, before: SideSpec, after: SideSpec): Comparison[] {
  return Object.values(run.header.scenario.claims).flatMap((claim) => {
    if (claim.measure === 'stalledShare') return [stalledContrast({ run, side: before.name }, { run, side: after.name }, claim)]
    if (claim.measure === 'overhead') return [overheadContrast(run, before, after, claim, alpha)]
    if (claim.measure === 'requestsPerSocket') return socketContrast(run, before, after)
    return claim.measure === 'delayGrowth' ? [growthContrast(run, before, after, claim)] : []
  })
}

function growthContrast(run: Run, before: SideSpec, after: SideSpec, claim: DelayGrowthClaim): Comparison {
  const difference = (view: View, other: View): SignedRankInterval | undefined => {
    const one = new Map(delayGrowth(run, before.name, claim, other).perRound.map(({ round, growth }) => [round, growth ?? NaN]))
    // Void rounds drop out. +∞ afterwards stays +∞: hellos that never came are no improvement, even where they never came before either.
    const changes = delayGrowth(run, after.name, claim, view).perRound.map(({ round, growth }) => (growth === Infinity ? Infinity : (growth ?? NaN) - (one.get(round) ?? NaN)))
    return signedRankInterval(changes.filter((change) => !Number.isNaN(change) && change !== -Infinity), alpha)
  }
  const seen = difference('measured', 'measured')
  return {
    metric: 'delayGrowth', statistic: 'Hodges-Lehmann', unit: 'ratio', beforeSide: before.name, afterSide: after.name, changeUnit: 'absolute',
    before: rankOrNull(delayGrowth(run, before.name, claim, 'measured').estimate ?? Infinity), after: rankOrNull(delayGrowth(run, after.name, claim, 'measured').estimate ?? Infinity),
    change: rankOrNull(seen?.estimate ?? Infinity), low: rankOrNull(seen?.low ?? Infinity), high: rankOrNull(seen?.high ?? Infinity),
    ...absolutely(difference('against-pass', 'against-fail')?.high, seen === undefined ? `too few rounds that both sides have, it takes ${leastRounds}` : undefined),
  }
}
