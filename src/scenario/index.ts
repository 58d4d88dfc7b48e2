/** The language that scenarios speak. Pure: it runs inside k6 too. */
export { minutes, ms, seconds, times, type Milliseconds } from '../duration.ts'
export { param } from './parameter.ts'
export { scenario, ScenarioError, type Definition, type Message, type Phase } from './scenario.ts'
export type { Attainable, Comparable, Measures } from './claim.ts'
export type { Bounds, ClaimSpec, Defect, FaultSpec, MessageSpec, ObserveSpec, PhaseSpec, ScenarioSpec, Statistic } from './spec.ts'
