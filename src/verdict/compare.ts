import type { Run, SideSpec } from '../sample/run-file.ts'
import { differenceInterval } from '../stats/difference.ts'
import { delayGrowth, type DelayGrowthClaim } from '../stats/growth.ts'
import { median, rankQuantile } from '../stats/quantile.ts'
import { type SignedRankInterval, signedRankInterval } from '../stats/signed-rank.ts'
import { type StalledShare, stalledShare, type StalledShareClaim } from '../stats/stall.ts'
import { judgedTime, type View } from '../stats/ttft.ts'
import { sideRounds, windowOf, windowPhase } from '../stats/windows.ts'
import { overheadContrast, socketContrast } from './contrasts.ts'
import type { Comparison } from './document.ts'
import { effective, leastRounds } from './shares.ts'
import { areToo, counted, percent, rankOrNull } from './wording.ts'

/** MEASURING §5. One-sided; both sides together 96 %. */
const alpha = 0.02
const leastProbes = 40
/** Below 20 ms nobody notices a change, however large a share of a fast answer it is. */
const leastChangeMs = 20
/** Probe rates that differ by more than this are different loads. */
const mostRateDifference = 0.1
/** p95 is judged only where quiet windows hardly stall: else it is about those stalls. */
const mostQuietStallsForP95 = 0.025

interface Row {
  readonly statistic: 'p50' | 'p90' | 'p95'
  readonly quantile: number
  /** What the median change may be. */
  readonly margin: number
}
const p50: Row = { statistic: 'p50', quantile: 0.5, margin: 0.15 }
const p90: Row = { statistic: 'p90', quantile: 0.9, margin: 0.25 }
const p95: Row = { statistic: 'p95', quantile: 0.95, margin: 0.25 }

/**
 * Every measure that a reference side shares with a judged one, before against after. In `run` these are shown and gate nothing; `gate` reads
 * the same rows. Empty where there is no reference.
 */
export function comparisons(run: Run): Comparison[] {
  const reference = run.header.sides.find(({ role }) => role === 'reference')
  const judged = run.header.sides.filter(({ role }) => role === 'judged')
  return reference === undefined ? [] : judged.flatMap((side) => [...latencies(run, reference, side), ...contrasts(run, reference, side)])
}

function latencies(run: Run, before: SideSpec, after: SideSpec): Comparison[] {
  const named = (loaded: boolean): string[] => Object.keys(run.header.scenario.phases).filter((name) => windowPhase(run, name) !== undefined && (windowPhase(run, name)?.while !== undefined) === loaded)
  const rows: [string, string[], Row[]][] = [['ttft quiet', named(false), [p50, p90]], ['ttft behind a blocker', named(true), [p50, p95]]]
  return rows.flatMap(([metric, during, statistics]) => (during.length === 0 ? [] : statistics.map((row) => latency(run, { before, after, metric, during, row }))))
}

interface Quantile {
  readonly value: number
  readonly n: number
}

interface Pair {
  readonly before: SideSpec
  readonly after: SideSpec
  readonly metric: string
  readonly during: readonly string[]
  readonly row: Row
}

/** ln(Q(after)/Q(before)) of every round that both sides have: the round is the unit, never the request. */
function latency(run: Run, pair: Pair): Comparison {
  const { before, after, metric, during, row } = pair
  const one = roundQuantiles(run, before, during, row, 'measured')
  const other = roundQuantiles(run, after, during, row, 'measured')
  const typical = { before: medianOf(one), after: medianOf(other) }
  const head = {
    metric, statistic: row.statistic, unit: 'ms' as const, beforeSide: before.name, afterSide: after.name,
    before: rankOrNull(typical.before), after: rankOrNull(typical.after), changeUnit: 'relative' as const,
  }
  const seen = changeInterval(one, other)
  const unjudged = { ...head, verdict: 'unjudged' as const }
  if (seen === undefined) return { ...unjudged, change: null, low: null, high: null, reason: withoutInterval(one, other) }
  const change = { change: Math.expm1(seen.estimate), low: Math.expm1(seen.low), high: Math.expm1(seen.high) }
  const margin = Math.log1p(Math.max(row.margin, leastChangeMs / typical.before))
  // MEASURING §6: what is divided by moves towards the harder verdict, what is judged the other way.
  const againstPass = changeInterval(roundQuantiles(run, before, during, row, 'against-fail'), roundQuantiles(run, after, during, row, 'against-pass'))
  const againstFail = changeInterval(roundQuantiles(run, before, during, row, 'against-pass'), roundQuantiles(run, after, during, row, 'against-fail'))
  const verdict = verdictOfChange(againstPass, againstFail, margin)
  const holds = [tooFew(one, other), restraint(run, before, after, row)].filter((hold) => hold !== undefined)
  return { ...head, ...change, ...restrained(verdict, margin, holds.find(({ silent }) => silent) ?? holds[0]) }
}

