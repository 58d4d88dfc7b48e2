import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type Offences, offences } from './offences.ts'
import { said } from './said.ts'
import { isEvidence } from './ttft.ts'

export interface Delivered extends Offences {
  /** Of those of which nothing came, the ones whose answer was finished all the same, at the server or at our mock: it was told to somebody else, or to nobody. */
  readonly finishedUnseen: number
}

/** Answers of these labels of which not one word came to whoever had asked, whatever became of them; those that came in part are for the whole answers. */
export function deliveredShare(run: Run, side: string, labels: readonly string[]): Delivered {
  const counted = said(run, side).filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  return { ...offences(counted, undelivered), finishedUnseen: counted.filter(({ message }) => undelivered(message) !== undefined && isFinished(message)).length }
}

function undelivered({ firstTokenAt, outcome }: MessageRecord): string | undefined {
  if (firstTokenAt !== null) return undefined
  return outcome.kind === 'failed' ? outcome.code : 'no word of it'
}

const isFinished = ({ outcome, upstream, integrity }: MessageRecord): boolean => (outcome.kind === 'failed' && outcome.code === 'not-delivered') || (upstream !== null && integrity !== null && upstream.tokensWritten >= integrity.expected)
