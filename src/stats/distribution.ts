import { compiled, incbi, ndtri } from 'cephes'

// The package is WebAssembly, compiled once when this module is loaded (20 ms); why it and no other: docs/decisions/0001.
await compiled

/** The p-quantile of the beta distribution with shapes a, b > 0; 0 where it is smaller than the smallest double. */
export function betaQuantile(p: number, a: number, b: number): number {
  try {
    return incbi(a, b, p)
  } catch (error) {
    // A lower limit for a small fraction of one event is below 1e-308, which cephes reports as an error.
    if (error instanceof Error && error.message.includes('underflow')) return 0
    throw error
  }
}

/** The p-quantile of the standard normal distribution. */
export const normalQuantile = (p: number): number => ndtri(p)
