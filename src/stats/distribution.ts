import { compiled, incbi, ndtri } from 'cephes'

// The package is WebAssembly, compiled once when this module is loaded (20 ms); why it and no other: docs/decisions/0001.
await compiled

/** Quantiles below e^−690 are given as 0: the package reports what comes near the smallest double as an error. */
const leastLogarithm = -690

/** The p-quantile of the beta distribution with shapes a, b > 0. */
export function betaQuantile(p: number, a: number, b: number): number {
  // For b ≥ 1 the distribution function is at least x^a, so that the quantile is at most p^(1/a): tiny where a is a small fraction of one event.
  if (b >= 1 && Math.log(p) / a < leastLogarithm) return 0
  return incbi(a, b, p)
}

/** The p-quantile of the standard normal distribution. */
export const normalQuantile = (p: number): number => ndtri(p)
