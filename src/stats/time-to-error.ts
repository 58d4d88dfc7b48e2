import type { MessageRecord } from '../sample/message.ts'
import type { RoundRecord, Run } from '../sample/run-file.ts'
import { failures, noError, wasRepaired } from './failures.ts'
import { failedAt, said, type Said } from './said.ts'
import type { View } from './ttft.ts'

/** One message, and how long what it waited for took. */
export interface Timed {
  readonly id: string
  readonly label: string
  /** ms; +Infinity where it did not come while somebody watched. */
  readonly time: number
  /** How long it surely took, ms: `time` where it came, else for how long somebody watched; +Infinity where it cannot come any more. */
  readonly shown: number
  /** For how long somebody watched, ms. */
  readonly watched: number
}

export interface TimeToError {
  readonly timed: readonly Timed[]
  /** Messages at which the model did not fail after all. */
  readonly unexposed: number
  /** Of those, the ones that nothing ended while they waited for their turn. */
  readonly stranded: number
  /** Failures that the system got over: there was no error to wait for. */
  readonly repaired: number
  /** Of each label that was exposed, in how many batches (or windows) it was. */
  readonly episodes: ReadonlyMap<string, number>
}

/**
 * From the instant at which the model failed, by its own journal, or the page lost its network, to the end that the person saw, in rounds that were kept. Whatever ended the wait
 * counts as its end; whether it was the right thing to say is for the wrong errors. A message that nothing ended took for ever.
 */
export function timeToError(run: Run, side: string, labels: readonly string[], view: View): TimeToError {
  const { exposed, unexposed, stranded } = failures(run, said(run, side).filter(({ record }) => record.kept), labels)
  const failed = exposed.filter(({ message }) => !wasRepaired(run, message))
  return {
    timed: failed.map(({ message, record }) => waited(message, record, view)),
    unexposed,
    stranded,
    repaired: exposed.length - failed.length,
    episodes: episodesByLabel(exposed),
  }
}

function waited(message: MessageRecord, record: RoundRecord, view: View): Timed {
  const { id, label, endedAt, outcome } = message
  const watched = Math.max(0, endedAt - (failedAt(message) ?? endedAt))
  const came = outcome.kind === 'answered' || !noError.has(outcome.code)
  // The stamp of the end is late at most, and that of a lost network early, so that the time as measured is the longest that it can have been, but for the clocks.
  const stamps = (message.endErrorBound ?? message.errorBound) + (message.offlineErrorBound ?? 0)
  const moved = view === 'measured' ? 0 : view === 'against-pass' ? clockError(record) : -stamps - clockError(record)
  const time = Math.max(0, watched + moved)
  // What the server is through with and has told nobody cannot come any more.
  return { id, label, watched, shown: outcome.kind === 'failed' && outcome.code === 'not-delivered' ? Infinity : time, time: came ? time : Infinity }
}

/** By how much the clocks of tester and mock may differ in a round, ms; one clock differs by nothing. */
export const clockError = ({ clock }: RoundRecord): number => (clock === null || clock.oneClock ? 0 : clock.bound + clock.drift)

/** How many batches, or windows with a blocker, each label was in. */
export function episodesByLabel(messages: readonly Said[]): Map<string, number> {
  const keys = new Map<string, Set<string>>()
  for (const { message, record, episode } of messages) keys.set(message.label, (keys.get(message.label) ?? new Set()).add(episode?.key ?? `${record.round}/${message.phase}`))
  return new Map([...keys].map(([label, each]) => [label, each.size]))
}
