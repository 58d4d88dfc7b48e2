import type { Run } from '../sample/run-file.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { type AnchorChange, anchorOverRuns, type Subject } from '../stats/anchor.ts'
import { rankSumInterval } from '../stats/rank-sum.ts'
import { heldBy } from './anchor-allowance.ts'
import { judgeSide } from './claims.ts'
import type { ClaimResult, Comparison, RunResult } from './document.ts'
import { judgeRun } from './judge.ts'
import { latencyRows, type Latency, medianOf, type Quantile, roundQuantiles } from './latency-rows.ts'
import { runDifferences, type RunSide } from './run-differences.ts'
import { alpha, stalledContrast } from './stalled-contrast.ts'
import { findings } from './validity.ts'
import { rankOrNull } from './wording.ts'

/**
 * The result of a run with an earlier one beside it, in the place of its own comparisons (MEASURING §5, one system at a time). Contrasts within a run
 * have their own quiet phase and are compared; latencies are shown and never judged, because time passed between the two. `label` names the side of the
 * earlier run; without one it is the judged side of that name, or the only one. The verdict stays the later run's own.
 */
export function besideRun(result: RunResult, after: Run, before: Run, label?: string): RunResult {
  const pairs = sidePairs(before, after, label)
  const refused = pairs.length === 0 ? ['sides: no judged side of the one is a judged side of the other'] : [...new Set(pairs.flatMap((pair) => runDifferences(pair.before, pair.after)))]
  const { runId, startedAtUtc } = before.header
  const comparedWith = {
    runId, startedAtUtc, label: label ?? pairs[0]?.before.side.name ?? before.header.sides[0]?.name ?? '', refused,
    next: refused.length > 0 ? null : nextCommand(after),
  }
  if (refused.length > 0) return { ...result, comparisons: [], comparedWith }
  const then = judgeRun(before)
  return { ...result, comparisons: pairs.flatMap((pair) => pairComparisons(pair, then, result)), comparedWith }
}

interface SidePair {
  readonly before: RunSide
  readonly after: RunSide
}

function sidePairs(before: Run, after: Run, label: string | undefined): SidePair[] {
  const judged = (run: Run): RunSide[] => run.header.sides.filter(({ role }) => role === 'judged').map((side) => ({ run, side }))
  const earlier = label === undefined ? judged(before) : before.header.sides.filter(({ name }) => name === label).map((side) => ({ run: before, side }))
  const later = judged(after)
  const [only] = earlier
  if (earlier.length === 1 && later.length === 1 && only !== undefined) return later.map((side) => ({ before: only, after: side }))
  return later.flatMap((side) => earlier.filter((one) => one.side.name === side.side.name).map((one) => ({ before: one, after: side })))
}

function pairComparisons({ before, after }: SidePair, then: RunResult, now: RunResult): Comparison[] {
  const [one, other] = [subjectOf(before), subjectOf(after)]
  const doubt = doubtOf(before) ?? doubtOf(after)
  const believed = (comparison: Comparison): Comparison => (doubt === undefined ? comparison : { ...comparison, verdict: 'unjudged', reason: doubt })
  const anchor = anchorOverRuns(one, other)
  const claimed = Object.entries(after.run.header.scenario.claims).map(([sentence, claim]) => ({
    claim,
    before: then.claims.find((result) => result.claim === sentence && result.side === one.side),
    after: now.claims.find((result) => result.claim === sentence && result.side === other.side),
  }))
  return [
    ...claimed.filter(({ claim }) => !isLatency(claim)).flatMap(({ claim, before: first, after: second }) => (claim.measure === 'stalledShare' ? [believed(stalledContrast(one, other, claim))] : sideBySide(claim, { before: first, after: second }))),
    ...latencyRows(after.run).map((row) => believed(latency(one, other, row, anchor))),
    ...claimed.filter(({ claim }) => isLatency(claim)).flatMap((results) => claimedLatency(results, anchor).map(believed)),
  ]
}

const subjectOf = ({ run, side }: RunSide): Subject => ({ run, side: side.name })

/** A run that cannot be trusted compares nothing. */
function doubtOf({ run, side }: RunSide): string | undefined {
  return findings(run, run.header.sides.flatMap((one) => judgeSide(run, one))).find(({ effect, side: about }) => effect !== 'none' && (about === undefined || about === side.name))?.detail
}

/** What is slower where the model is, or the day. Times of one thing against another within a run (how late an error is shown, what a gateway adds) are not. */
const isLatency = ({ measure }: ClaimSpec): boolean => ['firstVisible', 'e2e', 'connectionCost', 'healthTime', 'databaseTime'].includes(measure)

interface Results {
  readonly before: ClaimResult | undefined
  readonly after: ClaimResult | undefined
}

