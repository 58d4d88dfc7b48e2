// When which row of the detection matrix is measured: how long a row takes is known beforehand, because it waits for most of its time.

/** What these wait for is seconds long. */
export const patientScenarios: readonly string[] = ['web-search', 'disconnect', 'page', 'thread-pool']

/** Rows that wait for minutes and do nothing besides: they are measured beside everything else, one scenario's after another's. */
export const slowestRows: Readonly<Record<string, readonly string[]>> = {
  'web-search': ['slots=none,stallsEvery=1,stallFor=10500'],
  // A word that does not come is waited for.
  'multi-worker': ['lanes=4,socketsInMemory=true', 'lanes=2,socketsInMemory=true'],
}

/** How many times as long as most rows of its scenario a row takes, warm-up included, where that is much: what it waits for is long. */
export const longRows: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  concurrent: { 'slots=none,tailEvery=10,tailDelay=700,tailWhen=busy': 4, 'slots=none,delayAfter=150': 1.4 },
  'simple-chat': { 'tailEvery=10,tailDelay=3100,tailWhen=always': 14, 'slots=none,delayAfter=3500': 9, 'healthDelay=1500': 2, 'reasoning=3': 2 },
  'web-search': { 'slots=1,healthBlocks=true': 2.6, 'slots=1': 2.4, 'search=blocking': 2.2, 'drops=tokens': 1.7, 'search=late': 1.6, none: 1.5 },
  disconnect: { 'delaysErrors=8000': 4.5, 'upstreamTimeout=idle:8000': 3, 'keepsUpstream=true': 2.5, 'upstreamTimeout=none': 2.2, 'cancelsLate=3000': 1.4, 'delayAfter=150': 1.2 },
  capacity: { 'delayAfter=150': 4 },
  crowd: { 'slots=1': 4 },
  'multi-worker': { 'slots=1': 1.8 },
}

/** Deals rows of a scenario to so many hands, the longest first, each to the hand that has least to do, so that all end at about the same time. No hand is empty. */
export function dealt(scenario: string, rows: readonly string[], hands: number): string[][] {
  const length = (row: string): number => longRows[scenario]?.[row] ?? 1
  const held = Array.from({ length: Math.min(hands, rows.length) }, () => ({ rows: [] as string[], length: 0 }))
  for (const row of rows.toSorted((one, other) => length(other) - length(one))) {
    const lightest = held.reduce((least, hand) => (hand.length < least.length ? hand : least))
    lightest.rows.push(row)
    lightest.length += length(row)
  }
  return held.map((hand) => hand.rows)
}

/**
 * How many stacks are measured at the same time. Most of the time they wait for a model that is slow or silent on purpose; what one of them adds to the
 * others is small beside their bounds, and where it is not a row stays undecided and is measured once more.
 */
export const lanesOf: Readonly<Record<string, number>> = { concurrent: 2, 'simple-chat': 3, 'web-search': 3, disconnect: 4, 'long-story': 4, capacity: 2, crowd: 2, 'multi-worker': 2, page: 3, 'second-message': 3, 'idle-then-send': 3, 'thread-pool': 3, 'db-pressure': 2 }
