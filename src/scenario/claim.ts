import { isMilliseconds, ms, type Milliseconds } from '../duration.ts'
import type { Bounds, ClaimSpec, EventClaim, ExtremeClaim, LookClaim, OverheadClaim, Statistic, TimeClaim } from './spec.ts'

/** A claim that a measure is small, over a bound of type `B`: a length of time, or a plain number. Equality passes. */
export interface Comparable<B> {
  /** Passes at or below `bound`; fails above `failAbove`, by default the same bound; between the two it warns. */
  atMost(bound: B, options?: { readonly failAbove: B }): ClaimSpec
}

/** A claim that a measure is large. Equality passes. */
export interface Attainable<B> {
  /** Passes at or above `bound`; fails below `failBelow`, by default the same bound; between the two it warns. */
  atLeast(bound: B, options?: { readonly failBelow: B }): ClaimSpec
}

type Percentiles<B> = { readonly [S in Statistic]: Comparable<B> }

/** The measures a claim can be about. `M` are the scenario's message labels, `P` its phases: a misspelt one does not compile. */
export interface Measures<M extends string, P extends string> {
  /** From the instant the plan wanted `message` said to its first visible word, over the phases `during`. */
  readonly firstVisible: (message: M, where: { readonly during: readonly P[] }) => Percentiles<Milliseconds>
  /** What the system adds to the model's own time to the first token. Needs the model's ledger: our mock. */
  readonly addedToFirstToken: (message: M, where: { readonly during: readonly P[] }) => Percentiles<Milliseconds>
  /** From the instant the plan wanted `message` said to the end of its answer. */
  readonly e2e: (message: M, where: { readonly during: readonly P[] }) => Percentiles<Milliseconds>
  /** What the new connections to the model that messages had to wait for cost them; 0 for a message that found one open. Needs our mock. */
  readonly connectionCost: (message: M, where: { readonly during: readonly P[] }) => Percentiles<Milliseconds>
  /** How much of an answer came in bursts: tokens that arrived together with the one before. */
  readonly coalescedShare: (message: M, where: { readonly during: readonly P[] }) => Percentiles<number>
  /** The share of the exposed `message`s that came later than in the `quiet` phase by more than the stall limit: head-of-line blocking. */
  readonly stalledShare: (message: M, where: { readonly during: readonly P[]; readonly quiet: P }) => Comparable<number>
  /** How much longer `message` waits for each further second that the blocker lasts: about 1 is serialised, about 0 independent. */
  readonly delayGrowth: (message: M, where: { readonly from: P; readonly to: P }) => Comparable<number>
  /** How long GET /health takes in the phases `during`, or in all of them; the scenario observes it. */
  readonly healthTime: (where?: { readonly during: readonly P[] }) => Percentiles<Milliseconds>
  /** How long a GET takes that needs the database, in the same way; the scenario observes it. */
  readonly databaseTime: (where?: { readonly during: readonly P[] }) => Percentiles<Milliseconds>
  /** Messages whose answer lacks a word that the model wrote. */
  readonly lostTokens: () => Comparable<number>
  /** Messages whose answer has words of somebody else's. */
  readonly foreignTokens: () => Comparable<number>
  /** Messages whose answer has its words in another order. */
  readonly reorderedTokens: () => Comparable<number>
  /** Messages whose answer says a word twice. */
  readonly duplicatedTokens: () => Comparable<number>
  /** The share of answers that came to their own end, complete. */
  readonly wholeAnswers: (...messages: readonly M[]) => Attainable<number>
  /** The share of messages of whose answer at least a word came to whoever had asked. */
  readonly deliveredShare: (...messages: readonly M[]) => Attainable<number>
  /** The share of searches whose sources really came. */
  readonly sourcesShown: (...messages: readonly M[]) => Attainable<number>
  /** From the instant the model failed, or said its last, until the person sees an error. */
  readonly timeToError: (...messages: readonly M[]) => Comparable<Milliseconds> & {
    /** Within the time that was promised: passes up to 2 s later, fails above 4/3 of it and 5 s later (MEASURING §2). */
    within(promised: Milliseconds): ClaimSpec
  }
  /** Failures of the model that the person is not told of, or is told of as something else. */
  readonly wrongErrors: (...messages: readonly M[]) => Comparable<number>
  /** From the instant a person leaves until the model knows. Needs our mock. */
  readonly timeToCancel: (...messages: readonly M[]) => Comparable<Milliseconds>
  /** How many equal answers were really told at one instant. */
  readonly effectiveConcurrency: (message: M, where: { readonly during: P }) => Attainable<number>
  /** Requests that a connection to the model carries. Needs our mock. */
  readonly requestsPerSocket: () => Attainable<number>
  /** What going `through` the system adds to going to the model `direct`. */
  readonly overhead: (message: M, where: { readonly through: P; readonly direct: P }) => { readonly [O in 'firstToken' | 'gap']: { readonly [S in OverheadClaim['statistic']]: Comparable<Milliseconds> } }
}

