import type { Run } from '../sample/run-file.ts'
import type { ClaimSpec, PhaseSpec, ScenarioSpec, Statistic, TogetherPhase, WindowPhase } from '../scenario/spec.ts'

/** Whether one message at a time was said instead of windows (MEASURING §3). */
export const isGentle = ({ header }: Pick<Run, 'header'>): boolean => header.rules.load === 'gentle'

/** Never more than this many messages of ours are in flight at a system that is not ours alone. */
const mostInFlight = 2
/** What a gentle run asks of claims on shares instead of the claim's own, smaller bound: 0 of 12 shows at most 22 %. */
export const gentleShare = 0.25

/** A phase that a gentle run can walk. A batch of at most two is said one message at a time. */
export type GentlePhase =
  | { readonly kind: 'quiet'; readonly name: string; readonly say: string }
  | { readonly kind: 'loaded'; readonly name: string; readonly say: string; readonly blocker: string }
  | { readonly kind: 'alone'; readonly name: string; readonly labels: readonly string[]; readonly messages: number; readonly via: 'model' | undefined }

export interface GentlePhases {
  readonly said: readonly GentlePhase[]
  readonly leftOut: readonly { readonly name: string; readonly why: string }[]
}

/** What of a scenario can be said with at most two messages in flight, and what of it cannot, and why: a part of a sentence. */
export function gentlePhases(scenario: Pick<ScenarioSpec, 'messages' | 'phases'>, hasMock: boolean): GentlePhases {
  const said: GentlePhase[] = []
  const leftOut: { name: string; why: string }[] = []
  for (const [name, phase] of Object.entries(scenario.phases)) {
    const why = refusal(scenario, phase, hasMock)
    if (why === undefined) said.push(gentlePhase(name, phase))
    else leftOut.push({ name, why })
  }
  return { said, leftOut }
}

function gentlePhase(name: string, phase: PhaseSpec): GentlePhase {
  if (!isWindow(phase)) return { kind: 'alone', name, labels: phase.together, messages: phase.repeat * phase.together.length * phase.copies.reduce((sum, copies) => sum + copies, 0), via: phase.via }
  return phase.while === undefined ? { kind: 'quiet', name, say: phase.say } : { kind: 'loaded', name, say: phase.say, blocker: phase.while.say }
}

function refusal(scenario: Pick<ScenarioSpec, 'messages'>, phase: PhaseSpec, hasMock: boolean): string | undefined {
  const atOnce = isWindow(phase) ? 1 + (phase.while?.copies ?? 0) : phase.together.length * Math.max(...phase.copies)
  if (atOnce > mostInFlight) return `says up to ${atOnce} at once: add --load full`
  const isBroken = labelsOf(phase).some((label) => scenario.messages[label]?.fault !== undefined)
  return isBroken && !hasMock ? 'needs a model that can be made to fail: put `npx first-token mock` behind the system and give its address with --mock' : undefined
}

/** Without the runtime of the language: stats take types alone from it. */
const isWindow = (phase: WindowPhase | TogetherPhase): phase is WindowPhase => 'say' in phase

function labelsOf(phase: PhaseSpec): readonly string[] {
  return isWindow(phase) ? [phase.say, ...(phase.while === undefined ? [] : [phase.while.say])] : phase.together
}

/** Why a gentle run cannot show this claim, whatever is measured; undefined where it can, and in a full run. */
export function unseenGently(run: Run, hasMock: boolean, claim: ClaimSpec): string | undefined {
  if (!isGentle(run)) return undefined
  if (claim.measure === 'effectiveConcurrency') return 'a gentle run says one message at a time: add --load full'
  const { leftOut } = gentlePhases(run.header.scenario, hasMock)
  const phases = phasesOf(run.header.scenario, claim)
  const missing = leftOut.filter(({ name }) => phases.includes(name))
  if (missing.length === 0 || missing.length < phases.length) return undefined
  return missing.map(({ name, why }) => `phase "${name}" ${why}`).join('; ')
}

/** The phases that a claim is about; all where it names none. */
function phasesOf({ phases }: ScenarioSpec, claim: ClaimSpec): string[] {
  if ('during' in claim) return [claim.during].flat()
  if ('through' in claim) return [claim.through, claim.direct]
  if ('from' in claim) return [claim.from, claim.to]
  const labels = 'messages' in claim ? claim.messages : undefined
  return Object.entries(phases).flatMap(([name, phase]) => (labels === undefined || labelsOf(phase).some((label) => labels.includes(label)) ? [name] : []))
}

/** A percentile as it is judged: its name, its place in the order of the values, and the share that may lie beyond it. */
export interface JudgedStatistic {
  readonly name: Statistic | 'p75'
  readonly quantile: number
  readonly late: number
}

/** Written out: 1 − 0.95 is not 0.05 in binary. */
const statistics: Readonly<Record<Statistic, JudgedStatistic>> = {
  p50: { name: 'p50', quantile: 0.5, late: 0.5 },
  p90: { name: 'p90', quantile: 0.9, late: 0.1 },
  p95: { name: 'p95', quantile: 0.95, late: 0.05 },
  p99: { name: 'p99', quantile: 0.99, late: 0.01 },
}

/** The claim's own statistic; in a gentle run, whose few messages show nothing beyond it, p75 at most. */
export function judgedStatistic(run: Pick<Run, 'header'>, statistic: Statistic): JudgedStatistic {
  const own = statistics[statistic]
  return isGentle(run) && own.late < gentleShare ? { name: 'p75', quantile: 0.75, late: gentleShare } : own
}
