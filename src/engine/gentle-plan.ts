import type { Rules } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { type GentleLoad, type GentlePhase, gentlePhases } from '../stats/gentle-phases.ts'
import { blockerDurations, mockAnswer, repeats } from './plan.ts'

/** MEASURING §3: so many pairs of a blocker and one message, so many quiet messages before and between them; or quiet ones alone. */
const pairs = 12
/** Most of the quiet messages come first, so that it is known what a stall is; one each later, to see whether the system gets slower meanwhile. Round → count. */
const quietMessages: ReadonlyMap<number, number> = new Map([[1, 4], [5, 1], [9, 1]])
/** Of a phase that says messages alone. */
const mostAlone = 6
/** From the start of one message to the start of the next one, whoever it is said to, ms. */
export const leastInterval = 1_000
/** What is assumed of a model that nobody has seen yet, ms: a quiet answer, and a long one. */
const assumedTime = { quiet: 1_000, blocker: 10_000 }

/** How long answers may get, `max_tokens`: hellos, and everything longer. Our mock is always let to say what it was asked for. */
export interface AnswerLimits {
  readonly hello: number
  readonly story: number
}

export const answerLimits: AnswerLimits = { hello: 16, story: 400 }

/** One thing that is said in a round, and waited for. */
export type GentleStep =
  | { readonly kind: 'discarded'; readonly phase: string; readonly label: string; readonly isBlocker: boolean }
  | { readonly kind: 'quiet'; readonly phase: string; readonly label: string; readonly count: number }
  | { readonly kind: 'pair'; readonly phase: string; readonly label: string; readonly blocker: string }
  | { readonly kind: 'alone'; readonly phase: string; readonly label: string; readonly via: 'model' | undefined }
  | { readonly kind: 'batch'; readonly phase: string; readonly labels: readonly string[]; readonly copies: readonly number[]; readonly via: 'model' | undefined }

/** A step that says one message, or a pair. */
export type SingleStep = Exclude<GentleStep, { readonly kind: 'batch' }>

/** How a run without windows goes: with how many at once, and whether its batches are said in a third of the rounds. */
export interface GentleManner {
  readonly load: GentleLoad
  readonly quick: boolean
}

const gently: GentleManner = { load: 'gentle', quick: false }

/** The whole course of a side, a list of steps per round. */
export type GentleCourse = readonly (readonly GentleStep[])[]

export type GentlePlan =
  | {
    readonly kind: 'plan'
    readonly rounds: number
    /** Of one side. */
    readonly messages: number
    /** Answer tokens of one side, at most. */
    readonly tokens: number
    /** Of one side, about, ms. Of a system without our mock nobody knows how long its answers take. */
    readonly time: number
    /** Messages at once, at most. */
    readonly inFlight: number
    readonly phases: readonly { readonly name: string; readonly messages: number }[]
    /** Phases that cannot be said gently, and why; claims about them alone are skipped. */
    readonly leftOut: readonly { readonly name: string; readonly why: string }[]
  }
  | { readonly kind: 'refused'; /** A part of a sentence. */ readonly why: string }

/** What such a run of the scenario will say to one side, or why it can say nothing of it. */
export function gentlePlan(scenario: ScenarioSpec, hasMock: boolean, limits: AnswerLimits = answerLimits, manner: GentleManner = gently): GentlePlan {
  const { said, leftOut } = gentlePhases(scenario, hasMock, manner.load)
  if (said.length === 0) return { kind: 'refused', why: leftOut.map(({ name, why }) => `phase "${name}" ${why}`).join('; ') }
  const course = gentleCourse(scenario, hasMock, manner)
  const steps = course.flat()
  const total = (of: (step: GentleStep) => number): number => steps.reduce((sum, step) => sum + of(step), 0)
  const blockers = blockerDurations(scenario)
  const lasts = (label: string): number | undefined => (blockers[label] === undefined ? undefined : Math.max(leastBlocker, blockers[label]))
  // A page has no way to ask for a short answer.
  const tokens = (label: string, limit: number): number => (hasMock ? mockAnswer(scenario, label, lasts(label)).tokens : manner.load === 'pages' ? Infinity : limit)
  return {
    kind: 'plan',
    rounds: course.length,
    messages: total(messagesOf),
    tokens: total((step) => stepTokens(step, limits, tokens)),
    time: Math.round(total((step) => stepTime(scenario, hasMock, step))),
    inFlight: Math.max(1, ...steps.map(inFlightOf)),
    phases: said.map(({ name }) => ({ name, messages: steps.filter(({ phase }) => phase === name).reduce((sum, step) => sum + messagesOf(step), 0) })),
    leftOut,
  }
}

function messagesOf(step: GentleStep): number {
  return step.kind === 'quiet' ? step.count : step.kind === 'pair' ? 2 : step.kind === 'batch' ? step.labels.length * sumOf(step.copies) : 1
}

function inFlightOf(step: GentleStep): number {
  return step.kind === 'pair' ? 2 : step.kind === 'batch' ? step.labels.length * Math.max(...step.copies) : 1
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)

