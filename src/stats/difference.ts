import { checkCount, type Count, type Interval } from './binomial.ts'
import { normalQuantile } from './distribution.ts'

/**
 * The interval of the difference of two independent shares, a − b: Newcombe's hybrid of the two score intervals, one-sided `alpha` at each
 * end. Counts may be fractional. All of [−1, 1] where one of them is empty.
 * R. G. Newcombe, Statistics in Medicine 17 (1998) 873, method 10.
 */
export function differenceInterval(a: Count, b: Count, alpha: number): Interval {
  checkCount(a, alpha)
  checkCount(b, alpha)
  if (a.n === 0 || b.n === 0) return { low: -1, high: 1 }
  const difference = a.events / a.n - b.events / b.n
  const first = distances(a, alpha)
  const second = distances(b, alpha)
  return {
    low: difference - Math.hypot(first.below, second.above),
    high: difference + Math.hypot(first.above, second.below),
  }
}

/** How far the limits of the score interval lie from the share. E. B. Wilson, JASA 22 (1927) 209. */
function distances({ events, n }: Count, alpha: number): { below: number; above: number } {
  const z = normalQuantile(1 - alpha)
  const share = events / n
  const middle = (events + (z * z) / 2) / (n + z * z)
  const half = (z / (n + z * z)) * Math.sqrt((events * (n - events)) / n + (z * z) / 4)
  // At 0 and n the limit is the share itself; the rounding of the square root must not put it on the other side.
  return { below: Math.max(0, share - (middle - half)), above: Math.max(0, middle + half - share) }
}
