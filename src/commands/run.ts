import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { type LoopBlock, RunClock } from '../engine/node/clock.ts'
import { UsageError } from '../errors.ts'
import { renderJson } from '../report/json.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { renderTerminal } from '../report/terminal.ts'
import { Guard } from '../target/guarded.ts'
import type { LeftOut, RunResult, VerdictDocument } from '../verdict/document.ts'
import { verdictOf } from '../verdict/judge.ts'
import { earlierRuns } from './against.ts'
import { announceRun } from './run-announcement.ts'
import { checkContainers, containersOf } from './containers.ts'
import { readConfig } from './config-file.ts'
import { withConfig } from './config-flags.ts'
import { type CommandContext, terminalOf } from './context.ts'
import { reportsFolder } from './reports-folder.ts'
import { describeScenario, listScenarios } from './run-description.ts'
import { progressWriter } from './run-progress.ts'
import { singlesPlan } from './rules.ts'
import { runRequest, type RunFlags, type RunRequest } from './run-request.ts'
import { runScenario, type Session } from './run-scenario.ts'
import { type ChosenScenario, loadScenarios, viaNotTaken, whyLeftOut } from './scenario-choice.ts'
import { scenarioFiles } from './scenario-files.ts'
import { sideAccess } from './sign-in.ts'
import { type StartedStack, startStack } from './started-stack.ts'
import { StopSignal } from './stop-signal.ts'
import { checkDefects } from './systems.ts'
import { checkAnswers, checkMock, checkPages, chosenModels, type LookedAtPages } from './target-preflight.ts'

/** `first-token run`: scenarios against the control stack or systems that run already. Returns the process's exit code. */
export async function run(names: readonly string[], flags: RunFlags, context: CommandContext): Promise<number> {
  for (const flag of ['list', 'dryRun'] as const) {
    if (flags.json === true && flags[flag] === true) throw new UsageError({ what: `--${flag === 'list' ? 'list' : 'dry-run'} is for people: it has no JSON form.`, fix: 'Leave out --json.' })
  }
  if (flags.list === true) return listScenarios(context)
  const files = scenarioFiles(names, flags.stack)
  const { config } = await readConfig({ file: flags.config, folder: process.cwd() })
  const asked = await runRequest(withConfig(flags, config, context.environment), context.environment)
  const chosen = await loadScenarios(files, asked, config.bounds)
  checkDefects(chosen.map((scenario) => scenario.asked), asked.defects)
  for (const line of chosen.map((scenario) => viaNotTaken(scenario.asked.spec, flags.via, asked))) if (line !== undefined) context.err(`${line}\n`)
  if (flags.dryRun === true) return describeScenario(chosen.map((scenario) => scenario.asked), asked, context)
  const sound = sorted(chosen, asked, context)
  const earlier = asked.against === undefined ? undefined : earlierRuns(asked.out, asked.against, sound.scenarios.map((scenario) => scenario.asked.spec.name))
  const reached = asked.stack === undefined ? await reachedTargets(asked, sound.scenarios, context) : undefined
  const startedAt = new Date()
  const folder = reportsFolder(asked.out, startedAt)
  const blocks: { listener: ((block: LoopBlock) => void) | undefined } = { listener: undefined }
  const clock = new RunClock((block) => blocks.listener?.(block))
  const stop = new StopSignal()
  const progress = progressWriter(context)
  let stack: StartedStack | undefined
  try {
    if (asked.stack !== undefined) stack = await startStack(asked.stack, { note: (line) => progress.note(line), pages: asked.stack.via === 'socket' || sound.scenarios.some(({ asked: { spec } }) => spec.needs.includes('socket')), signal: stop.signal })
    void stack?.died.then(({ name, detail }) => stop.abort(`lost: ${name} ended unasked (${detail})`))
    const { request, models, access } = reached ?? onStack(asked, stack)
    if (stack?.bring !== undefined && request.load !== 'full') throw new UsageError({ what: 'One side at a time is up here, because memory does not hold all; and this way of asking turns to another side with each message.', fix: `Measure one by itself: --profiles ${request.targets.at(-1)?.side ?? ''}` })
    const { noSearch } = reached ?? await checkPages(request.targets, models, access, { wantsSearch: wantSearch(sound.scenarios), isOurs: true })
    const { scenarios, leftOut } = noSearch === undefined ? sound : withoutSearch(sound, noSearch, context)
    const guard = asked.stack === undefined && request.targets.length > 0 ? new Guard({ messages: request.maxMessages, tokens: request.maxTokens }) : undefined
    const session: Session = { request, models, access, bring: stack?.bring, containers: containersOf(request.targets, stack?.bring !== undefined || request.switchCommand !== undefined, context.environment), startedAt, folder, blocks, clock, stop, progress, context, leftOut, earlier, guard }
    const results: RunResult[] = []
    for (const scenario of scenarios) {
      results.push(await runScenario(scenario, session))
      if (stop.signal.aborted || session.guard?.signal.aborted === true) break
    }
    return finish(results, session)
  } catch (error) {
    if (stack !== undefined || stop.exitCode === undefined) throw error
    context.err('Interrupted: the stack was not up yet, and nothing of it is left.\n')
    return stop.exitCode
  } finally {
    progress.end()
    await stack?.down()
    stop.release()
    clock.stop()
  }
}

