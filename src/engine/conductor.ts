import type { MessageRecord } from '../sample/message.ts'
import { assembleRun, type PlanRecord, type RoundRecord, type Run, type RunFileRecord, type RunRecord, type SideSpec } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { type Blockade, blockade } from '../stats/blockade.ts'
import { leastDoseRatio } from '../stats/growth.ts'
import { rankQuantile } from '../stats/quantile.ts'
import { quietSpread, spreadFactor } from '../stats/stall.ts'
import { ttft } from '../stats/ttft.ts'
import { type Engine, Interrupted } from './engine.ts'
import { blockerDurations, blockerOf, isQuiet, isWalked, phaseOrder, seeded, type ServiceMeasurement, sideOrder, type Sizes, sizes } from './plan.ts'
import { toMicrosecond } from './records.ts'

/** A spoilt round is said again at most this often a side. */
const mostRepeats = 3
/** A plan that is made again allows for a limit so many times the one that was seen. */
const spareLimit = 1.25
/** Of a plan that allows for more than this many times what is wanted, the blockers are longer than need be. */
const mostSpare = 1.5
/** Of few answers the 95th percentile is the slowest one: until there are so many quiet probes, the plan follows them only so far. */
const enoughProbes = 80
const mostEarlyLimit = 4
/** Blockers for a limit beyond this, ms, would take minutes each; then the claim on stalled messages stays undecided, and says why. */
const mostPlannedLimit = 10_000

export type Progress =
  | { readonly kind: 'calibrating' }
  | { readonly kind: 'warming-up' }
  | { readonly kind: 'planned'; readonly plans: readonly PlanRecord[]; readonly rounds: number; /** Until when, in run time. */ readonly budget: number; /** Of a gentle run, whose plans come later; ms. */ readonly cost?: { readonly messages: number; readonly tokens: number; readonly time: number } }
  | { readonly kind: 'phase'; readonly round: number; readonly rounds: number; readonly side: string; readonly phase: string }
  | { readonly kind: 'spoilt'; readonly round: number; readonly side: string; readonly reason: string; readonly repeated: boolean }
  | { readonly kind: 'look'; readonly rounds: number; readonly decided: boolean }

export interface ConductorOptions {
  readonly header: RunRecord
  readonly engine: Engine
  /** Appends to the run file. */
  readonly record: (record: RunFileRecord) => void
  /** The judge of a look: true where no further round could change a verdict. */
  readonly lookDecides: (run: Run) => boolean
  /** How long the run may take in all, ms. */
  readonly budget: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** Systems one at a time: each side's round ends with hellos to what the change cannot touch. */
  readonly anchors?: boolean
  /**
   * The sides are one system: brings it into force as that side, warmed up; at once where it is in force already. The sides then come in the order
   * A B, B A, A B …, so that what drifts in time drifts alike for both.
   */
  readonly switchTo?: (side: string) => Promise<void>
}

/** Anchors of a round: how many, and how far apart at least, ms. */
const anchorLoad = { pages: { count: 3, every: 1_000 }, gentle: { count: 3, every: 1_000 }, full: { count: 12, every: 50 } }

/**
 * Walks calibration, warm-up, rounds, sides and phases, for either engine, and looks at the evidence after the rounds that the rules name.
 * What was recorded up to an abort is on disk; it then throws Interrupted.
 */
export async function conduct(options: ConductorOptions): Promise<void> {
  const { header, engine, record, onProgress } = options
  const kept: RunFileRecord[] = [header]
  const keep = (entry: RunFileRecord): void => {
    kept.push(entry)
    record(entry)
  }
  onProgress({ kind: 'calibrating' })
  const calibration = await engine.calibrate()
  if (calibration !== null) keep(calibration)
  const course = new Course(options, keep)
  if (options.switchTo === undefined) await course.plan(header.sides)
  const lastLook = header.rules.looks.at(-1) ?? 0
  const roundsBeganAt = engine.now()
  for (let round = 1; round <= lastLook; round += 1) {
    for (const name of course.order(round)) {
      throwIfAborted(options.signal)
      await (await course.inForce(name)).walk(round, lookAfter(header.rules.looks, round))
    }
    if (!header.rules.looks.includes(round)) continue
    const decided = options.lookDecides(assembleRun(kept))
    onProgress({ kind: 'look', rounds: round, decided })
    if (decided) return
    const nextLook = header.rules.looks.find((look) => look > round)
    const perRound = (engine.now() - roundsBeganAt) / round
    if (nextLook === undefined || engine.now() + (nextLook - round) * perRound > options.budget) return
  }
}