/** A contrast of which each run has its own figure and verdict. Told apart only where the intervals do not touch and the verdicts say the same. */
function sideBySide(claim: ClaimSpec, { before, after }: Results): Comparison[] {
  if (before === undefined || after === undefined || (before.verdict === 'skipped' && after.verdict === 'skipped')) return []
  const limits = differenceLimits(before, after)
  const change = before.value === null || after.value === null ? null : after.value - before.value
  const reason = `"${after.claim}": ${before.side} ${before.verdict}, ${after.side} ${after.verdict}`
  return [{ ...headOf(before, after), changeUnit: 'absolute', change, low: limits?.low ?? null, high: limits?.high ?? null, verdict: apart(claim, before, after, limits), reason }]
}

const headOf = (before: ClaimResult, after: ClaimResult): Pick<Comparison, 'metric' | 'statistic' | 'unit' | 'beforeSide' | 'afterSide' | 'before' | 'after'> =>
  ({ metric: after.metric, statistic: after.statistic, unit: after.unit, beforeSide: before.side, afterSide: after.side, before: before.value, after: after.value })

/** From the ends that are nearest to each other to those that are farthest apart: wider than an interval of the difference. A count has no interval. */
function differenceLimits(before: ClaimResult, after: ClaimResult): { low: number; high: number } | undefined {
  const [one, other] = [before, after].map(({ low, high }) => (low === null || high === null ? undefined : { low, high }))
  if (one === undefined || other === undefined || (one.low === one.high && other.low === other.high)) return undefined
  return { low: other.low - one.high, high: other.high - one.low }
}

function apart(claim: ClaimSpec, before: ClaimResult, after: ClaimResult, limits: { low: number; high: number } | undefined): Comparison['verdict'] {
  if (limits === undefined) return 'unjudged'
  const [better, worse] = claim.bounds.atLeast === true ? [limits.low > 0, limits.high < 0] : [limits.high < 0, limits.low > 0]
  const passes = ({ verdict }: ClaimResult): boolean => verdict === 'pass' || verdict === 'warn'
  if (better && before.verdict === 'fail' && passes(after)) return 'improved'
  return worse && passes(before) && after.verdict === 'fail' ? 'fail' : 'unjudged'
}

const confounded = 'one visit a side: time and change are confounded; measure by turns with --switch'

/** Why a latency is not judged, and whether its change may be shown all the same: not where it is the model's. */
function heldLatency(anchor: AnchorChange): { readonly reason: string; readonly shown: boolean } {
  const isElsewhere = anchor.kind === 'silent' || (anchor.kind === 'measured' && anchor.moved)
  return isElsewhere ? { reason: heldBy(anchor) ?? confounded, shown: false } : { reason: confounded, shown: true }
}

function latency(before: Subject, after: Subject, row: Latency, anchor: AnchorChange): Comparison {
  const [one, other] = [roundQuantiles(before, row, 'measured'), roundQuantiles(after, row, 'measured')]
  const { reason, shown } = heldLatency(anchor)
  const seen = shown ? changeInterval(one, other) : undefined
  const relative = (value: number | undefined): number | null => (value === undefined ? null : Math.expm1(value))
  return {
    metric: row.metric, statistic: row.row.statistic, unit: 'ms', beforeSide: before.side, afterSide: after.side, changeUnit: 'relative',
    before: rankOrNull(medianOf(one)), after: rankOrNull(medianOf(other)),
    change: relative(seen?.estimate), low: relative(seen?.low), high: relative(seen?.high), verdict: 'unjudged', reason,
  }
}

function changeInterval(before: ReadonlyMap<number, Quantile>, after: ReadonlyMap<number, Quantile>): ReturnType<typeof rankSumInterval> {
  const [one, other] = [before, after].map((quantiles) => [...quantiles.values()].map(({ value }) => Math.log(value)))
  return one !== undefined && other !== undefined && [...one, ...other].every(Number.isFinite) ? rankSumInterval(one, other, alpha) : undefined
}

function claimedLatency({ before, after }: Results, anchor: AnchorChange): Comparison[] {
  if (before === undefined || after === undefined || (before.verdict === 'skipped' && after.verdict === 'skipped')) return []
  const { reason, shown } = heldLatency(anchor)
  const change = shown && before.value !== null && after.value !== null && before.value > 0 ? after.value / before.value - 1 : null
  return [{ ...headOf(before, after), changeUnit: 'relative', change, low: null, high: null, verdict: 'unjudged', reason }]
}

/** The command of the run, its one side made two that take turns. */
function nextCommand({ header: { reproduce, sides } }: Run): string | null {
  if (sides.length !== 1 || sides.some(({ kind }) => kind === 'control') || !reproduce.includes('--target')) return null
  const word = String.raw`(?:'[^']*'|"[^"]*"|[^\s'"])+`
  const kept = reproduce.replaceAll(new RegExp(String.raw` --(?:label|against|seed)(?:=|\s+)${word}`, 'g'), '')
  return `${kept} --switch './switch.sh {side}'`
}