function stepTokens(step: GentleStep, limits: AnswerLimits, tokens: (label: string, limit: number) => number): number {
  switch (step.kind) {
    case 'discarded': return tokens(step.label, step.isBlocker ? limits.story : limits.hello)
    case 'quiet': return step.count * tokens(step.label, limits.hello)
    case 'pair': return tokens(step.label, limits.hello) + tokens(step.blocker, limits.story)
    case 'alone': return tokens(step.label, limits.story)
    case 'batch': return sumOf(step.copies) * sumOf(step.labels.map((label) => tokens(label, limits.story)))
  }
}

function stepTime(scenario: ScenarioSpec, hasMock: boolean, step: GentleStep): number {
  const told = (label: string): number => {
    const { tokens, firstTokenAfter, gap, search = 0 } = mockAnswer(scenario, label, undefined)
    return search + firstTokenAfter + (tokens - 1) * gap
  }
  const long = (label: string, least: number): number => Math.max(leastInterval, hasMock ? Math.max(least, told(label)) : assumedTime.blocker)
  switch (step.kind) {
    case 'discarded': return step.isBlocker ? long(step.label, leastBlocker) : assumedTime.quiet
    case 'quiet': return step.count * Math.max(leastInterval, hasMock ? told(step.label) : assumedTime.quiet)
    case 'pair': return long(step.blocker, leastBlocker) + leastInterval
    case 'alone': return long(step.label, 0)
    case 'batch': return step.copies.length * Math.max(...step.labels.map((label) => long(label, 0)))
  }
}

/**
 * How long our mock is asked to make a blocker, ms: long enough that a message at a random moment in it can show a stall. 4 s leave room for some three seconds of
 * such moments where the limit is half a second.
 */
export const plannedBlocker = (said: number, limit: number): number => Math.ceil(Math.max(said, leastBlocker, 2.4 * limit + 1_000))

const leastBlocker = 4_000

/**
 * What is said, round by round: one discarded message, then either pairs with quiet messages before and between them, the loaded phases in turn; or, where
 * nothing blocks, quiet messages alone. Batches are said one message a round; in pages, whole in as many rounds as they are repeated.
 */
export function gentleCourse(scenario: ScenarioSpec, hasMock: boolean, { load, quick }: GentleManner = gently): GentleCourse {
  const { said } = gentlePhases(scenario, hasMock, load)
  const quiet = said.filter((phase) => phase.kind === 'quiet')
  const loaded = said.filter((phase) => phase.kind === 'loaded')
  const alone = said.flatMap((phase) => (phase.kind === 'alone' ? [aloneSteps(phase)] : phase.kind === 'batch' ? [batchSteps(phase, quick)] : []))
  const windows = quiet.length + loaded.length > 0 ? pairs : 0
  const rounds = Math.max(windows, ...alone.map(({ length }) => length))
  return Array.from({ length: rounds }, (_, index): GentleStep[] => {
    const round = index + 1
    const pair = loaded[index % Math.max(1, loaded.length)]
    return [
      ...(round === 1 ? discarded(loaded[0], quiet[0]) : []),
      ...quiet.flatMap(({ name, say }) => quietSteps(name, say, loaded.length > 0 ? (quietMessages.get(round) ?? 0) : round > windows ? 0 : 1)),
      ...(pair === undefined || round > windows ? [] : [{ kind: 'pair' as const, phase: pair.name, label: pair.say, blocker: pair.blocker }]),
      ...alone.flatMap((steps) => steps[index] ?? []),
    ]
  })
}

const quietSteps = (phase: string, label: string, count: number): GentleStep[] => (count === 0 ? [] : [{ kind: 'quiet', phase, label, count }])

/** The blocker, so that it is known how long it lasts; without one what is said quietly. */
function discarded(loaded: Extract<GentlePhase, { kind: 'loaded' }> | undefined, quiet: Extract<GentlePhase, { kind: 'quiet' }> | undefined): GentleStep[] {
  if (loaded !== undefined) return [{ kind: 'discarded', phase: loaded.name, label: loaded.blocker, isBlocker: true }]
  return quiet === undefined ? [] : [{ kind: 'discarded', phase: quiet.name, label: quiet.say, isBlocker: false }]
}

function aloneSteps({ name, labels, messages, via }: Extract<GentlePhase, { kind: 'alone' }>): GentleStep[] {
  return Array.from({ length: Math.min(mostAlone, messages) }, (_, index) => ({ kind: 'alone' as const, phase: name, label: labels[index % labels.length] ?? '', via }))
}

function batchSteps({ name, labels, copies, repeat, via }: Extract<GentlePhase, { kind: 'batch' }>, quick: boolean): GentleStep[] {
  return Array.from({ length: repeats({ repeat }, quick) }, () => ({ kind: 'batch' as const, phase: name, labels, copies, via }))
}

/** How such a run is judged: one look after its last round, at 5 %. `stallLimit`: what --stall-limit says, ms. */
export function gentleRules({ rounds }: { readonly rounds: number }, stallLimit?: number, { load, quick }: GentleManner = gently): Rules {
  return { size: quick ? 'quick' : 'standard', looks: [rounds], alpha: 0.05, stallFloor: stallLimit ?? 500, stallLimitFixed: stallLimit !== undefined, knownAnswers: false, load }
}

/** How a run goes by its rules; undefined where it says windows. */
export const mannerOf = ({ load, size }: Pick<Rules, 'load' | 'size'>): GentleManner | undefined => (load === undefined ? undefined : { load, quick: size === 'quick' })
