import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { OverheadClaim } from '../scenario/spec.ts'
import { median, rankQuantile } from './quantile.ts'
import { hodgesLehmann, type SignedRankInterval, signedRankInterval } from './signed-rank.ts'
import { stampError } from './tester-pauses.ts'
import { isEvidence, judgedTime, referenceTime, type View } from './ttft.ts'
import { type SideRound, sideRounds, windowOf } from './windows.ts'

export interface Overhead {
  /** One per round that says something, ms: +Infinity where too many messages failed on the way through the system. */
  readonly perRound: readonly { readonly round: number; readonly added: number }[]
  /** Hodges-Lehmann over the rounds; undefined without any. */
  readonly estimate: number | undefined
  /** One-sided `rules.alpha` at each end; undefined where the rounds are too few for it. */
  readonly interval: SignedRankInterval | undefined
  /** Rounds in which the phases were walked, and that say nothing: the model directly did not answer, or no answer had two chunks. */
  readonly voidRounds: number
  /**
   * Of a claim on gaps: rounds in which the median answer came in bursts through the system and word by word directly. A burst has no gaps between its words,
   * so that they show nothing good.
   */
  readonly burstRounds: number
  /** The interval of the other rounds alone. */
  readonly wordByWord: SignedRankInterval | undefined
}

const quantileOf = { p50: 0.5, p95: 0.95 } as const

/**
 * What going through the system adds to going to the model directly, ms: per round the quantile through it less the same quantile directly, over rounds
 * the Hodges-Lehmann estimate (MEASURING §2). The round is the unit: through and direct of one round had the same minute of the machine.
 *
 * Of gaps, the quantile is each answer's own and the round's figure the median of its answers', so that one slow answer is one among others.
 */
export function overhead(run: Run, side: string, claim: OverheadClaim, view: View): Overhead {
  const walked = sideRounds(run, side).filter((round) => said(round, claim.through, claim).length > 0 && said(round, claim.direct, claim).length > 0)
  const perRound = walked.flatMap((round) => {
    const added = addedIn(round, claim, view)
    return added === undefined ? [] : [{ round: round.round, added, inBursts: claim.of === 'gap' && onlyThroughInBursts(round, claim) }]
  })
  const differences = perRound.map(({ added }) => added)
  const apart = perRound.filter(({ inBursts }) => !inBursts).map(({ added }) => added)
  const { alpha } = run.header.rules
  return {
    perRound: perRound.map(({ round, added }) => ({ round, added })), estimate: hodgesLehmann(differences), interval: signedRankInterval(differences, alpha), voidRounds: walked.length - perRound.length,
    burstRounds: perRound.length - apart.length, wordByWord: signedRankInterval(apart, alpha),
  }
}

const onlyThroughInBursts = (round: SideRound, claim: OverheadClaim): boolean => cameInBursts(said(round, claim.through, claim)) && !cameInBursts(said(round, claim.direct, claim))

/** Whether of the median answer more than half of the chunks came together with the one before. */
function cameInBursts(messages: readonly MessageRecord[]): boolean {
  const shares = messages.flatMap(({ outcome, gaps: { count, coalesced } }) => (outcome.kind === 'failed' || count === 0 || coalesced === undefined ? [] : [coalesced / count]))
  return (median(shares) ?? 0) > 0.5
}

/** What goes directly may be kept as an anchor. */
function said(round: SideRound, phase: string, { message }: OverheadClaim): MessageRecord[] {
  const { users, anchors } = windowOf(round, phase)
  return [...users, ...anchors].filter((one) => one.label === message && isEvidence(one))
}

/** Undefined in a void round. What is subtracted moves the other way. */
function addedIn(round: SideRound, claim: OverheadClaim, view: View): number | undefined {
  const through = figure(said(round, claim.through, claim), claim, (message) => judged(message, claim, view))
  const direct = figure(said(round, claim.direct, claim), claim, (message) => subtracted(message, claim, view))
  return through === undefined || direct === undefined || direct === Infinity ? undefined : through - direct
}

function figure(messages: readonly MessageRecord[], { of, statistic }: OverheadClaim, valueOf: (message: MessageRecord) => number | undefined): number | undefined {
  const values = messages.map(valueOf).filter((value) => value !== undefined)
  return of === 'gap' ? median(values) : rankQuantile(values, quantileOf[statistic])
}

const judged = (message: MessageRecord, claim: OverheadClaim, view: View): number | undefined =>
  (claim.of === 'gap' ? gap(message, claim, view === 'against-fail') : judgedTime(message, view))

const subtracted = (message: MessageRecord, claim: OverheadClaim, view: View): number | undefined =>
  (claim.of === 'gap' ? gap(message, claim, view === 'against-pass') : referenceTime(message, view))

/**
 * A quantile of the answer's own gaps, ms; +∞ where it failed, undefined where it has none. A stamp that is late makes the gap before it longer and the next
 * one shorter by as much, so that a quantile of many hardly moves; it is taken to be late by at most one stamp's error.
 */
function gap(message: MessageRecord, { statistic }: OverheadClaim, isEarliest: boolean): number | undefined {
  if (message.outcome.kind === 'failed') return Infinity
  const own = message.gaps[statistic]
  return own === undefined || !isEarliest ? own : Math.max(0, own - stampError(message))
}