function verdictOfChange(againstPass: SignedRankInterval | undefined, againstFail: SignedRankInterval | undefined, margin: number): Exclude<Comparison['verdict'], 'unjudged'> {
  if (againstPass !== undefined && againstPass.high < 0) return 'improved'
  if (againstPass !== undefined && againstPass.high < margin) return 'pass'
  return againstFail !== undefined && againstFail.low > margin ? 'fail' : 'inconclusive'
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

/** The quantile of the probes of each round, phases taken together. Infinity where messages without a first token reach that far. */
function roundQuantiles(run: Run, side: SideSpec, during: readonly string[], row: Row, view: View): ReadonlyMap<number, Quantile> {
  return new Map(sideRounds(run, side.name).flatMap((round) => {
    const times = during.flatMap((phase) => windowOf(round, phase).probes.map((probe) => judgedTime(probe, view)))
    const value = rankQuantile(times, row.quantile)
    return value === undefined ? [] : [[round.round, { value, n: times.length }] as const]
  }))
}

const medianOf = (quantiles: ReadonlyMap<number, Quantile>): number => median([...quantiles.values()].map(({ value }) => value)) ?? Infinity

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
    if (claim.measure === 'stalledShare') return [stalledContrast(run, before, after, claim)]
    if (claim.measure === 'overhead') return [overheadContrast(run, before, after, claim, alpha)]
    if (claim.measure === 'requestsPerSocket') return socketContrast(run, before, after)
    return claim.measure === 'delayGrowth' ? [growthContrast(run, before, after, claim)] : []
  })
}

function stalledContrast(run: Run, before: SideSpec, after: SideSpec, claim: StalledShareClaim): Comparison {
  const shares = (view: View, other: View): { one: StalledShare; two: StalledShare } =>
    ({ one: stalledShare(run, before.name, claim, other), two: stalledShare(run, after.name, claim, view) })
  const difference = ({ one, two }: ReturnType<typeof shares>): ReturnType<typeof differenceInterval> | undefined =>
    one.n === 0 || two.n === 0 ? undefined : differenceInterval(effective(two, two.rounds), effective(one, one.rounds), alpha)
  const measured = shares('measured', 'measured')
  const { one, two } = measured
  const seen = difference(measured)
  const fewest = Math.min(one.rounds.length, two.rounds.length)
  const lacking = seen === undefined ? 'no exposed probe on one of the sides'
    : one.problem ?? two.problem ?? (fewest < leastRounds ? `${counted(fewest, 'round')} on both sides ${areToo(fewest)} few, it takes ${leastRounds}` : undefined)
  return {
    metric: 'stalledShare', statistic: 'share', unit: 'share', beforeSide: before.name, afterSide: after.name, changeUnit: 'absolute',
    before: one.n === 0 ? null : one.share, after: two.n === 0 ? null : two.share,
    change: seen === undefined ? null : two.share - one.share, low: seen?.low ?? null, high: seen?.high ?? null,
    ...absolutely(difference(shares('against-pass', 'against-fail'))?.high, lacking),
  }
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

function absolutely(high: number | undefined, missing: string | undefined): Pick<Comparison, 'verdict' | 'reason'> {
  if (missing !== undefined) return { verdict: 'unjudged', reason: missing }
  return high !== undefined && high < 0 ? { verdict: 'improved', reason: 'less than before' } : { verdict: 'unjudged', reason: 'no improvement shown; the claim on each side decides' }
}
