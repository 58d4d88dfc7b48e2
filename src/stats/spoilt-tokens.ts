import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { type Offences, offences } from './offences.ts'
import { said } from './said.ts'

/** How a numbered token can be wrong that did arrive: of another answer, before its turn, once too often. */
export type Spoilt = 'foreign' | 'reordered' | 'duplicated'

/**
 * Messages whose answer has such a token, over everything whose tokens the mock numbered: also where the model was to fail or the person left, for
 * what came before has to be right all the same.
 */
export function spoiltTokens(run: Run, side: string, what: Spoilt, labels?: readonly string[]): Offences & { readonly tokens: number } {
  const counted = said(run, side).filter(({ message }) => message.integrity !== null && (labels === undefined || labels.includes(message.label)))
  const tokens = (message: MessageRecord): number => message.integrity?.[what] ?? 0
  return {
    ...offences(counted, (message) => (tokens(message) === 0 ? undefined : `${tokens(message)} of ${message.integrity?.received ?? 0}`)),
    tokens: counted.reduce((sum, { message }) => sum + tokens(message), 0),
  }
}
