import type { Utterance } from './target.ts'

/**
 * The text as it is sent. Where our mock listens, its last line is the marker that tells the mock whose answer this is and how to give it:
 * gateways forward a prompt verbatim, and no headers.
 */
export function marked(utterance: Utterance): string {
  const { id, text, mock } = utterance
  if (mock === undefined) return text
  const { tokens, firstTokenAfter, gap, fault, times, search, pages, pagebytes, reasoning, shape } = mock
  const values = Object.entries({ id, tokens, first: firstTokenAfter, gap, fault, times, search, pages, pagebytes, reasoning, shape })
  return `${text}\n[[ft1 ${values.filter(([, value]) => value !== undefined).map(([key, value]) => `${key}=${value}`).join(' ')}]]`
}
