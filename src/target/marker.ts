import type { Utterance } from './target.ts'

/**
 * The text as it is sent. Where our mock listens, its last line is the marker that tells the mock whose answer this is and how to give it:
 * gateways forward a prompt verbatim, and no headers.
 */
export function marked(utterance: Utterance): string {
  const { id, text, mock } = utterance
  if (mock === undefined) return text
  return `${text}\n[[ft1 id=${id} tokens=${mock.tokens} first=${mock.firstTokenAfter} gap=${mock.gap}]]`
}
