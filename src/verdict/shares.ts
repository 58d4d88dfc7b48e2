import type { Run } from '../sample/run-file.ts'
import { type Count, type Interval, leastSample, proportionInterval } from '../stats/binomial.ts'
import { designEffect } from '../stats/design-effect.ts'
import { areToo, counted } from './wording.ts'

/** MEASURING §4: below this many rounds the spread between rounds is not known, and no claim is decided. */
export const leastRounds = 6

/** Zero tolerance and mechanism need no spread: as many rounds as the first look has, where those are fewer. A scenario of batches has three, one if quick. */
export const roundsNeeded = (run: Run): number => Math.min(leastRounds, run.header.rules.looks[0] ?? leastRounds)

/** Counts as if the messages were independent: both divided by the design effect of their rounds. */
export function effective(counts: Count, rounds: readonly Count[]): Count {
  const effect = designEffect(rounds)
  return { events: counts.events / effect, n: counts.n / effect }
}

/** One-sided limits of a share at `alpha` each, with its rounds' spread taken into account. All of it where there are no samples. */
export function shareInterval(counts: Count, rounds: readonly Count[], alpha: number): Interval {
  return proportionInterval({ ...effective(counts, rounds), alpha })
}

/** The largest share that no event in `n` leaves possible: 1 − alpha^(1/n). */
export const atMostAfterNone = (n: number, alpha: number): number => (proportionInterval({ events: 0, n, alpha }).high)

/** What is missing before anything can be passed: a sentence without its full stop, undefined where nothing is. */
export function roundShortage(n: number, rounds: number, least = leastRounds): string | undefined {
  if (n === 0) return 'there is no sample'
  return rounds < least ? `${counted(rounds, 'round')} ${areToo(rounds)} few, it takes ${least}` : undefined
}

/** What is missing before a share of at most `bound` can be shown at all. `noun` is one of the sample. */
export function sampleShortage(n: number, rounds: number, bound: number, alpha: number, noun = 'message'): string | undefined {
  const least = leastSample(bound, alpha)
  return roundShortage(n, rounds) ?? (n < least ? `${counted(n, noun)} ${areToo(n)} few, it takes ${least}` : undefined)
}
