import { blockerDurations, expectedCost, type Sizes, sizes } from '../engine/plan.ts'
import type { Rules, SideSpec } from '../sample/run-file.ts'
import { isWindow, type ScenarioSpec } from '../scenario/spec.ts'
import { secretsOf } from '../target/failure.ts'
import { announcement, confirm } from './announcement.ts'
import type { CommandContext } from './context.ts'
import { rulesFor, singlesPlan } from './rules.ts'
import type { RunRequest } from './run-request.ts'
import type { SideAccess } from './sign-in.ts'

interface Cost {
  readonly messages: number
  readonly tokens: number
  readonly time: number
  readonly inFlight: number
}

/** Says what the run will send to systems that may have other users, and asks. @throws {UsageError} where it may not. */
export async function announceRun(scenarios: readonly ScenarioSpec[], request: RunRequest, models: ReadonlyMap<string, string>, access: SideAccess, context: CommandContext): Promise<void> {
  const secrets = [...access.values()].flatMap(({ headers }) => secretsOf(headers))
  await confirm(context, costInWords(scenarios, request, [...new Set(models.values())].join(' and '), secrets), { yes: request.yes })
}

/** What the scenarios will send to the targets, in a line: before a run, and instead of one. */
export function costInWords(scenarios: readonly ScenarioSpec[], request: RunRequest, model: string, secrets: readonly string[] = []): string {
  const costs = scenarios.map((scenario) => costOf(scenario, request))
  const sum = (of: 'messages' | 'tokens' | 'time'): number => costs.reduce((total, cost) => total + cost[of], 0)
  return announcement({
    // Before them one hello in a page of each browser: see checkPages.
    messages: Math.min(sum('messages') + request.targets.filter(({ kind }) => kind === 'browser').length, request.maxMessages ?? Infinity),
    tokens: Math.min(sum('tokens'), request.maxTokens ?? Infinity),
    time: sum('time') + scenarios.length * controlFirstTime,
    inFlight: Math.max(...costs.map(({ inFlight }) => inFlight)),
    host: request.stack === undefined ? [...new Set(request.targets.map(({ url }) => new URL(url).host))].join(' and ') : `${request.stack.name}, which is started for it`,
    model,
    secrets,
  })
}

/** What the quick rounds on the control stack take before each scenario on a target, with all that is set up, ms. */
const controlFirstTime = 45_000

/** Of a system of somebody else's, before it is measured: a parallel one that answers a hello in 5 ms. What it gets is known when it has been measured. */
const assumed = { aloneTime: 5, togetherTime: 5, together: 32 }
const assumedSizes = (scenario: ScenarioSpec, role: SideSpec['role'], size: Rules['size'], stallLimit: number): Sizes =>
  sizes({ measured: assumed, role, size, isControl: false, stallLimit, blockers: blockerDurations(scenario) })

function costOf(scenario: ScenarioSpec, request: RunRequest): Cost {
  const hasMock = request.mockUrl !== undefined
  const sides = request.targets.length
  const plan = singlesPlan(scenario, request, hasMock)
  if (plan?.kind === 'plan') return { messages: sides * plan.messages, tokens: sides * plan.tokens, time: sides * plan.time, inFlight: plan.inFlight }
  const { looks, stallFloor } = rulesFor({ ...request, scenario, isControl: false, knownAnswers: false })
  const cost = expectedCost(scenario, request.targets.map(({ role }) => assumedSizes(scenario, role, request.size, stallFloor)), looks[0] ?? 6)
  return { ...cost, tokens: hasMock ? cost.tokens : Infinity, inFlight: atOnce(scenario) }
}

/** Hellos are said so many at once to learn what a system bears. */
const mostTogether = 32

function atOnce({ phases }: ScenarioSpec): number {
  return Math.max(mostTogether, ...Object.values(phases).map((phase) => (isWindow(phase) ? 0 : phase.together.length * Math.max(...phase.copies))))
}
