import type { CalibrationRecord, ObservationRecord, PhaseRecord, PlanRecord, Rules, SideSpec } from '../sample/run-file.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import type { GentleStep } from './gentle-plan.ts'
import type { ServiceMeasurement, Sizes } from './plan.ts'

/** A phase of a side's round, as the conductor orders it. Times in ms. */
export interface PhaseOrder {
  readonly side: SideSpec
  readonly round: number
  readonly attempt: number
  readonly phase: string
  readonly sizes: Sizes
  /** What one message takes from its write to its end while nothing else is said. */
  readonly aloneTime: number
  /** Median of the quiet probes just before, for when a blocker's first token does not come. */
  readonly quietTime: number
  readonly stallLimit: number
  /** What is said instead of a window or a batch, in a gentle run. */
  readonly gently?: GentleOrder
}

/** One step of a gentle run. How long our mock makes a blocker is in the order's sizes. */
export interface GentleOrder {
  readonly step: GentleStep
  /** Of a pair: how long after the blocker the message is due, ms. */
  readonly delay: number
  /** `max_tokens` of each label; our mock is let to say what it was asked for. */
  readonly mostTokens: (label: string) => number
}

export interface PhaseReport {
  readonly record: PhaseRecord
  readonly messages: readonly MessageRecord[]
  readonly observations: readonly ObservationRecord[]
  /** Longest loop block of the tester within the phase. */
  readonly longestBlock: number
}

/** Hellos to what a change of the side cannot touch, at the end of its round. */
export interface AnchorOrder {
  readonly side: SideSpec
  readonly round: number
  readonly attempt: number
  readonly count: number
  /** From the beginning of one to the beginning of the next at least, ms. */
  readonly every: number
}

/** What an observer saw at one of its instants. */
export type Observation = Pick<ObservationRecord, 'dueAt' | 'startedAt' | 'endedAt' | 'status' | 'failure' | 'errorBound'>

/** Begins to look at a system every so many ms; `stop` ends it and says what it saw. */
export type StartObserver = (every: number) => { stop(): Promise<readonly Observation[]> }

export interface SideMeasurement {
  readonly side: string
  readonly service: ServiceMeasurement
  readonly warmUp: PlanRecord['warmUp']
}

/**
 * What says messages and measures. The conductor decides what comes next; an engine carries one phase out at a time and reports. It throws
 * `Interrupted` when its signal is aborted.
 */
export interface Engine {
  /** Null where there is no mock whose journal could contradict the stamps. */
  calibrate(): Promise<CalibrationRecord | null>
  /** Warms the sides up, all at the same time, and measures hello alone and together. @throws {UsageError} exit 5 where a side never answered. */
  measure(sides: readonly SideSpec[]): Promise<SideMeasurement[]>
  walk(order: PhaseOrder): Promise<PhaseReport>
  /** The model, or our mock, asked directly; nothing where neither is known. Absent in an engine that cannot. */
  anchor?(order: AnchorOrder): Promise<readonly MessageRecord[]>
  /** Agreement with the mock's clock now; null without a mock. */
  clockCheck(): Promise<{ readonly offset: number; readonly bound: number; readonly oneClock: boolean } | null>
  now(): number
}

/** The run was stopped from outside: by a signal, or because a process that it needs died. */
export class Interrupted extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'Interrupted'
  }
}

/** What every engine is started with. */
export interface EngineSetting {
  readonly scenario: ScenarioSpec
  readonly rules: Rules
  readonly seed: number
  readonly signal: AbortSignal
}

