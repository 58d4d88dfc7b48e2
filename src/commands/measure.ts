import { setMaxListeners } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { BundledScenario } from '../engine/bundle.ts'
import { conduct, type ConductorOptions, type Progress } from '../engine/conductor.ts'
import { Interrupted } from '../engine/engine.ts'
import { conductGently } from '../engine/gentle-conductor.ts'
import type { AnswerLimits } from '../engine/gentle-plan.ts'
import type { LoopBlock, RunClock } from '../engine/node/clock.ts'
import { NodeEngine } from '../engine/node/engine.ts'
import { quietWatch } from '../engine/quiet-watch.ts'
import { toMicrosecond } from '../engine/records.ts'
import type { KnownAnswersRecord, Rules, Run } from '../sample/run-file.ts'
import { assembleRun, parseRun, runFileSchema, type RunFileRecord, type RunRecord } from '../sample/run-file.ts'
import { type Guard, guarded } from '../target/guarded.ts'
import type { Target } from '../target/target.ts'
import { lookDecides } from '../verdict/judge.ts'
import { type Containers, type ContainerWatch, watchContainers } from './containers.ts'
import { environment, versions } from './environment.ts'
import { RunFileWriter } from './run-file-writer.ts'
import type { Systems } from './systems.ts'

export interface MeasureOptions {
  readonly scenario: BundledScenario
  readonly systems: Systems
  readonly rules: Rules
  readonly seed: number
  readonly budget: number
  /** The folder that gets run.ndjson. */
  readonly folder: string
  readonly file?: string
  readonly startedAt: Date
  readonly reproduce: string
  readonly clock: RunClock
  /** Where the clock reports loop blocks of the tester while this run is on. */
  readonly blocks: { listener: ((block: LoopBlock) => void) | undefined }
  readonly signal: AbortSignal
  /** Counts what is said and stops the run where a target has enough; present where the systems are not ours. */
  readonly guard?: Guard | undefined
  /** How long answers may get in a gentle run. */
  readonly answerLimits?: AnswerLimits | undefined
  readonly knownAnswers: KnownAnswersRecord | undefined
  readonly onProgress: (progress: Progress) => void
  /** Whether further rounds are worth while for this claim of this side; without it for every claim. */
  readonly matters?: (side: string, claim: string) => boolean
  /** What a run on systems one at a time has besides: anchors, and the switching of sides. */
  readonly turns?: Pick<ConductorOptions, 'anchors' | 'switchTo'>
  /** What is looked into while messages are said. */
  readonly containers?: Containers | undefined
  /** Who is asked for the anchors where neither the model nor a mock behind the targets can be. */
  readonly anchorMock?: Target
}

/**
 * Runs one scenario on systems that are up, and leaves its run file. An abort, also one by the guard, is not an error: the file says `interrupted`, and the
 * run is returned.
 */
export async function measure(options: MeasureOptions): Promise<Run> {
  const { scenario, systems, rules, seed, clock, guard } = options
  const signal = guard === undefined ? options.signal : AbortSignal.any([options.signal, guard.signal])
  // Everything that waits in a run listens to it, and many things wait at once.
  setMaxListeners(0, signal)
  mkdirSync(options.folder, { recursive: true })
  const writer = new RunFileWriter(path.join(options.folder, options.file ?? 'run.ndjson'))
  const header = runHeader(options)
  writer.append(header)
  if (options.knownAnswers !== undefined) writer.append(options.knownAnswers)
  const engine = new NodeEngine({ scenario: scenario.spec, rules, seed, signal, clock, targets: guardedTargets(systems, guard), mock: systems.mock, model: systems.model, observers: systems.observers, shapes: systems.shapes, anchorMock: options.anchorMock })
  options.blocks.listener = (block) => writer.append({ type: 'block', at: toMicrosecond(block.at), lasted: toMicrosecond(block.lasted) })
  const watch = guard === undefined ? undefined : quietWatch(header, (reason) => guard.breaks(reason))
  const record = (entry: RunFileRecord): void => {
    writer.append(entry)
    watch?.(entry)
  }
  let interrupted: string | null = null
  let containers: ContainerWatch | undefined
  try {
    if (options.containers !== undefined) containers = await watchContainers(options.containers, clock, (seen) => writer.append(seen))
    const course = { header, engine, record, budget: clock.now() + options.budget, signal, onProgress: options.onProgress }
    await (rules.load !== undefined ? conductGently({ ...course, limits: options.answerLimits }) : conduct({ ...course, lookDecides: (run) => lookDecides(run, options.matters), ...lookedInto(options.turns, containers) }))
    // What its last message set off stops no run, and is to be told all the same.
    if (guard?.signal.aborted === true) interrupted = String(guard.signal.reason)
  } catch (error) {
    // Whatever breaks while we are being stopped breaks because of it: a request of ours to a process that is gone, for one.
    if (!(error instanceof Interrupted) && !signal.aborted) throw error
    interrupted = signal.aborted ? String(signal.reason) : String(error instanceof Error ? error.message : error)
  } finally {
    options.blocks.listener = undefined
    await containers?.end()
  }
  for (const histogram of engine.histograms()) writer.append(histogram)
  const phases = assembleRun(writer.records).phases
  const total = (of: 'offered' | 'delivered'): number => phases.reduce((sum, phase) => sum + phase[of], 0)
  writer.append({ type: 'end', at: toMicrosecond(clock.now()), interrupted, offered: total('offered'), delivered: total('delivered') })
  writer.close()
  // What is judged now is what anybody can judge later: the file, not what this process remembers.
  return parseRun(readFileSync(writer.path, 'utf8'))
}

/** A side that was brought into force is another container, or the same one started anew. */
function lookedInto(turns: MeasureOptions['turns'] = {}, containers: ContainerWatch | undefined): NonNullable<MeasureOptions['turns']> {
  const { switchTo } = turns
  if (switchTo === undefined || containers === undefined) return turns
  return {
    ...turns,
    switchTo: async (side) => {
      await switchTo(side)
      await containers.look(side)
    },
  }
}

function guardedTargets({ targets }: Systems, guard: Guard | undefined): Systems['targets'] {
  return guard === undefined ? targets : new Map([...targets].map(([side, target]) => [side, guarded(target, guard, side)]))
}

function runHeader({ scenario, systems, rules, seed, startedAt, reproduce }: MeasureOptions): RunRecord {
  return {
    type: 'run',
    schema: runFileSchema,
    runId: `${startedAt.toISOString().replaceAll(/[:.]/g, '-')}-${scenario.spec.name}-${seed.toString(36)}`,
    startedAtUtc: startedAt.toISOString(),
    scenario: scenario.spec,
    sides: [...systems.sides],
    rules,
    engine: 'node',
    versions: { ...versions(), scenario: scenario.hash },
    environment: environment(),
    seed,
    reproduce,
  }
}
