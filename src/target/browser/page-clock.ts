/** One reading of a page's clock: ours before and after, the page's in between. Milliseconds. */
export interface PageReading {
  readonly sentAt: number
  readonly pageAt: number
  readonly receivedAt: number
}

/** How a page's `performance.now()` is told in run time: run = page + offset, known to ± `bound`, ms. */
export interface PageClock {
  readonly offset: number
  readonly bound: number
}

/** Browsers round what a page may know of the time to this, ms. */
const resolution = 0.1

/** From the reading with the smallest round trip: somewhere in it the page looked at its clock. @throws {RangeError} without a reading. */
export function pageClock(readings: readonly PageReading[]): PageClock {
  const [first, ...rest] = readings
  if (first === undefined) throw new RangeError('a clock cannot be told without reading it')
  const trip = ({ sentAt, receivedAt }: PageReading): number => receivedAt - sentAt
  const best = rest.reduce((one, other) => (trip(other) < trip(one) ? other : one), first)
  return { offset: (best.sentAt + best.receivedAt) / 2 - best.pageAt, bound: trip(best) / 2 + resolution }
}