/** Which side comes when, and what is known of each: all are planned before the first round, or each at its first visit where they are one system. */
class Course {
  readonly #options: ConductorOptions
  readonly #keep: (entry: RunFileRecord) => void
  readonly #random: () => number
  readonly #sides = new Map<string, SideRounds>()
  readonly #plans: PlanRecord[] = []

  constructor(options: ConductorOptions, keep: (entry: RunFileRecord) => void) {
    this.#options = options
    this.#keep = keep
    this.#random = seeded(options.header.seed)
  }

  /** Warms these sides up and measures them. Once all have been, it is known what the run will cost. */
  async plan(sides: readonly SideSpec[]): Promise<void> {
    const { header, onProgress, budget } = this.#options
    onProgress({ kind: 'warming-up' })
    const plans = await planSides(this.#options, sides)
    for (const plan of plans) this.#keep(plan)
    this.#plans.push(...plans)
    for (const spec of sides) this.#sides.set(spec.name, new SideRounds(spec, plans, this.#options, this.#keep))
    const { looks } = header.rules
    if (this.#plans.length === header.sides.length) onProgress({ kind: 'planned', plans: this.#plans, rounds: looks[0] ?? looks.at(-1) ?? 0, budget })
  }

  order(round: number): string[] {
    const names = this.#options.header.sides.map((side) => side.name)
    if (this.#options.switchTo === undefined) return sideOrder(names, this.#random)
    return round % 2 === 1 ? names : names.toReversed()
  }

  /** The side, switched to and planned. */
  async inForce(name: string): Promise<SideRounds> {
    await this.#options.switchTo?.(name)
    throwIfAborted(this.#options.signal)
    if (!this.#sides.has(name)) await this.plan(this.#options.header.sides.filter((side) => side.name === name))
    const side = this.#sides.get(name)
    if (side === undefined) throw new RangeError(`there is no side ${name}`)
    return side
  }
}

export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted(String(signal.reason))
}

/** The look that the round belongs to: what the progress counts towards. */
function lookAfter(looks: readonly number[], round: number): number {
  return looks.find((look) => look >= round) ?? round
}

async function planSides({ header, engine }: ConductorOptions, sides: readonly SideSpec[]): Promise<PlanRecord[]> {
  const { rules } = header
  const measurements = await engine.measure(sides)
  return sides.map((side) => {
    const measured = measurements.find((measurement) => measurement.side === side.name)
    if (measured === undefined) throw new RangeError(`the engine did not measure side ${side.name}`)
    const { service, warmUp } = measured
    const planned = sizesOf(header, side, service, rules.stallFloor)
    return { type: 'plan', side: side.name, ...rounded({ ...service, ...planned }), rounds: rules.looks[0] ?? 0, warmUp }
  })
}

function sizesOf({ scenario, rules }: RunRecord, side: SideSpec, measured: ServiceMeasurement, stallLimit: number): Sizes {
  return sizes({ measured, role: side.role, size: rules.size, isControl: side.kind === 'control', stallLimit, blockers: blockerDurations(scenario) })
}

/** Measured times to the microsecond, like every instant of the file. */
function rounded<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeof value === 'number' ? toMicrosecond(value) : value])) as T
}

/** One side's rounds, with what they need to remember: how often one was said again, and its quiet probes so far. */
class SideRounds {
  readonly spec: SideSpec
  #plan: PlanRecord
  /** The stall limit for which the plan's blockers are long enough, ms. */
  #plannedLimit: number
  readonly #options: ConductorOptions
  readonly #keep: (entry: RunFileRecord) => void
  /** Of the rounds that were kept, and of the attempt that is being walked. */
  #quietProbes: MessageRecord[] = []
  #repeats = 0