/** What a claim is about, where an author without a compiler may have left it out. */
function given<W extends object>(measure: string, where: W | undefined, members: readonly (keyof W & string)[]): W {
  const missing = members.filter((name) => where?.[name] === undefined)
  if (where === undefined || missing.length > 0) throw new TypeError(`${measure} needs to be told ${missing.join(' and ')}, as in ${measure}('hello', { ${members.join(', ')} })`)
  return where
}

function named(measure: string, messages: readonly string[]): readonly string[] {
  if (messages.length === 0) throw new TypeError(`${measure} needs to be told of which messages, as in ${measure}('story')`)
  return messages
}

function read(bound: unknown, wantsTime: boolean, most: number): number {
  if (wantsTime) {
    if (!isMilliseconds(bound)) throw new TypeError(`a bound on a time is ms(…), seconds(…) or minutes(…), not ${JSON.stringify(bound)}`)
    return bound.milliseconds
  }
  if (typeof bound !== 'number' || !Number.isFinite(bound) || bound < 0) throw new TypeError(`a bound is a number of at least 0, not ${JSON.stringify(bound)}`)
  if (bound > most) throw new TypeError(`a share is at most 1, not ${bound}: write 0.02 for 2 %`)
  return bound
}

function bounds(pass: unknown, fail: unknown, wantsTime: boolean, most = Infinity): Bounds {
  const both = { pass: read(pass, wantsTime, most), fail: read(fail ?? pass, wantsTime, most) }
  if (both.fail < both.pass) throw new TypeError(`failAbove (${both.fail}) is below the bound that passes (${both.pass})`)
  return both
}

function atLeast(make: (limits: Bounds) => ClaimSpec, most = Infinity): Attainable<number> {
  return {
    atLeast: (bound, options) => {
      const both = { pass: read(bound, false, most), fail: read(options?.failBelow ?? bound, false, most) }
      if (both.fail > both.pass) throw new TypeError(`failBelow (${both.fail}) is above the bound that passes (${both.pass})`)
      return make({ ...both, atLeast: true })
    },
  }
}

const atMostTime = (make: (limits: Bounds) => ClaimSpec): Comparable<Milliseconds> => ({ atMost: (bound, options) => make(bounds(bound, options?.failAbove, true)) })
const atMostNumber = (make: (limits: Bounds) => ClaimSpec, most = Infinity): Comparable<number> => ({ atMost: (bound, options) => make(bounds(bound, options?.failAbove, false, most)) })

function percentiles<C>(make: (statistic: Statistic) => C): { readonly [S in Statistic]: C } {
  return { p50: make('p50'), p90: make('p90'), p95: make('p95'), p99: make('p99') }
}

type TimeMeasure<M extends string, P extends string> = (message: M, where: { readonly during: readonly P[] }) => Percentiles<Milliseconds>

function timeMeasure<M extends string, P extends string>(measure: TimeClaim['measure']): TimeMeasure<M, P> {
  return (message, where) => {
    const { during } = given(measure, where, ['during'])
    return percentiles((statistic) => atMostTime((limits) => ({ measure, message, during: [...during], statistic, unit: 'ms', bounds: limits })))
  }
}

const lookMeasure = <P extends string>(measure: LookClaim['measure']) => (where?: { readonly during: readonly P[] }): Percentiles<Milliseconds> => {
  const phases = where === undefined ? {} : { during: [...given(measure, where, ['during']).during] }
  return percentiles((statistic) => atMostTime((limits) => ({ measure, ...phases, statistic, unit: 'ms', bounds: limits })))
}

