import { betaQuantile } from './distribution.ts'

/** `events` of `n`. Both may be fractional: counts that were divided by a design effect. */
export interface Count {
  readonly events: number
  readonly n: number
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * The exact (Clopper-Pearson) interval of a share: at each end the chance of evidence this extreme is at most `alpha`, one-sided. For whole
 * counts it is the beta form of the binomial tails; for fractional ones its continuation. All of [0, 1] without evidence.
 * C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.
 * @throws {RangeError} for counts that are none, or an alpha outside (0, .5).
 */
export function proportionInterval({ events, n, alpha }: Count & { readonly alpha: number }): Interval {
  checkCount({ events, n }, alpha)
  if (n === 0) return { low: 0, high: 1 }
  // For the smallest fractions of an event the package loses its digits: the share itself is inside all the same.
  const share = events / n
  return {
    low: events === 0 ? 0 : Math.min(share, betaQuantile(alpha, events, n - events + 1)),
    high: events === n ? 1 : Math.max(share, betaQuantile(1 - alpha, events + 1, n - events)),
  }
}

/** @throws {RangeError} where `events` of `n` is not a count, or `alpha` is not the error of one end. */
export function checkCount({ events, n }: Count, alpha: number): void {
  if (!(events >= 0 && n >= events && Number.isFinite(n))) throw new RangeError(`${events} of ${n} is not a count`)
  if (!(alpha > 0 && alpha < 0.5)) throw new RangeError(`the error of one end lies in (0, .5), not at ${alpha}`)
}

/**
 * The smallest n for which no event at all shows that the share is below `bound`: 1 − alpha^(1/n) < bound. Infinity for a bound of 0, which
 * no evidence shows.
 */
export function leastSample(bound: number, alpha: number): number {
  if (bound <= 0) return Infinity
  if (bound >= 1) return 1
  return Math.floor(Math.log(alpha) / Math.log1p(-bound)) + 1
}
