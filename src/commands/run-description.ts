import { formatMilliseconds } from '../duration.ts'
import { type BundledScenario, languageFile, loadScenario } from '../engine/bundle.ts'
import { blockerDurations, expectedCost, type Sizes, sizes } from '../engine/plan.ts'
import type { Rules, SideSpec } from '../sample/run-file.ts'
import { exitCodes } from '../errors.ts'
import { isWindow, type ScenarioSpec } from '../scenario/spec.ts'
import { planLine } from '../report/progress.ts'
import type { CommandContext } from './context.ts'
import { rulesFor } from './rules.ts'
import type { RunRequest } from './run-request.ts'
import { scenarioFiles, scenarioNames } from './scenario-files.ts'

/** `run --list`: what can be asked. */
export async function listScenarios(context: CommandContext): Promise<number> {
  for (const name of scenarioNames()) {
    const [file] = scenarioFiles([name])
    const { spec } = await loadScenario(file ?? '', languageFile())
    context.out(`${spec.name.padEnd(14)} ${spec.question}\n`)
  }
  return exitCodes.pass
}

/** Sides of a dry run: nothing is measured, so a parallel stack that answers a hello in 5 ms is assumed; of `before` what it takes on an idle machine. */
const assumed = { aloneTime: 5, togetherTime: 5, together: 32 }
const assumedBefore = { aloneTime: 305, togetherTime: 430, together: 32 }
/** The sizes that a system of somebody else's would get if it were fast: what it gets is known when it has been measured. */
export const assumedSizes = (scenario: ScenarioSpec, role: SideSpec['role'], size: Rules['size'], stallLimit: number): Sizes =>
  sizes({ measured: assumed, role, size, isControl: false, stallLimit, blockers: blockerDurations(scenario) })

/** Starting, calibrating and warming up, ms. */
const setUpTime = { quick: 11_000, standard: 15_000 }
/** What the quick rounds on the control stack take before each scenario on a target, with all that is set up, ms. */
export const controlFirstTime = 45_000

/** `run X --dry-run`: the plan, the messages, the cost, the claims and their bounds; nothing is sent. */
export function describeScenario(scenarios: readonly BundledScenario[], request: RunRequest, context: CommandContext): number {
  const isControl = request.targets.length === 0
  const sides = isControl ? (['reference', 'judged'] as const) : request.targets.map((target) => target.role)
  for (const { spec } of scenarios) {
    const { stallFloor, looks } = rulesFor({ ...request, scenario: spec, isControl, knownAnswers: isControl })
    const planned = sides.map((role) => sizes({ measured: isControl && role === 'reference' ? assumedBefore : assumed, role, size: request.size, isControl, stallLimit: stallFloor, blockers: blockerDurations(spec) }))
    const rounds = looks[0] ?? 6
    const cost = expectedCost(spec, planned, rounds)
    const window = planned.at(-1)
    context.out([
      `${spec.name}: ${spec.question}`,
      '',
      `Plan: ${rounds} rounds, each on ${sides.length === 1 ? 'the target' : `${sides.length} sides in an order drawn from the seed`}:`,
      ...Object.keys(spec.phases).map((name) => `  ${name.padEnd(14)} ${phaseInWords(spec, name, window?.blockers ?? {})}`),
      `A window is ${window?.probesPerKind ?? 0} warm and ${window?.probesPerKind ?? 0} fresh connections, ${Math.round(window?.rate ?? 0)} messages a second at most.`,
      planLine({ scenario: spec.name, rounds, ...cost, time: cost.time + setUpTime[request.size] }),
      isControl ? '(a slower machine takes longer)' : `(a slower system gets fewer messages and longer blockers;\nthe control stack is measured first, about ${controlFirstTime / 1_000} s more)`,
      '',
      'Claims:',
      ...Object.entries(spec.claims).map(([sentence, claim]) => `  ${sentence}: ${claim.measure}${'statistic' in claim ? ` ${claim.statistic}` : ''} at most ${bound(claim.bounds.pass, claim.unit)}${claim.bounds.fail === claim.bounds.pass ? '' : `, fails above ${bound(claim.bounds.fail, claim.unit)}`}`),
      '', '',
    ].join('\n'))
  }
  return exitCodes.pass
}

function phaseInWords({ messages, phases }: ScenarioSpec, name: string, blockers: Readonly<Record<string, number>>): string {
  const said = (label: string): string => `"${messages[label]?.text ?? ''}"`
  const phase = phases[name]
  if (phase === undefined) return ''
  if (!isWindow(phase)) return `${phase.together.map(said).join(' and ')}, ${phase.copies.join(', then ')} at once${phase.via === undefined ? '' : ', to the model directly'}`
  const { say, while: blocker } = phase
  if (blocker === undefined) return `${said(say)}, alone`
  return `${said(say)} while ${blocker.copies > 1 ? `${blocker.copies} × ` : ''}${said(blocker.say)} is told (${formatMilliseconds(blockers[blocker.say] ?? 0)})`
}

function bound(value: number, unit: string): string {
  if (unit === 'ms') return formatMilliseconds(value)
  return unit === 'share' ? `${value * 100} %` : String(value)
}
