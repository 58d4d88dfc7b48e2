import { isMilliseconds, type Milliseconds } from '../duration.ts'
import type { Bounds, ClaimSpec, Statistic } from './spec.ts'

/** The one comparator of the language, over a bound of type `B`: a length of time, or a plain number. Equality passes. */
export interface Comparable<B> {
  /** Passes at or below `bound`; fails above `failAbove`, by default the same bound; between the two it warns. */
  atMost(bound: B, options?: { readonly failAbove: B }): ClaimSpec
}

type Percentiles = { readonly [S in Statistic]: Comparable<Milliseconds> }

/** The measures a claim can be about. `M` are the scenario's message labels, `P` its phases: a misspelt one does not compile. */
export interface Measures<M extends string, P extends string> {
  /** From the instant the plan wanted `message` said to its first visible word, over the phases `during`. */
  readonly firstVisible: (message: M, where: { readonly during: readonly P[] }) => Percentiles
  /** The share of the exposed `message`s that came later than in the `quiet` phase by more than the stall limit: head-of-line blocking. */
  readonly stalledShare: (message: M, where: { readonly during: readonly P[]; readonly quiet: P }) => Comparable<number>
  /** How much longer `message` waits for each further second that the blocker lasts: about 1 is serialised, about 0 independent. */
  readonly delayGrowth: (message: M, where: { readonly from: P; readonly to: P }) => Comparable<number>
  /** Messages whose answer lacks a word that the model wrote. */
  readonly lostTokens: () => Comparable<number>
}

/** What a claim is about, where an author without a compiler may have left it out. */
function given<W extends object>(measure: string, where: W | undefined, members: readonly (keyof W & string)[]): W {
  const missing = members.filter((name) => where?.[name] === undefined)
  if (where === undefined || missing.length > 0) throw new TypeError(`${measure} needs to be told ${missing.join(' and ')}, as in ${measure}('hello', { ${members.join(', ')} })`)
  return where
}

function bounds(pass: unknown, fail: unknown, wantsTime: boolean, most = Infinity): Bounds {
  const read = (bound: unknown): number => {
    if (wantsTime) {
      if (!isMilliseconds(bound)) throw new TypeError(`a bound on a time is ms(…), seconds(…) or minutes(…), not ${JSON.stringify(bound)}`)
      return bound.milliseconds
    }
    if (typeof bound !== 'number' || !Number.isFinite(bound) || bound < 0) throw new TypeError(`a bound is a number of at least 0, not ${JSON.stringify(bound)}`)
    if (bound > most) throw new TypeError(`a share is at most 1, not ${bound}: write 0.02 for 2 %`)
    return bound
  }
  const both = { pass: read(pass), fail: read(fail ?? pass) }
  if (both.fail < both.pass) throw new TypeError(`failAbove (${both.fail}) is below the bound that passes (${both.pass})`)
  return both
}

/** The measures handed to a scenario's `claims`. They compute nothing: they write down what is to be judged. */
export function measures<M extends string, P extends string>(): Measures<M, P> {
  return {
    firstVisible: (message, where) => {
      const { during } = given('firstVisible', where, ['during'])
      const at = (statistic: Statistic): Comparable<Milliseconds> => ({
        atMost: (bound, options) => ({ measure: 'firstVisible', message, during: [...during], statistic, unit: 'ms', bounds: bounds(bound, options?.failAbove, true) }),
      })
      return { p50: at('p50'), p90: at('p90'), p95: at('p95'), p99: at('p99') }
    },
    stalledShare: (message, where) => {
      const { during, quiet } = given('stalledShare', where, ['during', 'quiet'])
      return { atMost: (bound, options) => ({ measure: 'stalledShare', message, during: [...during], quiet, unit: 'share', bounds: bounds(bound, options?.failAbove, false, 1) }) }
    },
    delayGrowth: (message, where) => {
      const { from, to } = given('delayGrowth', where, ['from', 'to'])
      return { atMost: (bound, options) => ({ measure: 'delayGrowth', message, from, to, unit: 'ratio', bounds: bounds(bound, options?.failAbove, false) }) }
    },
    lostTokens: () => ({
      atMost: (bound, options) => ({ measure: 'lostTokens', unit: 'count', bounds: bounds(bound, options?.failAbove, false) }),
    }),
  }
}
