import type { PlanRecord, SideSpec } from '../sample/run-file.ts'
import { clockOver, type ConductorOptions, spoilt, throwIfAborted } from './conductor.ts'
import type { PhaseOrder, PhaseReport } from './engine.ts'
import { type AnswerLimits, answerLimits, type GentleCourse, gentleCourse, gentlePlan, type GentleStep, mannerOf } from './gentle-plan.ts'
import { SideKnowledge } from './gentle-knowledge.ts'
import { seeded, sideOrder } from './plan.ts'
import { toMicrosecond } from './records.ts'

export interface GentleOptions extends Omit<ConductorOptions, 'lookDecides'> {
  readonly limits?: AnswerLimits | undefined
}

/**
 * Walks a gentle run (MEASURING §3): round by round, the steps of one side after those of another, never more than a blocker and a message in flight. No warm-up, no
 * measured rate, one look after the last round. Nothing is said again: a system of others is not asked twice for our sake.
 */
export async function conductGently(options: GentleOptions): Promise<void> {
  const { header, engine, record, onProgress, signal } = options
  onProgress({ kind: 'calibrating' })
  const calibration = await engine.calibrate()
  if (calibration !== null) record(calibration)
  const random = seeded(header.seed)
  const sides = header.sides.map((side) => new GentleSide(side, options, random))
  const rounds = Math.max(...sides.map(({ course }) => course.length))
  onProgress({ kind: 'planned', plans: [], rounds, budget: options.budget, cost: costOf(options) })
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of sideOrder(header.sides.map((side) => side.name), random)) {
      throwIfAborted(signal)
      await sides.find(({ spec }) => spec.name === name)?.walk(round, rounds)
    }
  }
}

/** Of all sides together: one is measured after the other. */
function costOf({ header, limits = answerLimits }: GentleOptions): { messages: number; tokens: number; time: number } {
  const plans = header.sides.map((side) => gentlePlan(header.scenario, side.hasMock, limits, mannerOf(header.rules)))
  const total = (of: 'messages' | 'tokens' | 'time'): number => plans.reduce((sum, plan) => sum + (plan.kind === 'plan' ? plan[of] : 0), 0)
  return { messages: total('messages'), tokens: total('tokens'), time: total('time') }
}

class GentleSide {
  readonly spec: SideSpec
  readonly course: GentleCourse
  readonly #options: GentleOptions
  readonly #random: () => number
  readonly #known: SideKnowledge
  #isPlanned = false

  constructor(spec: SideSpec, options: GentleOptions, random: () => number) {
    this.spec = spec
    this.course = gentleCourse(options.header.scenario, spec.hasMock, mannerOf(options.header.rules))
    this.#options = options
    this.#random = random
    this.#known = new SideKnowledge(spec, options.header, options.limits ?? answerLimits)
  }

  async walk(round: number, rounds: number): Promise<void> {
    const { engine, header, record, onProgress, signal } = this.#options
    const steps = this.course[round - 1] ?? []
    if (steps.length === 0) return
    const before = await engine.clockCheck()
    const from = engine.now()
    let longestBlock = 0
    for (const step of steps) {
      throwIfAborted(signal)
      onProgress({ kind: 'phase', round, rounds, side: this.spec.name, phase: step.phase })
      const report = await engine.walk(this.#order(step, round))
      this.#keep(step, report)
      if (step.kind !== 'discarded') longestBlock = Math.max(longestBlock, report.longestBlock)
    }
    if (!this.#isPlanned) record(this.#plan(rounds))
    this.#isPlanned = true
    const to = engine.now()
    const after = await engine.clockCheck()
    record({
      type: 'round', side: this.spec.name, round, attempt: 1, from: toMicrosecond(from), to: toMicrosecond(to), kept: true,
      spoiltBy: spoilt(longestBlock, this.#known.limit(header.rules.stallFloor), null), longestBlock: toMicrosecond(longestBlock), clock: clockOver(before, after),
    })
  }

  #order(step: GentleStep, round: number): PhaseOrder {
    const known = this.#known
    const blocker = step.kind === 'pair' ? step.blocker : step.kind === 'discarded' && step.isBlocker ? step.label : undefined
    return {
      side: this.spec, round, attempt: 1, phase: step.phase, aloneTime: known.quietTime(), quietTime: known.quietTime(), stallLimit: known.limit(this.#options.header.rules.stallFloor),
      sizes: { serviceTime: 0, rate: 1, probesPerKind: 0, windowTime: 0, blockers: blocker === undefined ? {} : { [blocker]: known.planned(blocker) } },
      gently: { step, delay: step.kind === 'pair' ? known.delay(step.blocker, this.#random()) : 0, mostTokens: (label) => known.mostTokens(label) },
    }
  }

  /** Of the discarded message only itself is kept, for whoever wants to know how long it took: it belongs to no phase that is judged. */
  #keep(step: GentleStep, report: PhaseReport): void {
    const { record } = this.#options
    for (const message of report.messages) record(message)
    this.#known.learn(step, report.messages)
    if (step.kind === 'discarded') return
    record(report.record)
    for (const observation of report.observations) record(observation)
  }

  #plan(rounds: number): PlanRecord {
    const known = this.#known
    return {
      type: 'plan', side: this.spec.name, aloneTime: toMicrosecond(known.quietTime()), togetherTime: toMicrosecond(known.quietTime()), together: 1, serviceTime: 0, rate: 1, probesPerKind: 0,
      windowTime: 0, blockers: known.blockers(), rounds, warmUp: { requests: 1, time: 0, settled: false },
    }
  }
}
