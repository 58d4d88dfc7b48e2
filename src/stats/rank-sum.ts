import type { Interval } from './binomial.ts'

/** Estimate and limits of how far one sample lies above another. `alpha` is the error that each end really has, at most the one asked for. */
export interface RankSumInterval extends Interval {
  readonly estimate: number
  readonly alpha: number
}

/**
 * The interval that inverts the exact rank-sum test of Mann and Whitney, for two samples that have nothing to do with each other: from the k+1st
 * smallest of all differences other − one to the k+1st largest, with the largest k for which P(U ≤ k) ≤ `alpha`; their median is the Hodges-Lehmann
 * estimate. Undefined where even k = 0 is more likely than that: three against three have none at 2 %. Ties only make it wider.
 * M. Hollander, D. A. Wolfe, Nonparametric Statistical Methods (Moses' interval).
 * @throws {RangeError} for values that are not finite: they have no difference.
 */
export function rankSumInterval(one: readonly number[], other: readonly number[], alpha: number): RankSumInterval | undefined {
  if (![...one, ...other].every(Number.isFinite)) throw new RangeError('the rank-sum interval takes finite values')
  const differences = Float64Array.from(one.flatMap((before) => other.map((after) => after - before))).sort()
  const { rank, error } = criticalRank(one.length, other.length, alpha)
  const [low, high] = [differences[rank], differences.at(-1 - rank)]
  const upper = differences[Math.floor(differences.length / 2)]
  const lower = differences[Math.ceil(differences.length / 2) - 1]
  if (rank < 0 || low === undefined || high === undefined || upper === undefined || lower === undefined) return undefined
  return { estimate: lower / 2 + upper / 2, low, high, alpha: error }
}

/** The largest k with P(U ≤ k) ≤ alpha, −1 where there is none, and that probability. */
function criticalRank(n: number, m: number, alpha: number): { rank: number; error: number } {
  const counts = rankSumCounts(n, m)
  const all = counts.reduce((sum, count) => sum + count, 0)
  let below = 0
  for (const [value, count] of counts.entries()) {
    if (below + count > alpha * all * (1 + 1e-12)) return { rank: value - 1, error: below / all }
    below += count
  }
  return { rank: counts.length - 1, error: 1 }
}

/**
 * In how many of the orders of n and m values U is 0, 1, … nm: the coefficients of the Gaussian binomial (n + m over m), factor by factor. Exact in
 * binary up to 24 against 24 and far beyond.
 */
function rankSumCounts(n: number, m: number): Float64Array {
  const counts = new Float64Array(n * m + 1)
  counts[0] = 1
  for (let factor = 1; factor <= m; factor += 1) {
    const step = n + factor
    for (let value = counts.length - 1; value >= step; value -= 1) counts[value] = (counts[value] ?? 0) - (counts[value - step] ?? 0)
    for (let value = factor; value < counts.length; value += 1) counts[value] = (counts[value] ?? 0) + (counts[value - factor] ?? 0)
  }
  return counts
}
