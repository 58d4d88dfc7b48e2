import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { isEvidence, type View } from './ttft.ts'
import { type SideRound, sideRounds, windowOf } from './windows.ts'

/** What a claim on a percentile is about: the values of one round, as that view takes them. +Infinity is what never came, and ranks above all. */
export type RoundValues = (round: SideRound, view: View) => readonly number[]

export interface Series {
  readonly values: RoundValues
  /** Why they cannot be judged, a sentence without its full stop; undefined where they can. */
  readonly problem: string | undefined
}

/** Which messages a claim is about. */
export interface Named {
  readonly message: string
  readonly during: readonly string[]
}

/**
 * What one message counts as. `unknown`: it was answered, and the mock's journal does not tell what is asked. `none`: it is not one of those that the
 * measure is about.
 */
export type JournalValue = number | 'unknown' | 'none'

/** More answers than this that the journal does not know of may be those that would have decided. */
const mostUnknown = 0.01

/** What was said to the system under that label in these phases: as a probe, as one of several at once, or as what blocks. Not what the tester broke off. */
export function saidIn(round: SideRound, { message, during }: Named): MessageRecord[] {
  return during.flatMap((phase) => {
    const { probes, users, blockers } = windowOf(round, phase)
    return [...probes, ...users, ...blockers].filter((said) => said.label === message && isEvidence(said))
  })
}

/** A value for each message that the claim names. */
export function messageSeries(claim: Named, valueOf: (message: MessageRecord, view: View) => number): Series {
  return { values: (round, view) => saidIn(round, claim).map((message) => valueOf(message, view)), problem: undefined }
}

/** The same where the value takes the mock's journal. A message that the journal does not know is left out; more than 1 % of them are a problem. */
export function journalSeries(run: Run, side: string, claim: Named, valueOf: (message: MessageRecord, view: View, round: SideRound) => JournalValue): Series {
  const all = sideRounds(run, side).flatMap((round) => saidIn(round, claim).map((message) => valueOf(message, 'measured', round)))
  return {
    values: (round, view) => saidIn(round, claim).map((message) => valueOf(message, view, round)).filter((value) => typeof value === 'number'),
    problem: unknownProblem(all.filter((value) => value === 'unknown').length, all.filter((value) => value !== 'none').length),
  }
}

/** Undefined where the journal knows of nearly all of `n` messages. */
export function unknownProblem(unknown: number, n: number): string | undefined {
  if (unknown <= mostUnknown * n) return undefined
  return `the mock's journal has nothing on ${unknown} of ${n} messages, more than ${100 * mostUnknown} %: they may be the ones that would have decided`
}
