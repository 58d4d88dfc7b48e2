import path from 'node:path'
import { languageFile, loadScenario } from '../engine/bundle.ts'
import { type LoopBlock, RunClock } from '../engine/node/clock.ts'
import { exitCodes, UsageError } from '../errors.ts'
import type { Rules } from '../sample/run-file.ts'
import type { Defect, ScenarioSpec } from '../scenario/spec.ts'
import type { ClaimResult, RunResult } from '../verdict/document.ts'
import { judgeRun } from '../verdict/judge.ts'
import { measure } from './measure.ts'
import { reportsFolder } from './reports-folder.ts'
import { rulesFor } from './rules.ts'
import type { CommandContext } from './context.ts'
import { progressWriter } from './run-progress.ts'
import { scenarioFiles } from './scenario-files.ts'
import { StopSignal } from './stop-signal.ts'
import { defectSystems } from './systems.ts'

export interface DoctorFlags {
  readonly self?: boolean
  readonly seed?: string
  readonly json?: boolean
  readonly out?: string
}

/** One row of the detection matrix: a defect, the claims that must fail with it, and what became of every claim. */
interface MatrixRow {
  readonly scenario: string
  /** `none` on the sound side. */
  readonly defect: string
  readonly right: boolean
  readonly wrong: readonly string[]
  readonly claims: readonly { readonly claim: string; readonly expected: 'pass' | 'fail' | 'either'; readonly verdict: string }[]
}

/** Scenarios whose claims have proving defects, in the order in which they are run. */
const matrixScenarios = ['concurrent'] as const

/** Of one pass over a scenario's matrix, ms. */
const matrixBudget = 400_000

/**
 * Claims that a defect may fail besides those that it proves: a hello that waits for a story of 1.4 s is late for an absolute bound as well, on
 * a slow machine; an answer that lost its only token never had a first one.
 */
const mayFail: Readonly<Record<string, readonly string[]>> = {
  'slots=1': ['hello starts immediately'],
  'drops=tokens': ['hello starts immediately', 'hello does not wait for the story', 'a longer story delays hello no more'],
}

/** `first-token doctor --self`: on this machine, now, does every defect fail the claims that it must, and does the sound stack pass? */
export async function doctor(flags: DoctorFlags, context: CommandContext): Promise<number> {
  if (flags.self !== true) throw new UsageError({ what: 'Looking into a deployment is not supported yet.', fix: 'Ask what this machine can detect with `first-token doctor --self`.' })
  const seed = flags.seed === undefined ? Math.floor(Math.random() * 4_294_967_296) : Number(flags.seed)
  if (!Number.isInteger(seed) || seed < 0) throw new UsageError({ what: `--seed ${flags.seed ?? ''} is not a whole number.`, fix: 'Write --seed 7, for one.' })
  const folder = reportsFolder(path.join(flags.out ?? 'reports', 'doctor'), new Date())
  const stop = new StopSignal()
  const rows: MatrixRow[] = []
  try {
    for (const name of matrixScenarios) if (!stop.signal.aborted) rows.push(...(await decidedMatrix(name, { seed, folder, stop, context })))
  } finally {
    stop.release()
  }
  if (stop.exitCode !== undefined) {
    context.err(`Interrupted: nothing is shown by a part of the matrix; what was measured is in ${folder}.\n`)
    return stop.exitCode
  }
  context.out(flags.json === true ? `${JSON.stringify({ schema: 1, seed, rows }, null, 2)}\n` : matrixText(rows, seed))
  if (rows.length === 0) return exitCodes.inconclusive
  return rows.every((row) => row.right) ? exitCodes.pass : exitCodes.fail
}

/**
 * The matrix at quick size, and where that left a row undecided, once more at standard size: its stall limit is three times as long, so that a
 * machine with something else to do decides too. A row that came out wrong is never asked again.
 */
async function decidedMatrix(name: string, asked: Asked): Promise<MatrixRow[]> {
  const quick = await matrix(name, 'quick', asked)
  const isUndecided = (row: MatrixRow): boolean => row.claims.every((claim) => claim.expected === 'either' || claim.verdict === claim.expected || claim.verdict === 'inconclusive' || claim.verdict === 'invalid')
  if (quick.every((row) => row.right) || !quick.every(isUndecided) || asked.stop.signal.aborted) return quick
  asked.context.err('the quick matrix left a row undecided; once more at standard size\n')
  return matrix(name, 'standard', { ...asked, seed: (asked.seed + 1) >>> 0 })
}

