import type { MessageRecord } from '../sample/message.ts'
import type { Count } from './binomial.ts'
import { type Episodes, episodesOf, type Said } from './said.ts'

/** Messages that are held to a rule, and those that broke it. */
export interface Offences {
  readonly n: number
  readonly offending: number
  /** One per round with such a message; `events` are those that broke the rule. */
  readonly rounds: readonly Count[]
  readonly episodes: Episodes
  /** Labels of which there was one at least. */
  readonly labels: readonly string[]
  /** Up to three: `m-17 behindSaga: 12 of 100 missing (truncated)`. */
  readonly examples: readonly string[]
}

const mostExamples = 3

/** @param offence what a message did, in a few words; undefined where it kept to the rule. */
export function offences(messages: readonly Said[], offence: (message: MessageRecord) => string | undefined): Offences {
  const rounds = new Map<number, { events: number; n: number }>()
  const examples: string[] = []
  let offending = 0
  for (const { message, record } of messages) {
    const what = offence(message)
    const counts = rounds.get(record.round) ?? { events: 0, n: 0 }
    rounds.set(record.round, { events: counts.events + (what === undefined ? 0 : 1), n: counts.n + 1 })
    if (what === undefined) continue
    offending += 1
    if (examples.length < mostExamples) examples.push(`${message.id} ${message.phase}: ${what}`)
  }
  return { n: messages.length, offending, rounds: [...rounds.values()], episodes: episodesOf(messages), labels: [...new Set(messages.map(({ message }) => message.label))], examples }
}
