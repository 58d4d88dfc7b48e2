import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type Offences, offences } from './offences.ts'
import { said } from './said.ts'
import { searched } from './searched.ts'
import { isEvidence } from './ttft.ts'

/**
 * Searches of these labels whose sources did not come, those that failed included. Where our mock is behind the side it has to have been searched as
 * well, before the model was asked for the answer: a stack that names sources without having looked for any shows none.
 */
export function sourcesShown(run: Run, side: { readonly name: string; readonly hasMock: boolean }, labels: readonly string[]): Offences {
  const counted = said(run, side.name).filter(({ message }) => labels.includes(message.label) && isEvidence(message))
  return offences(counted, (message) => withoutSources(message, side.hasMock))
}

function withoutSources({ outcome, sources, upstream }: MessageRecord, hasMock: boolean): string | undefined {
  if (outcome.kind === 'failed') return outcome.code
  if (sources === undefined || sources === 0) return 'no sources'
  if (!hasMock) return undefined
  const when = upstream === null ? 'never' : searched(upstream)
  if (when === 'before') return undefined
  return `${sources} sources, and ${when === 'never' ? 'nothing was searched' : 'the search came after the question to the model'}`
}