interface Asked {
  readonly seed: number
  /** Gets a folder for each pass. */
  readonly folder: string
  readonly stop: StopSignal
  readonly context: CommandContext
}

async function matrix(name: string, size: Rules['size'], { seed, folder, stop, context }: Asked): Promise<MatrixRow[]> {
  const [file = ''] = scenarioFiles([name])
  const scenario = await loadScenario(file, languageFile())
  const defects = distinctDefects(scenario.spec)
  const rules = rulesFor({ scenario: scenario.spec, size, isControl: true, knownAnswers: false })
  const startedAt = new Date()
  const blocks: { listener: ((block: LoopBlock) => void) | undefined } = { listener: undefined }
  const clock = new RunClock((block) => blocks.listener?.(block))
  const progress = progressWriter(context)
  const systems = await defectSystems(clock, [{ name: 'none', defect: {} }, ...defects.map((defect) => ({ name: defectName(defect), defect }))])
  void systems.died.then((sentence) => stop.abort(`lost: ${sentence}`))
  try {
    const run = await measure({
      scenario, systems, seed, clock, blocks, startedAt,
      folder: path.join(folder, `${name}-${size}`),
      // Two looks at most: the matrix has many sides, and a third look would take a quarter of an hour.
      rules: { ...rules, looks: rules.looks.slice(0, 2) },
      budget: matrixBudget,
      reproduce: `npx first-token doctor --self --seed ${seed}`,
      signal: stop.signal,
      knownAnswers: undefined,
      onProgress: (event) => progress.show(event, systems.sides, scenario.spec, clock.now()),
    })
    return matrixRows(scenario.spec, judgeRun(run))
  } finally {
    progress.end()
    await systems.down()
    clock.stop()
  }
}

function distinctDefects(scenario: ScenarioSpec): Defect[] {
  return [...new Map(Object.values(scenario.provedBy).map((defect) => [defectName(defect), defect])).values()]
}

const defectName = (defect: Defect): string => Object.entries(defect).map(([key, value]) => `${key}=${String(value)}`).join(',')

function matrixRows(scenario: ScenarioSpec, result: RunResult): MatrixRow[] {
  return result.sides.map((side) => {
    const claims = result.claims.filter((claim) => claim.side === side.name).map((claim) => ({ claim: claim.claim, expected: expected(scenario, side.name, claim), verdict: claim.verdict }))
    const wrong = claims.filter((claim) => claim.expected !== 'either' && claim.verdict !== claim.expected).map((claim) => `"${claim.claim}" came out ${claim.verdict}, not ${claim.expected}`)
    const empty = claims.length === 0 ? ['no claim was judged'] : []
    return { scenario: scenario.name, defect: side.name, right: wrong.length + empty.length === 0, wrong: [...wrong, ...empty], claims }
  })
}

function expected(scenario: ScenarioSpec, defect: string, claim: ClaimResult): 'pass' | 'fail' | 'either' {
  const proving = scenario.provedBy[claim.claim]
  if (proving !== undefined && defectName(proving) === defect) return 'fail'
  return mayFail[defect]?.includes(claim.claim) === true ? 'either' : 'pass'
}

function matrixText(rows: readonly MatrixRow[], seed: number): string {
  const lines = rows.flatMap((row) => [
    `${row.right ? 'right' : 'WRONG'}  ${row.scenario}, defect ${row.defect}`,
    ...row.claims.map((claim) => `         ${claim.verdict.padEnd(12)} ${claim.expected === 'either' ? '(may fail) ' : ''}${claim.claim}`),
    ...row.wrong.map((sentence) => `         -> ${sentence}`),
  ])
  const right = rows.filter((row) => row.right).length
  return `${lines.join('\n')}\n\n${right} of ${rows.length} rows of the detection matrix are right. Again: npx first-token doctor --self --seed ${seed}\n`
}
