import { formatMilliseconds } from '../duration.ts'
import { type BundledScenario, languageFile, loadScenario } from '../engine/bundle.ts'
import type { GentlePlan } from '../engine/gentle-plan.ts'
import { blockerDurations, expectedCost, probeLabel, repeats, sizes } from '../engine/plan.ts'
import { exitCodes } from '../errors.ts'
import { isWindow, type ClaimSpec, type PhaseSpec, type ScenarioSpec } from '../scenario/spec.ts'
import { planLine } from '../report/progress.ts'
import { measureInWords } from '../report/words.ts'
import { boundsInWords } from '../verdict/wording.ts'
import type { CommandContext } from './context.ts'
import { rulesFor, singlesPlan } from './rules.ts'
import { costInWords } from './run-announcement.ts'
import type { RunRequest } from './run-request.ts'
import { takesBrowser, whyLeftOut } from './scenario-choice.ts'
import { scenarioFiles, scenarioNames } from './scenario-files.ts'

/** `run --list`: what can be asked. */
export async function listScenarios(context: CommandContext): Promise<number> {
  const [all, withPages] = [scenarioFiles(['all']), scenarioFiles(['all'], 'open-webui')]
  for (const name of scenarioNames()) {
    const [file] = scenarioFiles([name])
    const { spec } = await loadScenario(file ?? '', languageFile())
    context.out(`${spec.name.padEnd(14)} ${spec.question}${all.includes(file ?? '') ? '' : withPages.includes(file ?? '') ? ' (in all with --stack open-webui or compose)' : ' (not in all)'}\n`)
  }
  context.out(`${'all'.padEnd(14)} ${all.length} of them, one after another\n`)
  return exitCodes.pass
}

/** Sides of a dry run: nothing is measured, so a parallel stack that answers a hello in 5 ms is assumed; of `before` what it takes on an idle machine. */
const assumed = { judged: { aloneTime: 5, togetherTime: 5, together: 32 }, reference: { aloneTime: 305, togetherTime: 430, together: 32 } }

/** Starting, calibrating and warming up, ms. */
const setUpTime = { quick: 11_000, standard: 15_000 }
const controlFirst = 'Before that the control stack is measured, whose answers are known: up to a\nminute.'
const unnamedModel = 'as it is offered'

/** `run X --dry-run`: the plan, the messages, the cost, the claims and their bounds; nothing is sent. */
export function describeScenario(scenarios: readonly BundledScenario[], request: RunRequest, context: CommandContext): number {
  for (const { spec } of scenarios) context.out(`${[`${spec.name}: ${spec.question}`, '', ...described(spec, request)].join('\n')}\n\n`)
  return exitCodes.pass
}

function described(spec: ScenarioSpec, request: RunRequest): string[] {
  const gently = singlesPlan(spec, request, request.mockUrl !== undefined || request.targets.length === 0)
  const leftOut = whyLeftOut(spec, request) ?? (gently?.kind === 'refused' ? gently.why : undefined)
  if (leftOut !== undefined) return [`It is left out: ${leftOut}.`]
  const plan = gently?.kind === 'plan' ? gentlePlanLines(spec, gently, request) : fullPlanLines(spec, request)
  return [...plan, '', 'Claims:', ...Object.entries(spec.claims).flatMap(([sentence, claim]) => [`  ${sentence}:`, `    ${claimInWords(claim)}`])]
}

function fullPlanLines(spec: ScenarioSpec, request: RunRequest): string[] {
  const isControl = request.targets.length === 0
  const roles = isControl ? (['reference', 'judged'] as const) : request.targets.map(({ role }) => role)
  const { stallFloor, looks, size } = rulesFor({ ...request, scenario: spec, isControl, knownAnswers: isControl })
  const planned = roles.map((role) => sizes({ measured: assumed[isControl ? role : 'judged'], role, size, isControl, stallLimit: stallFloor, blockers: blockerDurations(spec) }))
  const rounds = looks[0] ?? 6
  const window = Object.values(spec.phases).some(isWindow) ? planned.at(-1) : undefined
  const cost = expectedCost(spec, planned, rounds)
  const order = roles.length === 1 ? `the target${sideNames(request)}` : `${roles.length} sides${sideNames(request)} ${request.switchCommand === undefined ? 'in an order drawn from the seed' : 'by turns'}`
  return [
    `Plan: ${counted(rounds, 'round')}, ${rounds === 1 ? '' : 'each '}on ${order}:`,
    ...Object.entries(spec.phases).map(([name, phase]) => phaseLine(spec, name, phaseInWords(spec, phase, window?.blockers ?? {}) + walked(phase, rounds, size === 'quick'))),
    ...(window === undefined ? [] : [`Each "${spec.messages[probeLabel(spec) ?? '']?.text ?? ''}" stands for a window: ${window.probesPerKind} warm and ${window.probesPerKind} fresh connections, ${Math.round(window.rate)} a second\nat most.`]),
    ...(looks.length > 1 ? [`Where these do not decide, up to ${looks.slice(1).join(' or ')}, as far as --budget (${Math.round(request.budget / 1_000)} s) reaches.`] : []),
    ...(isControl
      ? [planLine({ scenario: spec.name, rounds, ...cost, time: cost.time + setUpTime[size] }), '(a slower machine takes longer)']
      : [costInWords([spec], request, request.model ?? unnamedModel), '(a slower system gets fewer messages and longer answers)', controlFirst]),
  ]
}

