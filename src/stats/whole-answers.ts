import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
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
}

/**
 * Answers of these labels that did not come to their own end, or not complete: every word once and in order, where the words are numbered. A real
 * model tells a story of its own length; one that was over before any time-out could have cut it says nothing of the time-outs.
 */
export function wholeAnswers(run: Run, side: string, labels: readonly string[]): WholeAnswers {
  const counted = said(run, side).filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  const whole = counted.map(({ message }) => message).filter(({ outcome }) => outcome.kind === 'answered')
  return {
    ...offences(counted, broken),
    longest: whole.length === 0 ? undefined : longestOf(whole),
    numbered: counted.filter(({ message }) => message.integrity !== null).length,
    untested: untested(run, labels, whole),
  }
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
