import type { MessageRecord } from '../sample/message.ts'

/**
 * How the times are taken when a claim is judged (MEASURING §6): as measured; or with every one moved within its error bound so that passing
 * is hardest (`against-pass`), or so that failing is (`against-fail`).
 */
export type View = 'measured' | 'against-pass' | 'against-fail'

/** A time of a message, ms; +Infinity where what it waits for never came. */
export type TimeOf = (message: MessageRecord) => number

/**
 * From the instant the plan wanted it said to its first token, ms. +Infinity without one: it ranks above every answer and is never dropped. So does one
 * that failed after its first token: an error that came fast is no fast answer.
 */
export const ttft: TimeOf = (message) => since(message, message.firstTokenAt)

/** The same to the first *content*, what a person reads: reasoning and tool arguments do not count. */
export const firstVisible: TimeOf = (message) => since(message, message.firstVisibleAt)

function since({ dueAt, outcome }: MessageRecord, at: number | null): number {
  return at === null || outcome.kind === 'failed' ? Infinity : at - dueAt
}

/**
 * The least that a perfect tester, and a mock that is never late, could have seen: the time less the message's error bound and less the mock's
 * own lateness where its journal has it. Never below 0. A message that was never answered stays +Infinity: that is not the tester's doing.
 */
export function earliest(message: MessageRecord, of: TimeOf = ttft): number {
  return Math.max(0, of(message) - message.errorBound - mockLateness(message))
}

/** How much later than it meant to our mock wrote the first token, ms; 0 where its journal does not tell. */
export function mockLateness({ upstream }: MessageRecord): number {
  if (upstream === null || upstream.firstTokenAt === null || upstream.firstTokenDueAt === null) return 0
  return Math.max(0, upstream.firstTokenAt - upstream.firstTokenDueAt)
}

/** The time of a message that is judged. Against a pass it is as measured, which is the latest that it can have been; against a fail the earliest. */
export function judgedTime(message: MessageRecord, view: View, of: TimeOf = ttft): number {
  return view === 'against-fail' ? earliest(message, of) : of(message)
}

/** The time of a message that others are compared with (quiet median, limit, quiet share, short dose): moved the other way. */
export function referenceTime(message: MessageRecord, view: View, of: TimeOf = ttft): number {
  return view === 'against-pass' ? earliest(message, of) : of(message)
}

/** Whether the message is evidence of the system: those that the tester itself broke off are not. */
export function isEvidence({ outcome }: MessageRecord): boolean {
  return outcome.kind === 'answered' || outcome.code !== 'cancelled'
}