/** What is to be measured, how it is entered, and which model is asked for. */
type Reached = Pick<Session, 'request' | 'models' | 'access'>

/** Looks at the systems that run already, and asks whoever sits there whether they may be sent what it takes. */
async function reachedTargets(request: RunRequest, scenarios: readonly ChosenScenario[], context: CommandContext): Promise<Reached & Pick<LookedAtPages, 'noSearch'>> {
  const containers = containersOf(request.targets, request.switchCommand !== undefined, context.environment)
  const targets = containers === undefined ? request.targets : await checkContainers(request.targets, containers, context.environment)
  if (request.mockUrl !== undefined) await checkMock(request.mockUrl)
  const access = await sideAccess(request.targets, request.credentials)
  const models = await chosenModels(request.targets, request.model, access)
  if (request.targets.length > 0) await announceRun(scenarios.map(({ asked }) => asked.spec), request, models, access, context)
  const { answered, noSearch } = await checkPages(request.targets, models, access, { wantsSearch: wantSearch(scenarios), isOurs: false })
  // A gentle run says nothing that it has not announced; its first message finds out.
  if (request.load !== 'gentle') await checkAnswers(request.targets.filter(({ side }) => !answered.includes(side)), models, access)
  return { request: { ...request, targets }, models, access, noSearch }
}

/** A stack that is up is a system that runs already. */
const onStack = (request: RunRequest, stack: StartedStack | undefined): Reached => ({
  request: { ...request, targets: stack?.targets ?? [], mockUrl: stack?.mockUrl, modelUrl: stack?.modelUrl },
  models: stack?.models ?? new Map(),
  access: stack?.access ?? new Map(),
})

interface Sorted {
  readonly scenarios: readonly ChosenScenario[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * What can be shown on the systems asked for, and what is left out and why.
 * @throws {UsageError} where that is everything.
 */
function sorted(chosen: readonly ChosenScenario[], request: RunRequest, context: CommandContext): Sorted {
  const leftOut = chosen.flatMap(({ asked: { spec } }): LeftOut[] => {
    const plan = singlesPlan(spec, request, request.mockUrl !== undefined || request.targets.length === 0)
    const reason = whyLeftOut(spec, request) ?? (plan?.kind === 'refused' ? plan.why : undefined)
    return reason === undefined ? [] : [{ scenario: spec.name, reason }]
  })
  return without(chosen, leftOut, context)
}

/** @throws {UsageError} where nothing is left. */
function without(chosen: readonly ChosenScenario[], leftOut: readonly LeftOut[], context: CommandContext): Sorted {
  if (leftOut.length === chosen.length) throw new UsageError(leftOut.map(({ scenario, reason }) => ({ what: `${scenario} cannot be run here: ${reason}.`, fix: 'Give what it needs, or ask for another scenario.' })))
  for (const { scenario, reason } of leftOut) context.err(`${scenario} is left out: ${reason}\n`)
  return { scenarios: chosen.filter(({ asked }) => !leftOut.some(({ scenario }) => scenario === asked.spec.name)), leftOut }
}

const searches = ({ asked: { spec } }: ChosenScenario): boolean => Object.values(spec.messages).some(({ search }) => search === true)
const wantSearch = (scenarios: readonly ChosenScenario[]): boolean => scenarios.some(searches)

/** A page that offers no search says nothing about scenarios that search, and all about the others. */
function withoutSearch({ scenarios, leftOut }: Sorted, reason: string, context: CommandContext): Sorted {
  const rest = without(scenarios, scenarios.filter(searches).map(({ asked: { spec } }) => ({ scenario: spec.name, reason })), context)
  return { ...rest, leftOut: [...leftOut, ...rest.leftOut] }
}

/** Writes the verdict and the reports of each scenario and of all, prints them, and says how to leave. */
function finish(results: readonly RunResult[], { request, folder, stop, context, progress, leftOut }: Session): number {
  const document = verdictOf([...results], { strict: request.strict, leftOut })
  for (const result of results) writeReports(path.join(folder, result.scenario), verdictOf([result], { strict: request.strict }))
  writeFileSync(path.join(folder, 'verdict.json'), renderJson(document))
  progress.end()
  if (request.json) context.out(renderJson(document))
  else context.out(renderTerminal(document, { ...terminalOf(context), folder }))
  if (stop.exitCode !== undefined) context.err(`Interrupted: what was measured is in ${folder}; show it with \`npx first-token report ${folder}\`.\n`)
  return stop.exitCode ?? document.exitCode
}

function writeReports(folder: string, document: VerdictDocument): void {
  writeFileSync(path.join(folder, 'verdict.json'), renderJson(document))
  writeFileSync(path.join(folder, 'report.md'), renderMarkdown(document))
}

