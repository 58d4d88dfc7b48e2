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

/** A value of a claim or comparison in its unit. Null is what JSON has for +∞: no first token ever came. */
export function inUnit(value: number | null, unit: Unit): string {
  if (value === null) return '∞'
  switch (unit) {
    case 'ms': return formatMilliseconds(value)
    case 'share': return percent(value)
    case 'ratio': return value.toFixed(2)
    case 'count': return String(value)
  }
}

/** JSON knows no infinity: +∞ is null. */
export const rankOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null)

/** `at most 2 %`, with the bound above which it fails where that is another one. */
export function boundInWords({ bounds, unit }: Pick<ClaimResult, 'bounds' | 'unit'>): string {
  const pass = `at most ${inUnit(bounds.pass, unit)}`
  return bounds.fail > bounds.pass ? `${pass}, and fails above ${inUnit(bounds.fail, unit)}` : pass
}
