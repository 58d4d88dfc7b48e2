import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { BundledScenario } from '../engine/bundle.ts'
import { conduct, type Progress } from '../engine/conductor.ts'
import { Interrupted } from '../engine/engine.ts'
import type { LoopBlock, RunClock } from '../engine/node/clock.ts'
import { NodeEngine } from '../engine/node/engine.ts'
import { toMicrosecond } from '../engine/records.ts'
import type { KnownAnswersRecord, Rules, Run } from '../sample/run-file.ts'
import { assembleRun, parseRun, runFileSchema, type RunRecord } from '../sample/run-file.ts'
import { lookDecides } from '../verdict/judge.ts'
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
  readonly knownAnswers: KnownAnswersRecord | undefined
  readonly onProgress: (progress: Progress) => void
}

/** Runs one scenario on systems that are up, and leaves its run file. An abort is not an error: the file says `interrupted`, and the run is returned. */
export async function measure(options: MeasureOptions): Promise<Run> {
  const { scenario, systems, rules, seed, clock, signal } = options
  mkdirSync(options.folder, { recursive: true })
  const writer = new RunFileWriter(path.join(options.folder, options.file ?? 'run.ndjson'))
  const header = runHeader(options)
  writer.append(header)
  if (options.knownAnswers !== undefined) writer.append(options.knownAnswers)
  const engine = new NodeEngine({ scenario: scenario.spec, rules, seed, signal, clock, targets: systems.targets, mock: systems.mock, model: systems.model, observers: systems.observers, shapes: systems.shapes })
  options.blocks.listener = (block) => writer.append({ type: 'block', at: toMicrosecond(block.at), lasted: toMicrosecond(block.lasted) })
  let interrupted: string | null = null
  try {
    await conduct({ header, engine, record: (record) => writer.append(record), lookDecides, budget: clock.now() + options.budget, signal, onProgress: options.onProgress })
  } catch (error) {
    // Whatever breaks while we are being stopped breaks because of it: a request of ours to a process that is gone, for one.
    if (!(error instanceof Interrupted) && !signal.aborted) throw error
    interrupted = signal.aborted ? String(signal.reason) : String(error instanceof Error ? error.message : error)
  } finally {
    options.blocks.listener = undefined
  }
  for (const histogram of engine.histograms()) writer.append(histogram)
  const phases = assembleRun(writer.records).phases
  const total = (of: 'offered' | 'delivered'): number => phases.reduce((sum, phase) => sum + phase[of], 0)
  writer.append({ type: 'end', at: toMicrosecond(clock.now()), interrupted, offered: total('offered'), delivered: total('delivered') })
  writer.close()
  // What is judged now is what anybody can judge later: the file, not what this process remembers.
  return parseRun(readFileSync(writer.path, 'utf8'))
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