const noneOf = (measure: EventClaim['measure']) => (): Comparable<number> => atMostNumber((limits) => ({ measure, unit: 'count', bounds: limits }))
const allOf = <M extends string>(measure: EventClaim['measure']) => (...messages: readonly M[]): Attainable<number> =>
  atLeast((limits) => ({ measure, messages: [...named(measure, messages)], unit: 'share', bounds: limits }), 1)
const longestOf = <M extends string>(measure: ExtremeClaim['measure']) => (...messages: readonly M[]): Comparable<Milliseconds> =>
  atMostTime((limits) => ({ measure, messages: [...named(measure, messages)], unit: 'ms', bounds: limits }))

/** aiohttp rounds deadlines of 5 s and more up to whole seconds; what is later than this is another deadline. */
const roundingOfDeadlines = 2_000
const lateDeadline = { factor: 4 / 3, more: 5_000 }

function overheadOf<M extends string, P extends string>(message: M, where: { readonly through: P; readonly direct: P }): ReturnType<Measures<M, P>['overhead']> {
  const { through, direct } = given('overhead', where, ['through', 'direct'])
  const at = (of: OverheadClaim['of'], statistic: OverheadClaim['statistic']): Comparable<Milliseconds> =>
    atMostTime((limits) => ({ measure: 'overhead', of, message, through, direct, statistic, unit: 'ms', bounds: limits }))
  return { firstToken: { p50: at('first token', 'p50'), p95: at('first token', 'p95') }, gap: { p50: at('gap', 'p50'), p95: at('gap', 'p95') } }
}

/** The measures handed to a scenario's `claims`. They compute nothing: they write down what is to be judged. */
export function measures<M extends string, P extends string>(): Measures<M, P> {
  return {
    firstVisible: timeMeasure('firstVisible'),
    addedToFirstToken: timeMeasure('addedToFirstToken'),
    e2e: timeMeasure('e2e'),
    connectionCost: timeMeasure('connectionCost'),
    coalescedShare: (message, where) => {
      const { during } = given('coalescedShare', where, ['during'])
      return percentiles((statistic) => atMostNumber((limits) => ({ measure: 'coalescedShare', message, during: [...during], statistic, unit: 'share', bounds: limits }), 1))
    },
    stalledShare: (message, where) => {
      const { during, quiet } = given('stalledShare', where, ['during', 'quiet'])
      return atMostNumber((limits) => ({ measure: 'stalledShare', message, during: [...during], quiet, unit: 'share', bounds: limits }), 1)
    },
    delayGrowth: (message, where) => {
      const { from, to } = given('delayGrowth', where, ['from', 'to'])
      return atMostNumber((limits) => ({ measure: 'delayGrowth', message, from, to, unit: 'ratio', bounds: limits }))
    },
    healthTime: lookMeasure('healthTime'),
    databaseTime: lookMeasure('databaseTime'),
    lostTokens: noneOf('lostTokens'),
    foreignTokens: noneOf('foreignTokens'),
    reorderedTokens: noneOf('reorderedTokens'),
    duplicatedTokens: noneOf('duplicatedTokens'),
    wholeAnswers: allOf('wholeAnswers'),
    deliveredShare: allOf('deliveredShare'),
    sourcesShown: allOf('sourcesShown'),
    timeToError: (...messages) => {
      const comparable = longestOf<M>('timeToError')(...messages)
      const within = (promised: Milliseconds): ClaimSpec => {
        const time = read(promised, true, Infinity)
        return comparable.atMost(ms(time + roundingOfDeadlines), { failAbove: ms(Math.max(lateDeadline.factor * time, time + lateDeadline.more)) })
      }
      return { ...comparable, within }
    },
    wrongErrors: (...messages) => atMostNumber((limits) => ({ measure: 'wrongErrors', messages: [...named('wrongErrors', messages)], unit: 'count', bounds: limits })),
    timeToCancel: longestOf('timeToCancel'),
    effectiveConcurrency: (message, where) => {
      const { during } = given('effectiveConcurrency', where, ['during'])
      return atLeast((limits) => ({ measure: 'effectiveConcurrency', message, during, unit: 'count', bounds: limits }))
    },
    requestsPerSocket: () => atLeast((limits) => ({ measure: 'requestsPerSocket', unit: 'ratio', bounds: limits })),
    overhead: overheadOf,
  }
}
