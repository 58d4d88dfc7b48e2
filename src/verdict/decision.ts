import type { View } from '../stats/ttft.ts'
import type { ClaimResult } from './document.ts'

/** What the evidence says of a claim, seen in one view: as measured, or with every time moved within its error bound against the claim. */
export interface Weighed {
  /** Whether this evidence, taken for the truth, shows the claim. */
  readonly passes: boolean
  readonly fails: boolean
  /** Whether the bound that fails is excluded: so also where it passes. */
  readonly warns: boolean
  /** The statistic; Infinity where messages without a first token reach that far, undefined where there is none. */
  readonly value: number | undefined
  /** Why it can neither pass nor fail, or what a pass still lacks: a sentence without its full stop. */
  readonly shortage: string | undefined
  /** False where more of the same would lack the same. */
  readonly moreRoundsHelp: boolean
}

/** A claim of one side, ready to be weighed. The rest is for the report and is not computed at a look. */
export interface Weighing {
  readonly weigh: (view: View) => Weighed
  readonly describe: () => Description
}

/** The measured evidence in words and numbers; `low` and `high` may be infinite. */
export type Description = Pick<ClaimResult, 'metric' | 'statistic' | 'unit' | 'bounds' | 'n' | 'censored' | 'formula'> & {
  readonly value: number | undefined
  readonly low: number | undefined
  readonly high: number | undefined
  readonly evidence: string
}

export type Decision =
  | { readonly kind: 'pass' | 'fail' | 'warn' | 'inconclusive' }
  /** A perfect tester would have said `wouldBe`; this one's own lateness may have made it so. */
  | { readonly kind: 'invalid'; readonly wouldBe: 'pass' | 'fail' | 'warn' }

/**
 * Every claim is judged twice, MEASURING §6: it passes only where it passes with all times moved so that passing is hardest, and fails only
 * where it fails with all times moved the other way. As measured it has to say the same: moving a time both raises a probe and the limit it
 * is held to, and nothing proves that the two never cross.
 */
export function decide(weigh: (view: View) => Weighed): Decision {
  const measured = weigh('measured')
  const againstPass = weigh('against-pass')
  const againstFail = weigh('against-fail')
  if (measured.passes && againstPass.passes) return { kind: 'pass' }
  if (measured.fails && againstFail.fails) return { kind: 'fail' }
  if (againstPass.warns && measured.warns) return { kind: 'warn' }
  if (measured.passes) return { kind: 'invalid', wouldBe: 'pass' }
  if (measured.fails) return { kind: 'invalid', wouldBe: 'fail' }
  return measured.warns ? { kind: 'invalid', wouldBe: 'warn' } : { kind: 'inconclusive' }
}

/** How far the tester's own lateness may have moved the value, in its unit. Null where one of the values is infinite or absent. */
export function measurementError(weigh: (view: View) => Weighed): number | null {
  const measured = weigh('measured').value
  const moved = [weigh('against-pass').value, weigh('against-fail').value]
  if (measured === undefined) return null
  const error = Math.max(...moved.map((value) => (value === undefined ? Infinity : value === measured ? 0 : Math.abs(value - measured))))
  return Number.isFinite(error) ? error : null
}
