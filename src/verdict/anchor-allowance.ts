import type { Run, SideSpec } from '../sample/run-file.ts'
import { type AnchorChange, anchorOverTurns } from '../stats/anchor.ts'
import type { Interval } from '../stats/binomial.ts'
import { leastRounds } from './shares.ts'
import { percent } from './wording.ts'

/** Why a change of latency cannot be judged, or how much of it (as ln) what the change cannot touch may account for by itself: `low` ≤ 0 ≤ `high`. */
export type AnchorAllowance = { readonly kind: 'held'; readonly why: string } | ({ readonly kind: 'free'; /** What to say where it does. */ readonly mayBe: string } & Interval)

/**
 * Two sides that are measured at once share every drift, and need no anchor. One system that takes turns does: what it waits for behind it may have
 * changed meanwhile. `usual`: the typical time before, ms, which the anchor's own ms are a part of.
 */
export function anchorAllowance(run: Run, before: SideSpec, after: SideSpec, usual: number): AnchorAllowance {
  const change = anchorOverTurns(run, before.name, after.name)
  const turns = before.url === after.url && before.kind !== 'control'
  const why = change.kind === 'none' && !turns ? undefined : heldBy(change)
  if (why !== undefined) return { kind: 'held', why }
  if (change.kind !== 'measured') return { kind: 'free', mayBe: '', low: 0, high: 0 }
  const mayBe = `~ ${asked[change.asked]} may account for it: its own hellos changed by ${signedPercent(change.ratio.low)} to ${signedPercent(change.ratio.high)}; more rounds would tell`
  return { kind: 'free', mayBe, ...partOf(change, usual) }
}

/** Why latencies are not judged; undefined where the anchor stayed where it was. */
export function heldBy(change: AnchorChange): string | undefined {
  switch (change.kind) {
    case 'none': return '~ nothing was asked past the system on both sides: what changed may be the model, or this machine'
    case 'few': return `~ the anchor has too few rounds to tell whether the model itself changed, it takes ${leastRounds}`
    case 'silent': return `~ ${asked[change.asked]} did not answer every round's hellos`
    case 'measured': return change.moved ? `~ ${asked[change.asked]} went from ${fromTo(change.before, change.after)}` : undefined
  }
}

const asked = { model: 'the model itself', mock: 'our mock, asked directly,' } as const

const signedPercent = (limit: number): string => `${limit < 0 ? '−' : '+'}${percent(Math.abs(Math.expm1(limit)))}`

/** `1.9 to 3.1 s`, `2.1 to 14.0 ms`: in one unit, with two digits at least of the smaller one. */
function fromTo(before: number, after: number): string {
  const [unit, per] = Math.max(before, after) >= 1_000 ? ['s', 1_000] : ['ms', 1]
  const least = Math.min(before, after) / per
  const digits = least >= 100 ? 0 : least >= 1 ? 1 : 2
  return `${(before / per).toFixed(digits)} to ${(after / per).toFixed(digits)} ${unit}`
}

/** The anchor's interval in ms is what it may add to the time, or take from it. */
function partOf({ before, ratio }: Extract<AnchorChange, { kind: 'measured' }>, usual: number): Interval {
  const part = (limit: number): number => Math.log(Math.max(0, 1 + (before * Math.expm1(limit)) / usual))
  return { low: Math.min(0, part(ratio.low)), high: Math.max(0, part(ratio.high)) }
}
