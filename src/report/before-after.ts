import type { ClaimResult, ClaimVerdict, Comparison, RunResult } from '../verdict/document.ts'
import { formatBounds, formatChange, formatChangeBriefly, formatClaimValue, formatInterval, formatValue, isWithoutSample, noSample } from './format.ts'
import { comparisonWord, measureInWords } from './words.ts'

/** A claim across the sides: one row of the before/after table, already in words. */
export interface ClaimRow {
  readonly claim: string
  /** What was measured, and the second bound where there is one. */
  readonly measure: string
  /** Per side of the table; undefined where the side has no such claim. */
  readonly values: readonly ({ readonly text: string; readonly verdict: ClaimVerdict } | undefined)[]
  /** From the one reference side to the one judged side; undefined where there are not exactly these two. */
  readonly change: string | undefined
  /** Where there is but one side: its interval. */
  readonly interval: string | undefined
  readonly bound: string
  /** The worst of the judged sides. */
  readonly verdict: ClaimVerdict
}

export interface ClaimTable {
  readonly sides: readonly string[]
  readonly rows: readonly ClaimRow[]
}

/** More value columns do not fit beside each other in 80 columns. */
const mostSides = 4

/** The before/after tables: one, or with more than four sides several, each with four sides at most. */
export function claimTables(run: RunResult): ClaimTable[] {
  const names = run.sides.map(({ name }) => name)
  const tables = Math.max(1, Math.ceil(names.length / mostSides))
  return Array.from({ length: tables }, (_, index) => {
    const sides = names.slice(index * mostSides, (index + 1) * mostSides)
    return { sides, rows: claimRows(run, sides) }
  })
}

function claimRows(run: RunResult, sides: readonly string[]): ClaimRow[] {
  const sentences = [...new Set(run.claims.map(({ claim }) => claim))]
  return sentences.flatMap((sentence) => {
    const claims = sides.map((side) => run.claims.find((claim) => claim.claim === sentence && claim.side === side))
    const present = claims.filter((claim) => claim !== undefined)
    const [first] = present
    return first === undefined ? [] : [claimRow(run, first, claims, present)]
  })
}

function claimRow(run: RunResult, first: ClaimResult, claims: readonly (ClaimResult | undefined)[], present: readonly ClaimResult[]): ClaimRow {
  const judged = present.filter(({ role }) => role === 'judged')
  const { bounds, unit, metric, statistic } = judged[0] ?? first
  const { passes, fails } = formatBounds(bounds, unit)
  return {
    claim: first.claim,
    measure: `${measureInWords(metric, statistic)}${fails === undefined ? '' : `; fails ${fails}`}${bounds.own === true ? '; your bound' : ''}`,
    values: claims.map((claim) => (claim === undefined ? undefined : { text: claim.statistic === 'max' && statistic !== 'max' ? `max ${formatClaimValue(claim)}` : formatClaimValue(claim), verdict: claim.verdict })),
    change: claimChange(run, present),
    interval: present.length === 1 && first.verdict !== 'skipped' ? intervalBeside(first) : undefined,
    bound: passes,
    verdict: worst((judged.length > 0 ? judged : present).map(({ verdict }) => verdict)),
  }
}

/** Empty where it says what the value says: a count of what was there has no interval. */
function intervalBeside({ value, low, high, unit }: ClaimResult): string {
  return value !== null && low === value && (high === value || high === null) ? '' : formatInterval(low, high, unit)
}

const fromWorst: readonly ClaimVerdict[] = ['fail', 'invalid', 'inconclusive', 'warn', 'pass', 'skipped']
const worst = (verdicts: readonly ClaimVerdict[]): ClaimVerdict => fromWorst.find((verdict) => verdicts.includes(verdict)) ?? 'inconclusive'

/**
 * How a claim's figure went from the reference to the judged side. The document's own comparison of the two, where it has one. Else the
 * difference counts as detected only where the two intervals do not touch, which is stricter than an interval of the difference would be, and
 * no interval is printed with it.
 */
function claimChange(run: RunResult, claims: readonly ClaimResult[]): string | undefined {
  const [before, after] = claims
  if (run.sides.length !== 2 || claims.length !== 2 || before?.role !== 'reference' || after?.role !== 'judged') return undefined
  if ([before, after].some((claim) => claim.verdict === 'skipped' || isWithoutSample(claim))) return '-'
  // The slowest of a few has no interval: what is larger here may be smaller the next time. A change of the verdict is one.
  if (before.statistic === 'slowest' && before.verdict === after.verdict) return '~'
  if (before.unit === 'ms' && isTheModels(run, before, after)) return '~'
  const own = ownComparison(run, before, after)
  return own === undefined ? changeOfDisjoint(before, after) : formatChangeBriefly(own)
}

