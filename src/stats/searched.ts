import type { Upstream } from '../sample/message.ts'

/**
 * When our mock was searched for a message: before the model was asked for the answer that came out, only afterwards, or not at all. Both instants are
 * the mock's own, so that no clock error is between them.
 */
export function searched({ receivedAt, others }: Pick<Upstream, 'receivedAt' | 'others'>): 'before' | 'afterwards' | 'never' {
  const searches = others.filter(({ kind }) => kind === 'search')
  if (searches.length === 0) return 'never'
  return searches.some((search) => search.receivedAt < receivedAt) ? 'before' : 'afterwards'
}
