import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { isEvidence } from './ttft.ts'
import { saidRounds } from './windows.ts'

export interface LostTokens {
  /** Messages whose tokens could be counted, and those that failed. */
  readonly messages: number
  readonly lostMessages: number
  readonly missing: number
  readonly duplicated: number
  readonly reordered: number
  /** Tokens of another answer. */
  readonly foreign: number
  /** Loaded phases, over all rounds, in which a message could be counted. */
  readonly episodes: number
  /** Up to three messages that lost something: `m-17 behindSaga: 12 of 100 missing (truncated)`. */
  readonly examples: readonly string[]
}

const mostExamples = 3

/**
 * What became of the numbered tokens of the mock, over everything that was said, also in rounds that were said again: what is lost is lost however
 * long the tester stood still. A message has lost words if tokens are missing, which includes an answer that broke off or was refused (a 500 has lost
 * them all), or if the text is not the text that the mock wrote: one word twice, one of somebody else's answer, one behind the end. Where nobody
 * numbered the tokens, an answer that failed has lost words all the same; of the others nothing is known, and they are not counted. Nor are messages
 * that the tester cancelled.
 */
export function lostTokens(run: Run, side: string): LostTokens {
  const totals = { messages: 0, lostMessages: 0, missing: 0, duplicated: 0, reordered: 0, foreign: 0, episodes: 0 }
  const examples: string[] = []
  for (const round of saidRounds(run, side)) {
    for (const window of round.windows.values()) {
      const counted = [...window.probes, ...window.blockers].filter(isEvidence).filter((message) => round.record.kept || !isTimersDoing(message))
      if (window.blockers.length > 0 && counted.some(({ integrity }) => integrity !== null)) totals.episodes += 1
      for (const message of counted) add(totals, examples, message)
    }
  }
  return { ...totals, examples }
}

/** After a pause of the tester its own timers go off before it reads what came meanwhile: such an end is no finding about a round that was thrown away for the pause. */
const isTimersDoing = ({ outcome }: MessageRecord): boolean => outcome.kind === 'failed' && (outcome.code === 'hung' || outcome.code === 'connect-timeout')

function add(totals: Record<'messages' | 'lostMessages' | 'missing' | 'duplicated' | 'reordered' | 'foreign', number>, examples: string[], message: MessageRecord): void {
  const { integrity } = message
  if (integrity === null) {
    if (message.outcome.kind === 'failed') addFailed(totals, examples, message)
    return
  }
  const missing = missingOf(integrity, message.outcome.kind === 'failed')
  totals.messages += 1
  totals.missing += missing
  totals.duplicated += integrity.duplicated
  totals.reordered += integrity.reordered
  totals.foreign += integrity.foreign
  // The checksum ends the answer: where it did not arrive, the end did not.
  if (missing + integrity.duplicated + integrity.reordered + integrity.foreign === 0 && integrity.checksumMatches === true) return
  totals.lostMessages += 1
  if (examples.length < mostExamples) examples.push(example(message, missing))
}

function addFailed(totals: Record<'messages' | 'lostMessages', number>, examples: string[], { id, phase, outcome }: MessageRecord): void {
  totals.messages += 1
  totals.lostMessages += 1
  if (examples.length < mostExamples && outcome.kind === 'failed') examples.push(`${id} ${phase}: ${outcome.code}`)
}

/** Of a failed answer also what was expected and did not come at all. */
function missingOf({ missing, expected, received }: NonNullable<MessageRecord['integrity']>, failed: boolean): number {
  return failed ? Math.max(missing, expected - received) : missing
}

function example({ id, phase, integrity, outcome }: MessageRecord, missing: number): string {
  const what = missing > 0 ? `${missing} of ${integrity?.expected ?? 0} missing` : 'the text is not what the mock wrote'
  return `${id} ${phase}: ${what}${outcome.kind === 'failed' ? ` (${outcome.code})` : ''}`
}
