import { isRecord } from './json.ts'

/** How long something takes, in ms: always the same, or drawn anew each time. A draw below 0 counts as 0. */
export type Delay =
  | { readonly kind: 'const'; readonly ms: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly sd: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }

export const constant = (ms: number): Delay => ({ kind: 'const', ms })

/** A possible length of time in ms. */
export const isLength = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

/** Reads a delay as the settings API takes it: a number of ms, or one of the three objects. Undefined for anything else. */
export function delayFromJson(value: unknown): Delay | undefined {
  if (isLength(value)) return constant(value)
  if (!isRecord(value)) return undefined
  const keys = Object.keys(value).length
  if (value['kind'] === 'const' && keys === 2 && isLength(value['ms'])) return constant(value['ms'])
  const { mean, sd, median, sigma } = value
  if (value['kind'] === 'normal' && keys === 3 && isLength(mean) && isLength(sd)) return { kind: 'normal', mean, sd }
  if (value['kind'] === 'lognormal' && keys === 3 && isLength(median) && isLength(sigma)) return { kind: 'lognormal', median, sigma }
  return undefined
}

/** Reads a delay as a flag gives it: `20`, `normal:300,50` (mean, sd), `lognormal:300,0.5` (median, sigma). Undefined for anything else. */
export function delayFromText(text: string): Delay | undefined {
  const match = /^(?:(normal|lognormal):)?(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?$/.exec(text.trim())
  if (match === null || (match[1] === undefined) !== (match[3] === undefined)) return undefined
  const [first, second] = [Number(match[2]), Number(match[3])]
  if (match[1] === 'normal') return { kind: 'normal', mean: first, sd: second }
  return match[1] === 'lognormal' ? { kind: 'lognormal', median: first, sigma: second } : constant(first)
}

/**
 * Draws of one delay for one answer. Seeded by everything that tells them apart, so that the same request id gets the same times whatever
 * else goes on, and another first-token delay does not change the gaps.
 */
export function draws(delay: Delay, seed: number, id: string, what: 'head' | 'first' | 'gap'): () => number {
  if (delay.kind === 'const') return () => delay.ms
  const random = generator(hash(`${seed}:${id}:${what}`))
  if (delay.kind === 'normal') return () => Math.max(0, delay.mean + delay.sd * standardNormal(random))
  return () => delay.median * Math.exp(delay.sigma * standardNormal(random))
}

/** Box-Muller; 1 − u keeps the logarithm's argument above 0. */
function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state are enough for the few draws of an answer. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** FNV-1a with a final avalanche (MurmurHash3's), because ids that differ in their last digit must not start near each other. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
