import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { mostAtOnce } from './concurrency.ts'
import { median } from './quantile.ts'
import { type SideRound, sideRounds, windowOf } from './windows.ts'

export type EffectiveConcurrencyClaim = Extract<ClaimSpec, { measure: 'effectiveConcurrency' }>

/** So many equal answers asked for at once. */
export interface Batch {
  readonly round: number
  readonly copies: number
  /** The largest number that were being told at one instant. */
  readonly most: number
  /** Answers that failed, by code. */
  readonly failures: readonly string[]
  /** Why it cannot show that no more would have run; null where it can. */
  readonly unclear: string | null
}

export interface EffectiveConcurrency {
  readonly batches: readonly Batch[]
  /** Over batches and rounds; undefined where nothing was said. */
  readonly most: number | undefined
  /** The largest batch that the scenario asks for. */
  readonly planned: number
  /** Messages in all batches. */
  readonly n: number
  /** Time per token in the largest batch with whole answers over the time alone: how much slower sharing makes each. Undefined without both. */
  readonly slowDown: { readonly copies: number; readonly factor: number } | undefined
}

/** Started farther apart than this share of what an answer lasts, they were hardly said at once. */
const largestSpread = 0.25

/** The largest number of equal answers that were really being told at one instant, batch by batch of the rounds that were kept. Never overstates. */
export function effectiveConcurrency(run: Run, side: string, claim: EffectiveConcurrencyClaim): EffectiveConcurrency {
  const said = sideRounds(run, side).map((round) => ({ round, messages: windowOf(round, claim.during).users.filter(({ label }) => label === claim.message) }))
  const batches = said.flatMap(({ round, messages }) => batchesOf(round, messages))
  const phase = run.header.scenario.phases[claim.during]
  const messages = said.flatMap((each) => each.messages)
  return {
    batches,
    most: batches.length === 0 ? undefined : Math.max(...batches.map(({ most }) => most)),
    planned: phase !== undefined && 'together' in phase ? Math.max(...phase.copies) : 0,
    n: messages.length,
    slowDown: slowDown(messages),
  }
}

function batchesOf({ round }: SideRound, messages: readonly MessageRecord[]): Batch[] {
  const hidden = comesInOnePiece(messages.map(asTold))
  return [...byCopies(messages)].map(([copies, batch]) => ({
    round, copies,
    most: mostAtOnce(batch.filter(isAnswered).map(asTold)),
    failures: batch.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.code] : [])),
    unclear: hidden ?? (batch.length < copies ? `only ${batch.length} of ${copies} were said` : spread(batch)),
  }))
}

/** A word of the gateway's own ("Thinking") before the model's first is nothing told: with our mock behind it, it is known. */
const asTold = (message: MessageRecord): MessageRecord => {
  const { firstTokenAt } = message
  const written = message.upstream?.firstTokenAt ?? null
  return firstTokenAt === null || written === null ? message : { ...message, firstTokenAt: Math.max(firstTokenAt, written) }
}

const isAnswered = ({ outcome }: MessageRecord): boolean => outcome.kind === 'answered'
const toldFor = ({ firstTokenAt, endedAt }: MessageRecord): number => (firstTokenAt === null ? 0 : endedAt - firstTokenAt)
const waited = ({ firstTokenAt, endedAt, dueAt }: MessageRecord): number => (firstTokenAt ?? endedAt) - dueAt

function byCopies(messages: readonly MessageRecord[]): Map<number, MessageRecord[]> {
  const batches = new Map<number, MessageRecord[]>()
  for (const message of messages) batches.set(message.copies ?? 1, [...(batches.get(message.copies ?? 1) ?? []), message])
  return batches
}

/**
 * Where even the answer that was served first took longer to begin than to be told, nothing is seen of how many were at work meanwhile: a gateway that
 * hands over whole answers tells none of them, and may work at many.
 */
function comesInOnePiece(messages: readonly MessageRecord[]): string | null {
  const [first] = messages.filter(isAnswered).sort((one, other) => waited(one) - waited(other))
  if (first === undefined || toldFor(first) >= waited(first)) return null
  return 'the answers took longer to begin than to be told: how many were at work meanwhile is not to be seen'
}

function spread(batch: readonly MessageRecord[]): string | null {
  const starts = batch.map(({ startedAt }) => startedAt)
  const told = median(batch.filter(isAnswered).map(toldFor))
  return told === undefined || Math.max(...starts) - Math.min(...starts) <= largestSpread * told ? null : 'the answers were too short to have been said at once'
}

/** (endedAt − firstTokenAt) / (tokens − 1), ms; nothing below two tokens. */
function timePerToken(message: MessageRecord): number[] {
  const tokens = message.tokens ?? message.chunks
  return isAnswered(message) && message.firstTokenAt !== null && tokens > 1 ? [toldFor(message) / (tokens - 1)] : []
}

function slowDown(messages: readonly MessageRecord[]): EffectiveConcurrency['slowDown'] {
  const times = [...byCopies(messages)].map(([copies, batch]) => ({ copies, time: median(batch.flatMap(timePerToken)) }))
  const alone = times.find(({ copies }) => copies === 1)?.time
  const [largest] = times.filter(({ copies, time }) => copies > 1 && time !== undefined).sort((one, other) => other.copies - one.copies)
  if (alone === undefined || alone === 0 || largest?.time === undefined) return undefined
  return { copies: largest.copies, factor: largest.time / alone }
}
