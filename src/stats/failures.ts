import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { Said } from './said.ts'
import { isEvidence } from './ttft.ts'

/** Messages at which the model was to fail. */
export interface Failures {
  /** It did, and what became of the message is the system's doing. */
  readonly exposed: readonly Said[]
  /** It did not: the message never got so far, or the journal does not have it. */
  readonly unexposed: number
}

/** Of these messages those of which the mock says that it did what it was to do. */
export function failures(messages: readonly Said[], labels: readonly string[]): Failures {
  const asked = messages.filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  const exposed = asked.filter(({ message }) => message.upstream?.faultAt !== undefined)
  return { exposed, unexposed: asked.length - exposed.length }
}

/** Whether a frame that was no JSON did no harm: every word came, and the answer ended. */
export function wasRepaired(run: Run, { label, outcome, integrity }: MessageRecord): boolean {
  return run.header.scenario.messages[label]?.fault?.kind === 'garbage' && outcome.kind === 'answered' && integrity?.missing === 0 && integrity.checksumMatches === true
}
