import { renameSync } from 'node:fs'
import path from 'node:path'
import type { BundledScenario } from '../engine/bundle.ts'
import { gentleRules } from '../engine/gentle-plan.ts'
import type { LoopBlock, RunClock } from '../engine/node/clock.ts'
import type { KnownAnswersRecord, Rules, Run } from '../sample/run-file.ts'
import { secretsOf } from '../target/failure.ts'
import type { Guard } from '../target/guarded.ts'
import { besideRun } from '../verdict/across-runs.ts'
import type { LeftOut, RunResult } from '../verdict/document.ts'
import { judgeRun, raisesFalseAlarm, wrongAnswers } from '../verdict/judge.ts'
import type { Containers } from './containers.ts'
import type { CommandContext } from './context.ts'
import { measure } from './measure.ts'
import { mannerOf, rulesFor, singlesPlan } from './rules.ts'
import type { ProgressWriter } from './run-progress.ts'
import type { RunRequest } from './run-request.ts'
import { type ChosenScenario, takesBrowser, targetsFor } from './scenario-choice.ts'
import type { SideAccess } from './sign-in.ts'
import type { StopSignal } from './stop-signal.ts'
import { controlSystems, controlWay, runningSystems, type Systems } from './systems.ts'
import { takeTurns, type Turns } from './turns.ts'

/** What all scenarios of one command share. */
export interface Session {
  readonly request: RunRequest
  readonly models: ReadonlyMap<string, string>
  readonly access: SideAccess
  /** Brings a side of a stack that we started into force, where memory holds one at a time. */
  readonly bring: ((side: string) => Promise<void>) | undefined
  /** What is looked into besides; undefined where nobody named a container. */
  readonly containers: Containers | undefined
  readonly startedAt: Date
  readonly folder: string
  readonly blocks: { listener: ((block: LoopBlock) => void) | undefined }
  readonly clock: RunClock
  readonly stop: StopSignal
  readonly progress: ProgressWriter
  readonly context: CommandContext
  readonly leftOut: readonly LeftOut[]
  /** Over everything that is said to systems that we did not start; undefined on the control stack. */
  readonly guard: Guard | undefined
  /** By scenario, the earlier run that --against names. */
  readonly earlier: ReadonlyMap<string, Run> | undefined
}

/** Measures one scenario and judges it: the control stack itself, or the control stack first and then the systems asked for. */
export async function runScenario({ asked: scenario, control }: ChosenScenario, session: Session): Promise<RunResult> {
  const { request, clock, folder } = session
  const place = path.join(folder, scenario.spec.name)
  if (request.targets.length === 0) {
    const systems = await controlSystems(clock, request.defects, controlWay(scenario.spec, request.controlVia))
    return withSystems(systems, session, async () => judgeRun(await knownAnswerRun(scenario, systems, session, place)))
  }
  const knownAnswers = takesBrowser(scenario.spec) ? undefined : await controlFirst(control, session, path.join(place, 'control'))
  const systems = runningSystems(clock, { ...request, targets: targetsFor(scenario.spec, request) }, { ...session, folder: place })
  return withSystems(systems, session, async () => {
    const turns = await turnsOf(systems, session)
    try {
      const run = await measureOnce(scenario, systems, session, place, { seed: request.seed, knownAnswers, turns: turns?.measuring, guard: session.guard, containers: session.containers })
      const earlier = session.earlier?.get(scenario.spec.name)
      return earlier === undefined ? judgeRun(run) : besideRun(judgeRun(run), run, earlier, request.against)
    } finally {
      await turns?.end()
    }
  })
}

/** Where one system is measured before and after a change, by turns or in two runs, what it takes to tell the change from the time that passed. */
async function turnsOf(systems: Systems, { request, clock, stop, progress, access, bring }: Session): Promise<Turns | undefined> {
  const [first] = systems.sides
  const turn = bring ?? request.switchCommand
  if (first === undefined || (turn === undefined && !request.isLabelled)) return undefined
  return takeTurns({
    turn, targets: systems.targets, hasMock: systems.mock !== undefined, hasModel: systems.model !== undefined, load: request.load === 'full' ? undefined : request.load,
    clock, signal: stop.signal, note: (line) => progress.note(line), secrets: secretsOf(access.get(first.name)?.headers ?? {}),
  })
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
  const first = await measureOnce(scenario, systems, session, place, { seed: request.seed })
  const wrong = systems.knownAnswers ? wrongAnswers(first) : []
  if (wrong.length === 0 || stop.signal.aborted) return first
  session.progress.note(`a known answer came out wrong, once more with a new seed: ${wrong.join('; ')}`)
  renameSync(path.join(place, 'run.ndjson'), path.join(place, 'run-first.ndjson'))
  return measureOnce(scenario, systems, session, place, { seed: (request.seed + 1) >>> 0 })
}

/** Before a target whose answers nobody knows, the quick rounds on the control stack, whose answers are known. */
async function controlFirst(scenario: BundledScenario, session: Session, place: string): Promise<KnownAnswersRecord | undefined> {
  const { request, clock, stop } = session
  const systems = await controlSystems(clock, [], controlWay(scenario.spec, request.controlVia))
  void systems.died.then((sentence) => stop.abort(`lost: ${sentence}`))
  const quick: Session = { ...session, request: { ...request, size: 'quick', rounds: undefined, stallLimit: undefined, load: 'full', targets: [] } }
  session.progress.note(`${scenario.spec.name}: the control stack first, whose answers are known`)
  try {
    for (let attempts = 1; ; attempts += 1) {
      const runFolder = attempts === 1 ? place : `${place}-again`
      const measured = await measureOnce(scenario, systems, quick, runFolder, { seed: (request.seed + attempts) >>> 0 })
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

interface Attempt {
  readonly seed: number
  readonly knownAnswers?: KnownAnswersRecord | undefined
  readonly turns?: Turns['measuring'] | undefined
  readonly guard?: Guard | undefined
  readonly containers?: Containers | undefined
}

function measureOnce(scenario: BundledScenario, systems: Systems, session: Session, place: string, { seed, knownAnswers, turns, guard, containers }: Attempt): Promise<Run> {
  const { request, startedAt, clock, blocks, stop, progress, context } = session
  return measure({
    scenario, systems, seed, clock, blocks, startedAt, knownAnswers, guard, containers, ...turns,
    rules: rulesOf(scenario, systems, request),
    budget: request.budget,
    folder: place,
    reproduce: reproduceCommand(context.argv, seed),
    signal: stop.signal,
    onProgress: (event) => { if (!stop.signal.aborted) progress.show(event, systems.sides, scenario.spec, clock.now()) },
  })
}

function rulesOf({ spec }: BundledScenario, systems: Systems, request: RunRequest): Rules {
  const plan = singlesPlan(spec, request, systems.mock !== undefined)
  if (plan?.kind === 'plan') return gentleRules(plan, request.stallLimit, mannerOf(request))
  return rulesFor({ ...request, scenario: spec, isControl: systems.sides.every((side) => side.kind === 'control'), knownAnswers: systems.knownAnswers })
}

/** The arguments as typed, with the seed that was drawn. They hold no secret: those come from the environment. */
function reproduceCommand(argv: readonly string[], seed: number): string {
  const words = argv.filter((word, index) => word !== '--seed' && argv[index - 1] !== '--seed' && !word.startsWith('--seed='))
  return ['npx', 'first-token', ...words, '--seed', String(seed)].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ')
}