function gentlePlanLines(spec: ScenarioSpec, plan: Extract<GentlePlan, { kind: 'plan' }>, request: RunRequest): string[] {
  const sides = request.targets.length
  return [
    `Plan: ${request.load === 'pages' ? 'in pages of a browser' : 'gently'}, ${counted(plan.rounds, 'round')}${sides === 1 ? '' : ` on ${sides} sides`}${sideNames(request)}, ${request.load === 'pages' ? `at most ${plan.inFlight} at once` : 'at most 1 message a second'}:`,
    ...plan.phases.map(({ name, messages }) => phaseLine(spec, name, `${counted(messages, 'message')}${sides === 1 ? '' : ' a side'}`)),
    ...plan.leftOut.map(({ name, why }) => phaseLine(spec, name, `left out, it ${why}`)),
    costInWords([spec], request, request.model ?? unnamedModel),
    ...(request.mockUrl === undefined ? ['(how long it takes depends on how long the answers are)'] : []),
    'So few messages show shares of 25 % and more, and percentiles up to p75: smaller\nbounds are judged at those. What cannot be shown at all is skipped.',
    ...(takesBrowser(spec) ? [] : [controlFirst]),
  ]
}

/** Those of a stack that is to be started. */
const sideNames = ({ stack, targets }: RunRequest): string => (stack === undefined ? '' : ` (${targets.map(({ side }) => side).join(', ')})`)

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

function phaseLine({ phases }: ScenarioSpec, name: string, words: string): string {
  return `  ${name.padEnd(Math.max(...Object.keys(phases).map(({ length }) => length)))}  ${words}`
}

/** Where a phase is not walked in every round. */
function walked(phase: PhaseSpec, rounds: number, quick: boolean): string {
  if (isWindow(phase)) return ''
  const times = repeats(phase, quick)
  return times >= rounds ? '' : `, in ${counted(times, 'round')}`
}

function phaseInWords({ messages }: ScenarioSpec, phase: PhaseSpec, blockers: Readonly<Record<string, number>>): string {
  const said = (label: string): string => `"${messages[label]?.text ?? ''}"`
  if (!isWindow(phase)) return `${phase.together.map((label) => said(label) + besides(messages[label])).join(' and ')}, ${phase.copies.join(', then ')} at once${phase.via === undefined ? '' : ', from the model directly'}${phase.idleBefore === undefined ? '' : `, over connections that were idle for ${formatMilliseconds(phase.idleBefore)}`}`
  const { say, while: blocker, as } = phase
  if (blocker === undefined) return `${said(say)}, while nothing else is said`
  const takes = `${formatMilliseconds(blockers[blocker.say] ?? 0)} at least`
  return `${said(say)}${as === undefined ? '' : ` (${standingInWords[as]})`}, while ${blocker.copies > 1 ? `${blocker.copies} × ` : ''}${said(blocker.say)} is ${messages[blocker.say]?.search === true ? `searched for (${takes})` : `told (${takes})`}`
}

const standingInWords = { 'same chat': 'in the same chat', 'other tab': 'in another tab of the same person', 'other user': 'by somebody else' } as const

/** What goes wrong with a message on purpose. */
function besides(message: ScenarioSpec['messages'][string] | undefined): string {
  const { fault, leave, loses } = message ?? {}
  if (leave !== undefined) return leave.from === undefined ? ` (left after ${leave.afterTokens} words)` : ` (stopped in another tab after ${leave.afterTokens} words)`
  if (loses !== undefined) return ` (its page loses the connection after ${loses.afterTokens} words, for ${formatMilliseconds(loses.forTime)})`
  if (fault === undefined) return ''
  if (fault.kind === 'offline') return ` (the page loses its network ${'before' in fault ? 'before it sends' : `after ${fault.afterTokens} words`})`
  const place = 'afterTokens' in fault ? ` after ${fault.afterTokens} words` : 'before' in fault ? ` before the ${fault.before}` : ''
  return ` (the model: ${fault.kind === 'status' ? `HTTP ${fault.status}` : fault.kind}${place})`
}

function claimInWords(claim: ClaimSpec): string {
  const { bounds, unit } = claim
  const statistic = claim.measure === 'overhead' ? `${claim.of} ${claim.statistic}` : 'statistic' in claim ? claim.statistic : claim.measure === 'requestsPerSocket' ? 'mean' : 'share'
  const { attained, missed } = boundsInWords(bounds, unit)
  return `${measureInWords(claim.measure, statistic)}: ${attained}${bounds.fail === bounds.pass ? '' : `, fails ${missed}`}`
}
