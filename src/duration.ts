/**
 * A length of time. It is an object and not a number, so that a bare number is refused twice: by the compiler, and when a scenario
 * written in JavaScript is loaded. Inside the engine and the statistics times are plain numbers of milliseconds.
 */
export interface Milliseconds {
  readonly milliseconds: number
}

/** @throws {RangeError} for a negative or non-finite length. */
export function ms(milliseconds: number): Milliseconds {
  if (!Number.isFinite(milliseconds) || milliseconds < 0) throw new RangeError(`a length of time is a finite number of at least 0, not ${milliseconds}`)
  return Object.freeze({ milliseconds })
}

export const seconds = (count: number): Milliseconds => ms(count * 1_000)
export const minutes = (count: number): Milliseconds => ms(count * 60_000)

/** `times(seconds(2), 1.5)` is three seconds. */
export const times = (length: Milliseconds, factor: number): Milliseconds => ms(length.milliseconds * factor)

export function isMilliseconds(value: unknown): value is Milliseconds {
  return typeof value === 'object' && value !== null && 'milliseconds' in value && typeof value.milliseconds === 'number' && value.milliseconds >= 0 && Number.isFinite(value.milliseconds)
}

const perUnit: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000 }

/** Reads `300ms`, `45s`, `1.5m`, `10min`, `2h`. Undefined for anything else, a bare number included: it has no unit. */
export function parseDuration(text: string): Milliseconds | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)$/.exec(text.trim())
  const length = Number(match?.[1]) * (perUnit[match?.[2] ?? ''] ?? Number.NaN)
  return Number.isFinite(length) ? ms(length) : undefined
}

/** For people: `4.2 ms`, `310 ms`, `1.21 s`, `95 s`, `6 min`. The unit changes so that three digits say it. */
export function formatMilliseconds(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return milliseconds > 0 ? '∞' : '-'
  const size = Math.abs(milliseconds)
  if (size < 9.95) return `${milliseconds.toFixed(1)} ms`
  if (size < 999.5) return `${milliseconds.toFixed(0)} ms`
  if (size < 9_995) return `${(milliseconds / 1_000).toFixed(2)} s`
  if (size < 99_950) return `${(milliseconds / 1_000).toFixed(1)} s`
  if (size < 180_000) return `${(milliseconds / 1_000).toFixed(0)} s`
  return `${(milliseconds / 60_000).toFixed(0)} min`
}
