import type { Interval } from './binomial.ts'

/** Estimate and limits of the middle of a symmetric distribution. `alpha` is the error that each end really has, at most the one asked for. */
export interface SignedRankInterval extends Interval {
  readonly estimate: number
  readonly alpha: number
}

/**
 * The Hodges-Lehmann estimate: the median of the means of all pairs of values, each with itself included (the Walsh averages). +Infinity among
 * the values counts as larger than all; undefined without values. J. L. Hodges, E. L. Lehmann, Ann. Math. Stat. 34 (1963) 598.
 */
export function hodgesLehmann(values: readonly number[]): number | undefined {
  return middle(walshAverages(values))
}

/**
 * The interval that inverts the exact signed-rank test of Wilcoxon: from the k+1st smallest Walsh average to the k+1st largest, with the
 * largest k for which P(T ≤ k) ≤ `alpha` under the null. Undefined where even k = 0 is more likely than that: five values have none at 2 %.
 * Ties only make it wider. M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods (Tukey's interval).
 */
export function signedRankInterval(values: readonly number[], alpha: number): SignedRankInterval | undefined {
  const { rank, error } = criticalRank(values.length, alpha)
  const averages = walshAverages(values)
  const estimate = middle(averages)
  const low = averages[rank]
  const high = averages.at(-1 - rank)
  if (rank < 0 || estimate === undefined || low === undefined || high === undefined) return undefined
  return { estimate, low, high, alpha: error }
}

/** All (x_i + x_j)/2 with i ≤ j, sorted. */
function walshAverages(values: readonly number[]): Float64Array {
  const averages: number[] = []
  for (const [index, value] of values.entries()) {
    for (const other of values.slice(index)) averages.push(value / 2 + other / 2)
  }
  const sorted = Float64Array.from(averages).sort()
  if (Number.isNaN(sorted.at(-1))) throw new RangeError('the signed-rank statistics know no NaN, and no −∞ beside +∞')
  return sorted
}

function middle(sorted: Float64Array): number | undefined {
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.ceil(sorted.length / 2) - 1]
  return upper === undefined || lower === undefined ? undefined : lower / 2 + upper / 2
}

/** The largest k with P(T ≤ k) ≤ alpha, −1 where there is none, and that probability. */
function criticalRank(n: number, alpha: number): { rank: number; error: number } {
  const chances = rankSumChances(n)
  let error = 0
  for (const [sum, chance] of chances.entries()) {
    // The slack keeps a sum of binary fractions from missing an alpha that it equals.
    if (error + chance > alpha * (1 + 1e-12)) return { rank: sum - 1, error }
    error += chance
  }
  return { rank: chances.length - 1, error }
}

/**
 * P(T = t) for t from 0 on: each of the ranks 1…n belongs to the sum with chance 1/2, rank by rank. It is a count of subsets, not a
 * distribution function to be approximated, which is why it stands here; exact in binary up to 50 values.
 */
function rankSumChances(n: number): Float64Array {
  const chances = new Float64Array((n * (n + 1)) / 2 + 1)
  chances[0] = 1
  for (let rank = 1; rank <= n; rank += 1) {
    for (let sum = chances.length - 1; sum >= 0; sum -= 1) chances[sum] = ((chances[sum] ?? 0) + (chances[sum - rank] ?? 0)) / 2
  }
  return chances
}