  constructor(spec: SideSpec, plans: readonly PlanRecord[], options: ConductorOptions, keep: (entry: RunFileRecord) => void) {
    const plan = plans.find((candidate) => candidate.side === spec.name)
    if (plan === undefined) throw new RangeError(`side ${spec.name} has no plan`)
    this.spec = spec
    this.#plan = plan
    this.#plannedLimit = options.header.rules.stallFloor
    this.#options = options
    this.#keep = keep
  }

  async walk(round: number, rounds: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const seenBefore = this.#quietProbes
      const report = await this.#attempt(round, attempt, rounds)
      const repeated = report.spoiltBy !== null && this.#repeats < mostRepeats
      this.#keep({ ...report, kept: !repeated })
      if (report.spoiltBy !== null) this.#options.onProgress({ kind: 'spoilt', round, side: this.spec.name, reason: report.spoiltBy, repeated })
      if (!repeated) return
      this.#quietProbes = seenBefore
      this.#repeats += 1
    }
  }

  async #attempt(round: number, attempt: number, rounds: number): Promise<RoundRecord> {
    const { engine, header, onProgress } = this.#options
    const before = await engine.clockCheck()
    const from = engine.now()
    const messages: MessageRecord[] = []
    let longestBlock = 0
    // As it was before: a pause that makes the quiet answers late must not raise the limit that it is held to.
    const stallLimit = this.#stallLimit()
    let quietTime = this.#plan.aloneTime
    const phases = phaseOrder(header.scenario).filter((phase) => isWalked(header.scenario, phase, round, header.rules.size === 'quick'))
    for (const phase of phases) {
      throwIfAborted(this.#options.signal)
      onProgress({ kind: 'phase', round, rounds, side: this.spec.name, phase })
      const report = await engine.walk({ side: this.spec, round, attempt, phase, sizes: this.#plan, aloneTime: this.#plan.aloneTime, quietTime, stallLimit: this.#stallLimit() })
      for (const message of report.messages) this.#keep(message)
      this.#keep(report.record)
      for (const observation of report.observations) this.#keep(observation)
      messages.push(...report.messages)
      longestBlock = Math.max(longestBlock, report.longestBlock)
      // The quiet phase that the others are compared with comes first.
      if (phase !== phases[0] || !isQuiet(header.scenario, phase)) continue
      quietTime = this.#rememberQuiet(report.messages)
      this.#stretchPlan()
    }
    const to = engine.now()
    const after = await engine.clockCheck()
    await this.#askAnchors(round, attempt)
    return {
      type: 'round', side: this.spec.name, round, attempt, from: toMicrosecond(from), to: toMicrosecond(to), kept: true,
      spoiltBy: spoilt(longestBlock, hasStallLimit(header.scenario) ? stallLimit : Infinity, voidDoses(header.scenario, messages, quietTime)),
      longestBlock: toMicrosecond(longestBlock),
      clock: clockOver(before, after),
    }
  }

  /** Behind the phases and not among them: what becomes of these messages spoils no round. */
  async #askAnchors(round: number, attempt: number): Promise<void> {
    const { anchors, engine, header, signal } = this.#options
    if (anchors !== true || engine.anchor === undefined) return
    throwIfAborted(signal)
    const messages = await engine.anchor({ side: this.spec, round, attempt, ...anchorLoad[header.rules.load ?? 'full'] })
    for (const message of messages) this.#keep(message)
  }

  #rememberQuiet(messages: readonly MessageRecord[]): number {
    const answered = messages.filter((message) => Number.isFinite(ttft(message)))
    this.#quietProbes = [...this.#quietProbes, ...answered]
    return rankQuantile(answered.map(ttft), 0.5) ?? this.#plan.aloneTime
  }

  /**
   * Blockers that are too short for the limit expose nobody, and the claim could never be decided. How wide the quiet answers of a slow model are is
   * known only once some have come, so the plan is made again then, with something to spare; and again where a hiccup among the first few had made
   * the limit look larger than it is.
   */
  #stretchPlan(): void {
    const { stallFloor, stallLimitFixed } = this.#options.header.rules
    const most = this.#quietProbes.length < enoughProbes ? mostEarlyLimit * stallFloor : mostPlannedLimit
    const limit = Math.min(this.#stallLimit(), most)
    const wanted = limit > stallFloor && !stallLimitFixed ? spareLimit * limit : stallFloor
    if (limit <= this.#plannedLimit && this.#plannedLimit <= mostSpare * wanted) return
    this.#plannedLimit = wanted
    const { aloneTime, togetherTime, together } = this.#plan
    this.#plan = { ...this.#plan, ...rounded(sizesOf(this.#options.header, this.spec, { aloneTime, togetherTime, together }, this.#plannedLimit)) }
    this.#keep(this.#plan)
  }

  /** The limit as far as it is known now; the judge computes it from the whole run. */
  #stallLimit(): number {
    const { stallFloor, stallLimitFixed } = this.#options.header.rules
    if (stallLimitFixed || this.#quietProbes.length === 0) return stallFloor
    return Math.max(stallFloor, spreadFactor * quietSpread(this.#quietProbes, ttft))
  }
}

type ClockReading = Awaited<ReturnType<Engine['clockCheck']>>

export function clockOver(before: ClockReading, after: ClockReading): RoundRecord['clock'] {
  if (before === null || after === null) return null
  const farther = Math.abs(before.offset) > Math.abs(after.offset) ? before : after
  return {
    oneClock: before.oneClock && after.oneClock,
    offset: toMicrosecond(farther.offset),
    bound: toMicrosecond(Math.max(before.bound, after.bound)),
    drift: toMicrosecond(Math.abs(after.offset - before.offset)),
  }
}

/** Where nobody is held to a stall limit, the error bounds of the messages say all there is to say about a pause of the tester. */
const hasStallLimit = (scenario: ScenarioSpec): boolean => Object.values(scenario.claims).some(({ measure }) => measure === 'stalledShare' || measure === 'delayGrowth')

/** Why a round is to be thrown away: the tester itself stood still, or the doses say nothing. The system's answers to probes are not looked at. */
export function spoilt(longestBlock: number, stallLimit: number, doses: string | null): string | null {
  const third = stallLimit / 3
  if (longestBlock > third) return `the tester stood still for ${Math.round(longestBlock)} ms, more than a third of the stall limit (${Math.round(third)} ms)`
  return doses
}

/**
 * Where a claim compares a short blocker with a long one, the long one must have lasted at least twice as long. One that failed is the system's doing
 * and spoils nothing: it would be said again until it succeeds, and nobody would hear of it. The judge knows what such a round is worth.
 */
function voidDoses(scenario: ScenarioSpec, messages: readonly MessageRecord[], quietTime: number): string | null {
  for (const claim of Object.values(scenario.claims)) {
    if (claim.measure !== 'delayGrowth') continue
    const [short, long] = [claim.from, claim.to].map((phase) => told(scenario, messages, phase, quietTime))
    if (short?.kind !== 'held' || long?.kind !== 'held') continue
    const lasted = { short: short.to - short.from, long: long.to - long.from }
    if (lasted.long < leastDoseRatio * lasted.short) return `the long blocker lasted ${Math.round(lasted.long)} ms, less than ${leastDoseRatio} × the short one (${Math.round(lasted.short)} ms)`
  }
  return null
}

function told(scenario: ScenarioSpec, messages: readonly MessageRecord[], phase: string, quietTime: number): Blockade {
  const blockers = messages.filter((message) => message.part === 'blocker' && message.phase === phase)
  const blocker = blockerOf(scenario, phase)
  return blockade({ blockers }, { copies: blocker?.copies ?? 1, untilFirstToken: blocker !== undefined && scenario.messages[blocker.say]?.search === true }, quietTime, ttft)
}
