import { formatMilliseconds } from '../duration.ts'
import type { ClaimResult, Unit } from './document.ts'

const inPercent = (share: number, round: (value: number) => number): string => {
  const percent = share * 100
  const step = percent < 9.95 ? 10 : 1
  return `${Number((round(percent * step) / step).toFixed(1))} %`
}

/** 0.0068 is `0.7 %`, 0.938 is `94 %`. */
export const percent = (share: number): string => inPercent(share, Math.round)
/** For an "at most": never states less than was shown. The small subtrahend keeps 0.02 from becoming 2.1 % by its last binary digit. */
export const percentUp = (share: number): string => inPercent(share, (value) => Math.ceil(value - 1e-9))
/** For an "at least". */
export const percentDown = (share: number): string => inPercent(share, (value) => Math.floor(value + 1e-9))

/** A label of the scenario in the plural: hellos, stories. */
export function plural(label: string): string {
  if (/[^aeiou]y$/.test(label)) return `${label.slice(0, -1)}ies`
  return /(s|x|z|ch|sh)$/.test(label) ? `${label}es` : `${label}s`
}

export const counted = (count: number, noun: string): string => `${count} ${count === 1 ? noun : plural(noun)}`

/** `1 round is too`, `5 rounds are too` few. */
export const areToo = (count: number): string => (count === 1 ? 'is too' : 'are too')

/** A value of a claim or comparison in its unit. Null is what JSON has for +∞: no first token ever came. */
export function inUnit(value: number | null, unit: Unit): string {
  if (value === null) return '∞'
  switch (unit) {
    case 'ms': return formatMilliseconds(value)
    case 'share': return percent(value)
    case 'ratio': return ratio(value)
    case 'count': return String(value)
  }
}

/** Two decimals; −0.00 is 0.00. */
export const ratio = (value: number): string => (Number.isFinite(value) ? value.toFixed(2).replace(/^-(?=0\.00$)/, '').replace('-', '−') : '∞')

/** What somebody set, without the zeros that precision adds: `1 s`, `0.1`. */
export const bound = (value: number, unit: Unit): string => inUnit(value, unit).replace(/(\.\d*?)0+(?=\s|$)/, '$1').replace(/\.(?=\s|$)/, '')

/** JSON knows no infinity: +∞ is null. */
export const rankOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

interface BoundWords {
  /** What passes: `at most 1 s`, `at least 4`. */
  readonly attained: string
  /** What fails: `above 3 s`, `below 4`. */
  readonly missed: string
  readonly unattained: string
}

/** The two bounds of a claim as one says them, whichever way it is meant. */
export function boundsInWords({ pass, fail, atLeast }: ClaimResult['bounds'], unit: Unit): BoundWords {
  const words = atLeast === true ? { attained: `at least ${bound(pass, unit)}`, missed: `below ${bound(fail, unit)}` } : { attained: `at most ${bound(pass, unit)}`, missed: `above ${bound(fail, unit)}` }
  return { ...words, unattained: `neither ${words.attained} nor ${words.missed} is shown` }
}
