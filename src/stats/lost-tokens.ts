import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type Offences, offences } from './offences.ts'
import { meantWhole, said } from './said.ts'

export interface LostTokens extends Offences {
  readonly missing: number
  readonly duplicated: number
  readonly reordered: number
  /** Tokens of another answer. */
  readonly foreign: number
}

/**
 * What became of the numbered tokens of the mock, over everything that was meant to be answered whole, also in rounds that were said again: what is
 * lost is lost however long the tester stood still. A message has lost words if tokens are missing, which includes an answer that broke off or was
 * refused (a 500 has lost them all), or if the text is not the text that the mock wrote: one word twice, one of somebody else's answer, one behind the
 * end. Where nobody numbered the tokens, an answer that failed has lost words all the same; of the others nothing is known, and they are not
 * counted. Nor are messages that the tester cancelled, or that the scenario breaks.
 */
export function lostTokens(run: Run, side: string, labels?: readonly string[]): LostTokens {
  const counted = meantWhole(run, said(run, side))
    .filter(({ message }) => labels === undefined || labels.includes(message.label))
    .filter(({ message }) => message.integrity !== null || message.outcome.kind === 'failed')
  const total = (of: (message: MessageRecord) => number): number => counted.reduce((sum, { message }) => sum + of(message), 0)
  return {
    ...offences(counted, loss),
    missing: total(missingOf),
    duplicated: total(({ integrity }) => integrity?.duplicated ?? 0),
    reordered: total(({ integrity }) => integrity?.reordered ?? 0),
    foreign: total(({ integrity }) => integrity?.foreign ?? 0),
  }
}

/** How an answer is not what the model wrote; undefined where it is, word for word, or where nobody numbered its words and it did not fail. */
function loss(message: MessageRecord): string | undefined {
  const { integrity, outcome } = message
  const code = outcome.kind === 'failed' ? outcome.code : undefined
  if (integrity === null) return code
  const missing = missingOf(message)
  // The checksum ends the answer: where it did not arrive, the end did not.
  if (missing + integrity.duplicated + integrity.reordered + integrity.foreign === 0 && integrity.checksumMatches === true) return undefined
  const what = missing > 0 ? `${missing} of ${integrity.expected} missing` : 'the text is not what the mock wrote'
  return `${what}${code === undefined ? '' : ` (${code})`}`
}

/** Of a failed answer also what was expected and did not come at all. */
function missingOf({ integrity, outcome }: MessageRecord): number {
  if (integrity === null) return 0
  return outcome.kind === 'failed' ? Math.max(integrity.missing, integrity.expected - integrity.received) : integrity.missing
}
