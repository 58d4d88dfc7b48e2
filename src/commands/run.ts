import { renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { BundledScenario } from '../engine/bundle.ts'
import { type LoopBlock, RunClock } from '../engine/node/clock.ts'
import { UsageError } from '../errors.ts'
import { renderJson } from '../report/json.ts'
import { renderMarkdown } from '../report/markdown.ts'
import { renderTerminal } from '../report/terminal.ts'
import type { KnownAnswersRecord, Run } from '../sample/run-file.ts'
import { judgeRun, raisesFalseAlarm, verdictOf, wrongAnswers } from '../verdict/judge.ts'
import type { LeftOut, RunResult, VerdictDocument } from '../verdict/document.ts'
import { readConfig } from './config-file.ts'
import { withConfig } from './config-flags.ts'
import { measure } from './measure.ts'
import { reportsFolder } from './reports-folder.ts'
import { rulesFor } from './rules.ts'
import { type CommandContext, terminalOf } from './context.ts'
import { describeScenario, listScenarios } from './run-description.ts'
import { runRequest, type RunFlags, type RunRequest } from './run-request.ts'
import { progressWriter, type ProgressWriter } from './run-progress.ts'
import { type ChosenScenario, loadScenarios, whyLeftOut } from './scenario-choice.ts'
import { scenarioFiles } from './scenario-files.ts'
import { type SideAccess, sideAccess } from './sign-in.ts'
import { StopSignal } from './stop-signal.ts'
import { checkDefects, controlSystems, runningSystems, type Systems } from './systems.ts'
import { checkAnswers, checkMock, chosenModels } from './target-preflight.ts'

/** `first-token run`: scenarios against the control stack or systems that run already. Returns the process's exit code. */
export async function run(names: readonly string[], flags: RunFlags, context: CommandContext): Promise<number> {
  for (const flag of ['list', 'dryRun'] as const) {
    if (flags.json === true && flags[flag] === true) throw new UsageError({ what: `--${flag === 'list' ? 'list' : 'dry-run'} is for people: it has no JSON form.`, fix: 'Leave out --json.' })
  }
  if (flags.list === true) return listScenarios(context)
  const files = scenarioFiles(names)
  const { config } = await readConfig({ file: flags.config, folder: process.cwd() })
  const request = await runRequest(withConfig(flags, config, context.environment), context.environment)
  const chosen = await loadScenarios(files, request, config.bounds)
  checkDefects(chosen.map(({ asked }) => asked), request.defects)
  if (flags.dryRun === true) return describeScenario(chosen.map(({ asked }) => asked), request, context)
  const leftOut = chosen.flatMap(({ asked: { spec } }) => leftOutWhy(spec.name, whyLeftOut(spec, request)))
  const scenarios = chosen.filter(({ asked }) => !leftOut.some(({ scenario }) => scenario === asked.spec.name))
  for (const { scenario, reason } of leftOut) context.err(`${scenario} is left out: ${reason}\n`)
  if (request.mockUrl !== undefined) await checkMock(request.mockUrl)
  const access = await sideAccess(request.targets, request.credentials)
  const models = await chosenModels(request.targets, request.model, access)
  await checkAnswers(request.targets, models, access)
  const startedAt = new Date()
  const folder = reportsFolder(request.out, startedAt)
  const blocks: { listener: ((block: LoopBlock) => void) | undefined } = { listener: undefined }
  const clock = new RunClock((block) => blocks.listener?.(block))
  const stop = new StopSignal()
  const progress = progressWriter(context)
  try {
    const session: Session = { request, models, access, startedAt, folder, blocks, clock, stop, progress, context, leftOut }
    const results: RunResult[] = []
    for (const scenario of scenarios) {
      results.push(await runScenario(scenario, session))
      if (stop.signal.aborted) break
    }
    return finish(results, session)
  } finally {
    progress.end()
    stop.release()
    clock.stop()
  }
}

interface Session {
  readonly request: RunRequest
  readonly models: ReadonlyMap<string, string>
  readonly access: SideAccess
  readonly startedAt: Date
  readonly folder: string
  readonly blocks: { listener: ((block: LoopBlock) => void) | undefined }
  readonly clock: RunClock
  readonly stop: StopSignal
  readonly progress: ProgressWriter
  readonly context: CommandContext
  readonly leftOut: readonly LeftOut[]
}

const leftOutWhy = (scenario: string, reason: string | undefined): LeftOut[] => (reason === undefined ? [] : [{ scenario, reason }])

async function runScenario({ asked: scenario, control }: ChosenScenario, session: Session): Promise<RunResult> {
  const { request, clock, folder } = session
  const place = path.join(folder, scenario.spec.name)
  if (request.targets.length === 0) {
    const systems = await controlSystems(clock, request.defects)
    return withSystems(systems, session, async () => judgeRun(await knownAnswerRun(scenario, systems, session, place)))
  }
  const knownAnswers = await controlFirst(control, session, path.join(place, 'control'))
  const systems = runningSystems(clock, request, session.models, session.access)
  return withSystems(systems, session, async () => judgeRun(await measureOnce(scenario, systems, session, place, request.seed, knownAnswers)))
}

async function withSystems(systems: Systems, session: Session, work: () => Promise<RunResult>): Promise<RunResult> {
  void systems.died.then((sentence) => session.stop.abort(`lost: ${sentence}`))
  try {
    return await work()
  } finally {
    await systems.down()
  }
}

/** On the unaltered control stack the answers are known. A wrong one is repeated once with a new seed; the judge calls the second one invalid. */
async function knownAnswerRun(scenario: BundledScenario, systems: Systems, session: Session, place: string): Promise<Run> {
  const { request, stop } = session
  const first = await measureOnce(scenario, systems, session, place, request.seed, undefined)
  const wrong = systems.knownAnswers ? wrongAnswers(first) : []
  if (wrong.length === 0 || stop.signal.aborted) return first
  session.progress.note(`a known answer came out wrong, once more with a new seed: ${wrong.join('; ')}`)
  renameSync(path.join(place, 'run.ndjson'), path.join(place, 'run-first.ndjson'))
  return measureOnce(scenario, systems, session, place, (request.seed + 1) >>> 0, undefined)
}

/** Before a target whose answers nobody knows, the quick rounds on the control stack, whose answers are known. */
async function controlFirst(scenario: BundledScenario, session: Session, place: string): Promise<KnownAnswersRecord | undefined> {
  const { request, clock, stop } = session
  const systems = await controlSystems(clock, [])
  void systems.died.then((sentence) => stop.abort(`lost: ${sentence}`))
  const quick: Session = { ...session, request: { ...request, size: 'quick', rounds: undefined, stallLimit: undefined, load: 'full', targets: [] } }
  session.progress.note('the control stack first, whose answers are known (about 45 s)')
  try {
    for (let attempts = 1; ; attempts += 1) {
      const runFolder = attempts === 1 ? place : `${place}-again`
      const measured = await measureOnce(scenario, systems, quick, runFolder, (request.seed + attempts) >>> 0, undefined)
      if (stop.signal.aborted) return undefined
      const cut = measured.end?.interrupted ?? null
      const wrong = cut === null ? wrongAnswers(measured) : [`it was not measured to its end (${cut})`]
      if (wrong.length > 0 && attempts < 2) continue
      return { type: 'known-answers', attempts, right: wrong.length === 0, wrong, falseAlarm: raisesFalseAlarm(measured), runFile: `${path.basename(runFolder)}/run.ndjson` }
    }
  } finally {
    await systems.down()
  }
}

function measureOnce(scenario: BundledScenario, systems: Systems, session: Session, place: string, seed: number, knownAnswers: KnownAnswersRecord | undefined): Promise<Run> {
  const { request, startedAt, clock, blocks, stop, progress, context } = session
  const isControl = systems.sides.every((side) => side.kind === 'control')
  return measure({
    scenario, systems, seed, clock, blocks, startedAt, knownAnswers,
    rules: rulesFor({ ...request, scenario: scenario.spec, isControl, knownAnswers: systems.knownAnswers }),
    budget: request.budget,
    folder: place,
    reproduce: reproduceCommand(context.argv, seed),
    signal: stop.signal,
    onProgress: (event) => { if (!stop.signal.aborted) progress.show(event, systems.sides, scenario.spec, clock.now()) },
  })
}

/** The arguments as typed, with the seed that was drawn. They hold no secret: those come from the environment. */
function reproduceCommand(argv: readonly string[], seed: number): string {
  const words = argv.filter((word, index) => word !== '--seed' && argv[index - 1] !== '--seed' && !word.startsWith('--seed='))
  return ['npx', 'first-token', ...words, '--seed', String(seed)].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

/** Writes the verdict and the reports of each scenario and of all, prints them, and says how to leave. */
function finish(results: readonly RunResult[], { request, folder, stop, context, progress, leftOut }: Session): number {
  const document = verdictOf([...results], { strict: request.strict, leftOut })
  for (const result of results) writeReports(path.join(folder, result.scenario), verdictOf([result], { strict: request.strict }))
  writeFileSync(path.join(folder, 'verdict.json'), renderJson(document))
  progress.end()
  if (request.json) context.out(renderJson(document))
  else context.out(renderTerminal(document, { ...terminalOf(context), folder }))
  if (stop.exitCode !== undefined) context.err(`Interrupted: what was measured is in ${folder}; show it with \`first-token report ${folder}\`.\n`)
  return stop.exitCode ?? document.exitCode
}

function writeReports(folder: string, document: VerdictDocument): void {
  writeFileSync(path.join(folder, 'verdict.json'), renderJson(document))
  writeFileSync(path.join(folder, 'report.md'), renderMarkdown(document))
}

