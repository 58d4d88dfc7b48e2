import { formatMilliseconds } from '../duration.ts'
import { formatCount } from './format.ts'
import { printable } from './printable.ts'
import { phaseInWords } from './words.ts'

/** Lines for stderr while a run is under way, without their line end: whether a line is rewritten in place is up to who writes it. Times in ms. */

export interface ProgressStep {
  readonly round: number
  /** Up to the next look at the evidence. */
  readonly rounds: number
  readonly side: string
  readonly phase: string
  readonly elapsed: number
  /** Undefined while there is nothing to reckon it from. */
  readonly remaining: number | undefined
}

/** `round 2 of 6  after, behind story  21 s, about 43 s left`. What changes its length comes last, so that the rest does not jump. */
export function progressLine({ round, rounds, side, phase, elapsed, remaining }: ProgressStep): string {
  const left = remaining === undefined ? '' : `, about ${inSeconds(remaining)} left`
  return printable(`round ${round} of ${rounds}: ${side}, ${phaseInWords(phase)} (${inSeconds(elapsed)}${left})`)
}

/** Tenths of a second would only flicker. */
const inSeconds = (milliseconds: number): string => (milliseconds < 179_500 ? `${Math.max(0, Math.round(milliseconds / 1_000))} s` : formatMilliseconds(milliseconds))

export interface PlannedCost {
  readonly scenario: string
  readonly rounds: number
  readonly messages: number
  /** Of the answers. */
  readonly tokens: number
  readonly time: number
}

/** `concurrent: about 4,100 messages, 26,000 answer tokens, 6 rounds, 95 s`: what the run will cost, before it does. */
export function planLine({ scenario, rounds, messages, tokens, time }: PlannedCost): string {
  const cost = [`about ${about(messages)} ${messages === 1 ? 'message' : 'messages'}`, `${about(tokens)} answer tokens`, `${formatCount(rounds)} ${rounds === 1 ? 'round' : 'rounds'}`, inSeconds(time)]
  return printable(`${scenario}: ${cost.join(', ')}`)
}

/** Two digits: a plan knows no more. */
const about = (count: number): string => formatCount(Number(count.toPrecision(2)))

export interface SpoiltRound {
  readonly round: number
  readonly side: string
  readonly reason: string
  /** False where the side has had its repeats: the round counts, and its error bounds decide. */
  readonly repeated: boolean
}

/** What happened, why it matters, what becomes of it. */
export function spoiltLine({ round, side, reason, repeated }: SpoiltRound): string {
  const next = repeated ? 'it is said again, without a look at its answers' : 'it counts all the same, for it was said again often enough; its error bounds decide'
  return printable(`round ${round} of ${side} is spoilt (${reason}): ${next}`)
}
