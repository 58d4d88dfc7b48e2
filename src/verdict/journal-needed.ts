import type { ClaimSpec } from '../scenario/spec.ts'

/** Why these cannot be shown without the journal of our mock. */
const reasons: { readonly [Measure in ClaimSpec['measure']]?: string } = {
  addedToFirstToken: "only our mock model tells how long its first token took by itself",
  connectionCost: 'only our mock model tells when a request reached it, and over which connection',
  coalescedShare: 'a model may send several tokens at once by itself, and only our mock model tells when it wrote them',
  requestsPerSocket: 'only our mock model tells over which connection a request reached it',
}

/** Why a claim cannot be shown where no mock of ours is known behind the side; undefined where it can. */
export function withoutJournal({ measure }: ClaimSpec): string | undefined {
  const why = reasons[measure]
  return why === undefined ? undefined : `${why}, and none is known to be behind this side: put \`first-token mock\` behind it and give its address with --mock`
}
