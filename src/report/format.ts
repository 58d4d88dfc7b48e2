import { formatMilliseconds } from '../duration.ts'
import type { ClaimResult, Comparison, Unit } from '../verdict/document.ts'
import { percentDown, percentUp } from '../verdict/wording.ts'

/** 4100 is `4,100`. Numbers too long to be read become 1.2e+21. */
export function formatCount(count: number): string {
  if (!Number.isInteger(count)) return formatRatio(count)
  return Math.abs(count) < 1e15 ? signed(count, String(Math.abs(count)).replace(/\B(?=(\d{3})+$)/g, ',')) : count.toPrecision(2)
}

/** 0.0068 is `0.7 %`, 0.938 is `94 %`. 0.997 is `99.7 %` and not 100 %: all is said of all only, and 0 % of none. */
export function formatShare(share: number): string {
  return `${percentDigits(share)} %`
}

function percentDigits(share: number, decimals?: number): string {
  const size = Math.abs(share) * 100
  if (decimals !== undefined && size < 1e6) return signed(share, size.toFixed(decimals))
  if (size !== 0 && size < 0.05) return signed(share, Number(size.toPrecision(1)).toString())
  const nearAll = size !== 100 && size >= 99.5 && size < 100.5
  if (nearAll) return signed(share, size > 99.9 && size < 100 ? '99.9' : size.toFixed(1).replace(/\.0$/, ''))
  return signed(share, size < 9.95 ? size.toFixed(1).replace(/\.0$/, '') : size < 1e6 ? size.toFixed(0) : size.toPrecision(2))
}

/** Two decimals; 0.00 has no sign. */
function formatRatio(ratio: number): string {
  const size = Math.abs(ratio)
  const digits = size < 1_000 ? size.toFixed(2) : Number(size.toPrecision(3)).toString()
  return Number(digits) === 0 ? digits : signed(ratio, digits)
}

const signed = (value: number, digits: string): string => (value < 0 && !/^[0.]*$/.test(digits) ? `−${digits}` : digits)

function formatFinite(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms': return formatMilliseconds(value).replace('-', '−')
    case 'share': return formatShare(value)
    case 'ratio': return formatRatio(value)
    case 'count': return formatCount(value)
  }
}

/**
 * A value as people read it. Null is +∞, a message that never got a first token (or whatever else is waited for) ranking above all that did; `atLeast`
 * is then what is known of it, in the same unit: `> 3.00 s (no first token)`.
 */
export function formatValue(value: number | null, unit: Unit, atLeast: number | null = null, never = 'no first token'): string {
  if (value !== null && Number.isFinite(value)) return formatFinite(value, unit)
  return atLeast === null || !Number.isFinite(atLeast) ? never : `> ${formatFinite(atLeast, unit)} (${never})`
}

/** What a message never had whose value is +∞, by the claim's metric: beside a figure, and behind a count. */
export function neverHad(metric: string): { readonly never: string; readonly without: string } {
  switch (metric) {
    case 'timeToError': return { never: 'no error', without: 'without an error' }
    case 'timeToCancel': return { never: 'never told', without: 'that the model was never told of' }
    default: return { never: 'no first token', without: 'without a first token' }
  }
}

export const noSample = 'no sample'
/** Null is +∞ only where messages went without a first token; else nothing was measured. */
export const isWithoutSample = ({ value, censored }: Pick<ClaimResult, 'value' | 'censored'>): boolean => value === null && censored === 0

/** What a claim came to: its value, `-` where nothing was measured. */
export function formatClaimValue(claim: ClaimResult): string {
  if (claim.verdict === 'skipped') return '-'
  if (isWithoutSample(claim)) return noSample
  // Everything that was asked for was reached: how much more there would have been nobody knows.
  if (claim.metric === 'effectiveConcurrency' && claim.high === null) return formatInterval(claim.value, null, claim.unit)
  return formatValue(claim.value, claim.unit, claim.low, neverHad(claim.metric).never)
}