/** Whether a change of times may be the model's own: the rows of the two sides say so by a reason that begins with `~`. */
const isTheModels = ({ comparisons }: RunResult, before: ClaimResult, after: ClaimResult): boolean =>
  comparisons.some(({ unit, beforeSide, afterSide, reason }) => unit === 'ms' && beforeSide === before.side && afterSide === after.side && reason.startsWith('~'))

/** The document's comparison of the measure of a claim, which a share claim may name by another statistic. */
function ownComparison(run: RunResult, before: ClaimResult, after: ClaimResult): Comparison | undefined {
  const same = run.comparisons.filter(({ metric, unit, beforeSide, afterSide }) =>
    metric === before.metric && unit === before.unit && beforeSide === before.side && afterSide === after.side)
  return same.find(({ statistic }) => statistic === before.statistic) ?? (same.length === 1 ? same[0] : undefined)
}

function changeOfDisjoint(before: ClaimResult, after: ClaimResult): string {
  const fell = (after.high ?? Infinity) < (before.low ?? Infinity)
  const rose = (before.high ?? Infinity) < (after.low ?? Infinity)
  if (!fell && !rose) return '~'
  const relative = before.unit === 'ms'
  const change = (): number | null => {
    // +∞ is at least its lower end, and the change at least as large as from there.
    const from = before.value ?? before.low
    if (after.value === null) return null
    if (from === null) return -1
    return relative ? after.value / from - 1 : after.value - from
  }
  const sign = fell ? { low: null, high: -1 } : { low: 1, high: null }
  return formatChangeBriefly({ change: change(), changeUnit: relative ? 'relative' : 'absolute', unit: before.unit, ...sign })
}

export interface ComparisonRow {
  readonly measure: string
  readonly before: string
  readonly after: string
  readonly change: string
  readonly verdict: Comparison['verdict']
  readonly word: string
  readonly reason: string
}

/** The measures that two sides are compared by. */
export interface ComparisonTable {
  readonly title: string
  readonly beforeSide: string
  readonly afterSide: string
  readonly rows: readonly ComparisonRow[]
}

/** A table for each pair of sides. `beyondClaims` leaves out what a row of a before/after table with a change tells already. */
export function comparisonTables(run: RunResult, { beyondClaims }: { beyondClaims: boolean }): ComparisonTable[] {
  const isClaimed = ({ metric }: Comparison): boolean => run.sides.length === 2 && run.claims.some((claim) => claim.metric === metric)
  const shown = run.comparisons.filter((comparison) => !beyondClaims || !isClaimed(comparison))
  const pairs = new Map<string, Comparison[]>()
  for (const comparison of shown) {
    const pair = JSON.stringify([comparison.beforeSide, comparison.afterSide])
    pairs.set(pair, [...(pairs.get(pair) ?? []), comparison])
  }
  return [...pairs.values()].flatMap((comparisons) => {
    const [first] = comparisons
    return first === undefined ? [] : [{ beforeSide: first.beforeSide, afterSide: first.afterSide, ...comparisonRows(run, comparisons) }]
  })
}

const firstToken = /^ttft /

/** Null is +∞ only for a time, and only where the side was asked anything at all. */
function comparedValue({ sides }: RunResult, name: string, value: number | null, unit: Comparison['unit']): string {
  // A side of an earlier run is not among them.
  const wasAsked = sides.every((side) => side.name !== name) || sides.some((side) => side.name === name && side.completed + side.failed > 0)
  return value === null && (unit !== 'ms' || !wasAsked) ? noSample : formatValue(value, unit)
}

/** Where every row is a time to first token, the title says it once. */
function comparisonRows(run: RunResult, comparisons: readonly Comparison[]): Pick<ComparisonTable, 'title' | 'rows'> {
  const isTtft = comparisons.every(({ metric }) => firstToken.test(metric))
  return {
    title: isTtft ? 'Time to first token' : 'Compared',
    rows: comparisons.map((comparison) => ({
      measure: measureInWords(isTtft ? comparison.metric.replace(firstToken, '') : comparison.metric, comparison.statistic),
      before: comparedValue(run, comparison.beforeSide, comparison.before, comparison.unit),
      after: comparedValue(run, comparison.afterSide, comparison.after, comparison.unit),
      change: formatChange(comparison),
      verdict: comparison.verdict,
      word: comparisonWord(comparison.verdict),
      reason: comparison.reason,
    })),
  }
}
