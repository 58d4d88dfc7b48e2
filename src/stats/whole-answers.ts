import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { MessageSpec } from '../scenario/spec.ts'
import { type Offences, offences } from './offences.ts'
import { said } from './said.ts'
import { isEvidence } from './ttft.ts'

export interface WholeAnswers extends Offences {
  /** How long the longest of them was being answered, from when it was said to its end, ms; undefined without one that ended well. */
  readonly longest: number | undefined
  /** How many had numbered tokens; of the others only is known that they ended well. */
  readonly numbered: number
  /** The time within which the scenario says an error comes, where it asks for an answer that lasts longer and none did, ms; undefined else. */
  readonly untested: number | undefined
  /** Labels that were to lose their connection in the middle of the answer, and none of which did. */
  readonly kept: readonly string[]
}

/**
 * Answers of these labels that did not come to their own end, or not complete: every word once and in order, where the words are numbered. A real
 * model tells a story of its own length; one that was over before any time-out could have cut it says nothing of the time-outs. And one that was over before
 * its page lost the connection is not counted as one that came whole in spite of it.
 */
export function wholeAnswers(run: Run, side: string, labels: readonly string[]): WholeAnswers {
  const { messages } = run.header.scenario
  const asked = said(run, side).filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  const counted = asked.filter(({ message }) => message.outcome.kind === 'failed' || wasAway(message, messages[message.label]))
  const whole = counted.map(({ message }) => message).filter(({ outcome }) => outcome.kind === 'answered')
  return {
    ...offences(counted, broken),
    longest: whole.length === 0 ? undefined : longestOf(whole),
    numbered: counted.filter(({ message }) => message.integrity !== null).length,
    untested: untested(run, labels, whole),
    kept: labels.filter((label) => messages[label]?.loses !== undefined && !asked.some(({ message }) => message.label === label && wasAway(message, messages[label]))),
  }
}

/** Whether its page was away as the scenario wants it: in the middle of the answer; where that is the shorter of the two, at its end as well. */
function wasAway({ lostAt, rejoinedAt = Infinity, upstream }: MessageRecord, spec: MessageSpec | undefined): boolean {
  if (spec?.loses === undefined) return true
  if (lostAt === undefined) return false
  const isToMissTheEnd = upstream !== null && (spec.mock.lasts ?? Infinity) < spec.loses.forTime
  return !isToMissTheEnd || (upstream.lastTokenAt !== null && upstream.lastTokenAt < rejoinedAt)
}

const longestOf = (answers: readonly MessageRecord[]): number => Math.max(...answers.map(({ startedAt, endedAt }) => endedAt - startedAt))

function untested({ header: { scenario } }: Run, labels: readonly string[], whole: readonly MessageRecord[]): number | undefined {
  const promised = scenario.params?.['errorWithin']
  if (promised === undefined) return undefined
  const long = labels.filter((label) => (scenario.messages[label]?.mock.lasts ?? 0) > promised)
  return long.length > 0 && !whole.some((message) => long.includes(message.label) && longestOf([message]) > promised) ? promised : undefined
}

function broken({ integrity, outcome }: MessageRecord): string | undefined {
  if (outcome.kind === 'failed') return `${outcome.code} after ${outcome.afterTokens} words`
  if (integrity === null) return undefined
  if (integrity.missing > 0) return `${integrity.missing} of ${integrity.expected} words missing`
  return integrity.checksumMatches === true ? undefined : 'the text is not what the mock wrote'
}
