/**
 * The quantile by rank, x_(⌈qn⌉): the smallest value that at least a share `q` of the values do not exceed. It is always one of the values,
 * so +Infinity (a message without a first token) ranks above every answer and is never averaged with one. Undefined where there are none.
 * @throws {RangeError} for a `q` outside (0, 1], or a NaN among the values, which has no rank.
 */
export function rankQuantile(values: readonly number[], q: number): number | undefined {
  if (!(q > 0 && q <= 1)) throw new RangeError(`a quantile lies in (0, 1], not at ${q}`)
  const sorted = new Float64Array(values).sort()
  if (Number.isNaN(sorted.at(-1))) throw new RangeError('NaN has no rank')
  return sorted[rank(q, sorted.length) - 1]
}

/** ⌈qn⌉, though .07 × 100 is 7.000000000000001 in binary: a product that close to a whole number is that number. */
function rank(q: number, n: number): number {
  const product = q * n
  const whole = Math.round(product)
  return Math.abs(product - whole) < 1e-9 * Math.max(1, whole) ? Math.max(1, whole) : Math.ceil(product)
}

/** The lower median, rankQuantile at .5: of an even number of values the smaller of the middle two, so that no infinity is averaged in. */
export const median = (values: readonly number[]): number | undefined => rankQuantile(values, 0.5)
