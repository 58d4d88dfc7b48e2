import type { Rules, Run } from '../sample/run-file.ts'
import type { ClaimSpec, PhaseSpec, ScenarioSpec, Statistic, TogetherPhase, WindowPhase } from '../scenario/spec.ts'

/** Whether one message at a time was said instead of windows (MEASURING §3): to a system with users of its own, or in pages of a browser. */
export const isGentle = ({ header }: Pick<Run, 'header'>): boolean => header.rules.load !== undefined

/** How the messages of a run without windows are said. */
export type GentleLoad = NonNullable<Rules['load']>

/** Never more than this many messages of ours are in flight at a system that is not ours alone; and never more pages of a browser open, each of which wants a core. */
const mostInFlight = 2
/** What a gentle run asks of claims on shares instead of the claim's own, smaller bound: 0 of 12 shows at most 22 %. */
export const gentleShare = 0.25

/** A phase that a gentle run can walk. A batch of at most two is said one message at a time; in pages, as many at once as there are pages. */
export type GentlePhase =
  | { readonly kind: 'quiet'; readonly name: string; readonly say: string }
  | { readonly kind: 'loaded'; readonly name: string; readonly say: string; readonly blocker: string }
  | { readonly kind: 'batch'; readonly name: string; readonly labels: readonly string[]; readonly copies: readonly number[]; readonly repeat: number; readonly via: 'model' | undefined }
  | { readonly kind: 'alone'; readonly name: string; readonly labels: readonly string[]; readonly messages: number; readonly via: 'model' | undefined }

export interface GentlePhases {
  readonly said: readonly GentlePhase[]
  readonly leftOut: readonly { readonly name: string; readonly why: string }[]
}

/** What of a scenario can be said with at most two messages in flight, or pages, and what of it cannot, and why: a part of a sentence. */
export function gentlePhases(scenario: Pick<ScenarioSpec, 'messages' | 'phases'>, hasMock: boolean, load: GentleLoad = 'gentle'): GentlePhases {
  const said: GentlePhase[] = []
  const leftOut: { name: string; why: string }[] = []
  for (const [name, phase] of Object.entries(scenario.phases)) {
    const why = refusal(scenario, phase, hasMock, load)
    if (why === undefined) said.push(gentlePhase(name, phase, load))
    else leftOut.push({ name, why })
  }
  return { said, leftOut }
}

function gentlePhase(name: string, phase: PhaseSpec, load: GentleLoad): GentlePhase {
  if (!isWindow(phase) && load === 'pages') return { kind: 'batch', name, labels: phase.together, copies: copiesInPages(phase), repeat: phase.repeat, via: phase.via }
  if (!isWindow(phase)) return { kind: 'alone', name, labels: phase.together, messages: phase.repeat * phase.together.length * phase.copies.reduce((sum, copies) => sum + copies, 0), via: phase.via }
  return phase.while === undefined ? { kind: 'quiet', name, say: phase.say } : { kind: 'loaded', name, say: phase.say, blocker: phase.while.say }
}

/** What a batch's sizes come to with so few pages: 1, 2, 4, 8 at once are 1, 2; eight at once are two. */
function copiesInPages({ together, copies }: TogetherPhase): readonly number[] {
  const most = Math.max(1, Math.floor(mostInFlight / together.length))
  return [...new Set(copies.map((count) => Math.min(count, most)))]
}

function refusal(scenario: Pick<ScenarioSpec, 'messages'>, phase: PhaseSpec, hasMock: boolean, load: GentleLoad): string | undefined {
  const atOnce = isWindow(phase) ? 1 + (phase.while?.copies ?? 0) : phase.together.length * (load === 'pages' ? 1 : Math.max(...phase.copies))
  if (load === 'pages' && atOnce > mostInFlight) return `says ${atOnce} at once, which is more than a browser's ${mostInFlight} pages: ask the API`
  if (load === 'gentle' && atOnce > mostInFlight) return `says up to ${atOnce} at once: add --load full`
  const isBroken = labelsOf(phase).some((label) => modelFails(scenario, label))
  return isBroken && !hasMock ? 'needs a model that can be made to fail: put `npx first-token mock` behind the system and give its address with --mock' : undefined
}

/** Whether it is the model that is to fail. */
function modelFails({ messages }: Pick<ScenarioSpec, 'messages'>, label: string): boolean {
  const fault = messages[label]?.fault
  return fault !== undefined && fault.kind !== 'offline'
}

/** Without the runtime of the language: stats take types alone from it. */
const isWindow = (phase: WindowPhase | TogetherPhase): phase is WindowPhase => 'say' in phase

function labelsOf(phase: PhaseSpec): readonly string[] {
  return isWindow(phase) ? [phase.say, ...(phase.while === undefined ? [] : [phase.while.say])] : phase.together
}

/** Why a gentle run cannot show this claim, whatever is measured; undefined where it can, and in a full run. */
export function unseenGently(run: Run, hasMock: boolean, claim: ClaimSpec): string | undefined {
  const { load } = run.header.rules
  if (load === undefined) return undefined
  if (load === 'gentle' && claim.measure === 'effectiveConcurrency') return 'a gentle run says one message at a time: add --load full'
  const { leftOut } = gentlePhases(run.header.scenario, hasMock, load)
  const phases = phasesOf(run.header.scenario, claim)
  const missing = leftOut.filter(({ name }) => phases.includes(name))
  if (missing.length === 0 || missing.length < phases.length) return undefined
  return missing.map(({ name, why }) => `phase "${name}" ${why}`).join('; ')
}

/** The phases that a claim is about; all where it names none. */
function phasesOf({ phases }: ScenarioSpec, claim: ClaimSpec): string[] {
  if ('during' in claim && claim.during !== undefined) return [claim.during].flat()
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
