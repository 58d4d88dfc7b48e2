import type { FailureCode, MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { failedAt, type Said } from './said.ts'
import { isEvidence } from './ttft.ts'

/** Messages at which the model was to fail, or their page's network. */
export interface Failures {
  /** It did, and what became of the message is the system's doing. */
  readonly exposed: readonly Said[]
  /** It did not: the message never got so far, or the journal does not have it. */
  readonly unexposed: number
  /** Of those, the ones that nothing ended: whatever they waited for, the person saw no error. */
  readonly stranded: number
}

/** Ends that the tester made because nothing came: no error, however late. */
export const noError: ReadonlySet<FailureCode> = new Set<FailureCode>(['hung', 'silent', 'no-first-token', 'over-deadline', 'not-delivered'])

/**
 * Of these messages those of which the mock says that it did what it was to do, or whose page lost its network; and those that were answered all the same: of a model that was to fail there is
 * no answer.
 */
export function failures({ header: { scenario } }: Run, messages: readonly Said[], labels: readonly string[]): Failures {
  // An answer that was over before its page was to lose the network is one that nothing happened to.
  const wasToLast = ({ label }: MessageRecord): boolean => scenario.messages[label]?.fault?.kind === 'offline'
  const asked = messages.filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  const isExposed = ({ message }: Said): boolean => failedAt(message) !== undefined || (message.outcome.kind === 'answered' && !wasToLast(message))
  const exposed = asked.filter(isExposed)
  const stranded = asked.filter((one) => !isExposed(one) && one.message.outcome.kind === 'failed' && noError.has(one.message.outcome.code))
  return { exposed, unexposed: asked.length - exposed.length, stranded: stranded.length }
}

/** Whether a frame that was no JSON did no harm: every word came, and the answer ended. */
export function wasRepaired(run: Run, { label, outcome, integrity }: MessageRecord): boolean {
  return run.header.scenario.messages[label]?.fault?.kind === 'garbage' && outcome.kind === 'answered' && integrity?.missing === 0 && integrity.checksumMatches === true
}
