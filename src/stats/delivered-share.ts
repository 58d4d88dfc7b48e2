import type { Integrity, MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type Offences, offences } from './offences.ts'
import { said } from './said.ts'
import { isEvidence } from './ttft.ts'

export interface Delivered extends Offences {
  /** Of those of which nothing came, the ones whose answer was finished all the same, at the server or at our mock: it was told to somebody else, or to nobody. */
  readonly finishedUnseen: number
  /** Of all of them, the numbered tokens that came, and that were asked for; both 0 where nobody numbered any. */
  readonly tokens: { readonly came: number; readonly asked: number }
}

/** Answers of these labels of which not one word came to whoever had asked, whatever became of them; those that came in part are for the whole answers. */
export function deliveredShare(run: Run, side: string, labels: readonly string[]): Delivered {
  const counted = said(run, side).filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  const sum = (of: (integrity: Integrity) => number): number => counted.reduce((total, { message: { integrity } }) => total + (integrity === null ? 0 : of(integrity)), 0)
  return {
    ...offences(counted, undelivered),
    finishedUnseen: counted.filter(({ message }) => undelivered(message) !== undefined && isFinished(message)).length,
    tokens: { came: sum(({ expected, missing }) => expected - missing), asked: sum(({ expected }) => expected) },
  }
}

function undelivered({ firstTokenAt, outcome }: MessageRecord): string | undefined {
  if (firstTokenAt !== null) return undefined
  return outcome.kind === 'failed' ? outcome.code : 'no word of it'
}

const isFinished = ({ outcome, upstream, integrity }: MessageRecord): boolean => (outcome.kind === 'failed' && outcome.code === 'not-delivered') || (upstream !== null && integrity !== null && upstream.tokensWritten >= integrity.expected)
