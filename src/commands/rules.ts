import type { Rules } from '../sample/run-file.ts'
import { type GentleManner, type GentlePlan, gentlePlan } from '../engine/gentle-plan.ts'
import { repeats } from '../engine/plan.ts'
import { isWindow, type PhaseSpec, type ScenarioSpec } from '../scenario/spec.ts'
import type { RunRequest } from './run-request.ts'

interface RulesRequest {
  readonly scenario: Pick<ScenarioSpec, 'phases'>
  readonly size: Rules['size']
  /** Every side is the control stack, whose answers come in milliseconds: a quick run may call 150 ms a stall there. */
  readonly isControl: boolean
  readonly knownAnswers: boolean
  /** What --rounds says: so many, and one look. */
  readonly rounds?: number | undefined
  /** What --stall-limit says, ms. */
  readonly stallLimit?: number | undefined
}

/**
 * Looks after 6, 12 and 24 rounds at 2 % each as far as the budget reaches; a quick run takes one look at 5 % (MEASURING §4). Where nothing but several
 * messages at once is said, as often as the scenario says so.
 */
export function rulesFor({ scenario, size, isControl, knownAnswers, rounds, stallLimit }: RulesRequest): Rules {
  const quick = size === 'quick'
  return {
    size,
    looks: looksOf(Object.values(scenario.phases), quick, rounds),
    alpha: quick ? 0.05 : 0.02,
    stallFloor: stallLimit ?? (quick && isControl ? 150 : 500),
    stallLimitFixed: stallLimit !== undefined,
    knownAnswers,
  }
}

/** How a run without windows goes, as it was asked for; undefined where windows are said. Somebody else's system is asked no less for being asked quickly. */
export const mannerOf = ({ load, size }: Pick<RunRequest, 'load' | 'size'>): GentleManner | undefined => (load === 'full' ? undefined : { load, quick: load === 'pages' && size === 'quick' })

/** What a run without windows will say of the scenario to one side; undefined where windows are said. */
export function singlesPlan(scenario: ScenarioSpec, request: Pick<RunRequest, 'load' | 'size'>, hasMock: boolean): GentlePlan | undefined {
  const manner = mannerOf(request)
  return manner === undefined ? undefined : gentlePlan(scenario, hasMock, undefined, manner)
}

/** What --rounds asks for; of batches never fewer than the scenario does, for so many are what its claims rest on. */
function looksOf(phases: readonly PhaseSpec[], quick: boolean, rounds: number | undefined): number[] {
  if (phases.some(isWindow)) return rounds !== undefined ? [rounds] : quick ? [6] : [6, 12, 24]
  return [Math.max(rounds ?? 0, ...phases.map((phase) => (isWindow(phase) ? 0 : repeats(phase, quick))))]
}