/** `5.9…8.1 ms`, `0.97…1.01`, `≥ 3.50 s` where the upper end is +∞; empty where there is no interval. */
export function formatInterval(low: number | null, high: number | null, unit: Unit): string {
  if (low === null || !Number.isFinite(low)) return high === null ? '' : `≤ ${formatFinite(high, unit)}`
  if (high === null || !Number.isFinite(high)) return `≥ ${formatFinite(low, unit)}`
  const [from, to] = unit === 'share' && low < high ? shareEnds(low, high) : [formatFinite(low, unit), formatFinite(high, unit)]
  if (from === to) return from
  const suffix = / \D+$/.exec(to)?.[0]
  return suffix !== undefined && from.endsWith(suffix) ? `${from.slice(0, -suffix.length)}…${to}` : `${from}…${to}`
}

/** Rounded outwards, so that an interval never promises more than was shown. */
const shareEnds = (low: number, high: number): [string, string] => [percentDown(low).replace('-', '−'), percentUp(high).replace('-', '−')]

/** What a person set, without the zeros that precision adds: `1 s`, `2 %`, `0.1`. */
export function formatBound(bound: number, unit: Unit): string {
  return formatFinite(bound, unit).replace(/(\.\d*?)0+(?=\s|$)/, '$1').replace(/\.(?=\s|$)/, '')
}

/** The bound that passes: `≤ 1 s`, `≥ 4`; and the one that fails, where it is another: `above 3 s`, `below 2`. */
export function formatBounds({ pass, fail, atLeast }: ClaimResult['bounds'], unit: Unit): { readonly passes: string; readonly fails: string | undefined } {
  const passes = `${atLeast === true ? '≥' : '≤'} ${formatBound(pass, unit)}`
  return { passes, fails: fail === pass ? undefined : `${atLeast === true ? 'below' : 'above'} ${formatBound(fail, unit)}` }
}

type Change = Pick<Comparison, 'change' | 'changeUnit' | 'low' | 'high' | 'unit'>

/** Whether the interval of the change leaves no change out. Ends that are null reach to infinity. */
function isDetected({ low, high }: Pick<Change, 'low' | 'high'>): boolean {
  return (low ?? -Infinity) > 0 || (high ?? Infinity) < 0
}

/** `−98 % (−98…−97)`, `−97 points (−98…−95)`, `×12 (11…13)`; `~` where no difference was detected: never a figure that chance alone could make. */
export function formatChange(change: Change): string {
  if (!isDetected(change)) return '~'
  const { low, high } = change
  if (change.change === null) return '+∞'
  const write = changeWriter(change)
  const ends = [low === null ? '−∞' : write.digits(low), high === null ? '∞' : write.digits(high)]
  return ends[0] === ends[1] ? write.whole(change.change) : `${write.whole(change.change)} (${ends.join('…')})`
}

/** The change alone, where its interval has no room. */
export function formatChangeBriefly(change: Change): string {
  if (!isDetected(change)) return '~'
  return change.change === null ? '+∞' : changeWriter(change).whole(change.change)
}

/** From eleven times as much on, a factor says more than a percentage. */
const factorFrom = 10

interface ChangeWriter {
  readonly whole: (value: number) => string
  readonly digits: (value: number) => string
}

function changeWriter({ change, changeUnit, low, high, unit }: Change): ChangeWriter {
  const plus = (value: number, text: string): string => (value > 0 ? `+${text}` : text)
  if (changeUnit === 'relative' && change !== null && change >= factorFrom) {
    const digits = (value: number): string => (value + 1 < 1e6 ? (value + 1).toFixed(0) : (value + 1).toPrecision(2))
    return { whole: (value) => `×${digits(value)}`, digits }
  }
  if (changeUnit === 'relative' || unit === 'share') {
    // Ends that would round to the same figure get a decimal: "−98 (−98…−98)" says less than is known.
    const decimals = low !== null && high !== null && low !== high && percentDigits(low) === percentDigits(high) ? 1 : undefined
    const digits = (value: number): string => plus(value, percentDigits(value, decimals))
    return { whole: (value) => `${digits(value)} ${changeUnit === 'relative' ? '%' : 'points'}`, digits }
  }
  const digits = (value: number): string => plus(value, formatFinite(value, unit))
  return { whole: digits, digits }
}
