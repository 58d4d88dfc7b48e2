import type { Count } from './binomial.ts'

/**
 * How many times larger the variance of the share is than it would be if messages were independent: the variance between rounds over the
 * binomial variance, at least 1. Counts divided by it are worth that many independent messages.
 *
 * With rounds of unequal size it is the variance of the pooled share (a ratio estimator: R/(R−1) Σ(k − p n)² / N²) over p(1−p)/N, which for
 * equal sizes is the plain variance of the rounds' shares over p(1−p)/n. J. N. K. Rao, A. J. Scott, Biometrics 48 (1992) 577.
 *
 * 1 where it says nothing: no events, nothing but events (there is no variance to compare), or fewer than two rounds. One round that stalls
 * whole gives more than the size of a round: what is left is then less than the number of rounds, as it should be.
 */
export function designEffect(rounds: readonly Count[]): number {
  const filled = rounds.filter(({ n }) => n > 0)
  const n = sum(filled.map((round) => round.n))
  const events = sum(filled.map((round) => round.events))
  if (filled.length < 2 || events === 0 || events === n) return 1
  const share = events / n
  const squares = sum(filled.map((round) => (round.events - share * round.n) ** 2))
  const between = (filled.length / (filled.length - 1)) * squares
  return Math.max(1, between / (n * share * (1 - share)))
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
