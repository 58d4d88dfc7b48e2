import path from 'node:path'
import { type BundledScenario, languageFile, loadScenario } from '../engine/bundle.ts'
import { type LoopBlock, RunClock } from '../engine/node/clock.ts'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import type { Rules } from '../sample/run-file.ts'
import type { RunResult } from '../verdict/document.ts'
import { judgeRun } from '../verdict/judge.ts'
import type { CommandContext } from './context.ts'
import { lanesOf, type MatrixCase, matrixCases, matrixScenarios, patientScenarios } from './detection-matrix.ts'
import { measure } from './measure.ts'
import { reportsFolder } from './reports-folder.ts'
import { rulesFor } from './rules.ts'
import { progressWriter } from './run-progress.ts'
import { scenarioFiles } from './scenario-files.ts'
import { StopSignal } from './stop-signal.ts'
import { defectSystems } from './systems.ts'

export interface DoctorFlags {
  readonly self?: boolean
  readonly scenario?: readonly string[]
  /** Defects as the matrix prints them. */
  readonly row?: readonly string[]
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

/** Of one pass over a scenario's matrix, ms. */
const matrixBudget = 400_000

/** `first-token doctor --self`: on this machine, now, does every defect fail the claims that it must, and does the sound stack pass? */
export async function doctor(flags: DoctorFlags, context: CommandContext): Promise<number> {
  const { seed, scenarios } = asked(flags)
  const only = flags.row
  const folder = reportsFolder(path.join(flags.out ?? 'reports', 'doctor'), new Date())
  const stop = new StopSignal()
  const rows: MatrixRow[] = []
  try {
    for (const group of groupsOf(scenarios)) {
      if (stop.signal.aborted) break
      const matrices = await Promise.all(group.map((name) => decidedMatrix(name, { seed, folder, stop, context, only })))
      rows.push(...matrices.flat())
    }
  } finally {
    stop.release()
  }
  if (stop.exitCode !== undefined) {
    context.err(`Interrupted: nothing is shown by a part of the matrix; what was measured is in ${folder}.\n`)
    return stop.exitCode
  }
  context.out(flags.json === true ? `${JSON.stringify({ schema: 1, seed, rows }, null, 2)}\n` : matrixText(rows, `npx first-token doctor --self ${(flags.scenario ?? []).map((name) => `--scenario ${name} `).join('')}${(only ?? []).map((row) => `--row ${row} `).join('')}--seed ${seed}`))
  if (rows.length === 0) throw new UsageError({ what: `There is no row ${(only ?? []).join(', ')}.`, fix: 'Write it as the matrix prints it, --row slots=1 for one.' })
  return rows.every((row) => row.right) ? exitCodes.pass : exitCodes.fail
}

function asked(flags: DoctorFlags): { readonly seed: number; readonly scenarios: readonly string[] } {
  const problems: Problem[] = []
  if (flags.self !== true) problems.push({ what: 'Looking into a deployment is not supported yet.', fix: 'Ask what this machine can detect with `first-token doctor --self`.' })
  const seed = flags.seed === undefined ? Math.floor(Math.random() * 4_294_967_296) : Number(flags.seed)
  if (!Number.isInteger(seed) || seed < 0) problems.push({ what: `--seed ${flags.seed ?? ''} is not a whole number.`, fix: 'Write --seed 7, for one.' })
  const known: readonly string[] = matrixScenarios
  for (const name of flags.scenario ?? []) if (!known.includes(name)) problems.push({ what: `--scenario ${name} has no detection matrix.`, fix: `It takes ${known.join(', ')}.` })
  if (problems.length > 0) throw new UsageError(problems)
  return { seed, scenarios: flags.scenario ?? known }
}

/** Scenarios that wait for most of their time are measured beside each other. */
function groupsOf(scenarios: readonly string[]): string[][] {
  const isPatient = (name: string): boolean => patientScenarios.includes(name)
  return [...scenarios.filter((name) => !isPatient(name)).map((name) => [name]), scenarios.filter(isPatient)].filter((group) => group.length > 0)
}

/** How a row is measured: beside others; where that left it undecided by itself; and then by itself at standard size, whose stall limit is three times as long. */
const passes: readonly { readonly size: Rules['size']; readonly isAlone: boolean }[] = [{ size: 'quick', isAlone: false }, { size: 'quick', isAlone: true }, { size: 'standard', isAlone: true }]

/** The matrix, until every row is decided, so that a machine with something else to do decides too. A row that came out wrong is never asked again. */
async function decidedMatrix(name: string, ask: Asked): Promise<MatrixRow[]> {
  let rows: MatrixRow[] = []
  for (const [index, pass] of passes.entries()) {
    const open = rows.filter((row) => !row.right)
    if (index > 0 && (open.length === 0 || !open.every(isUndecided) || ask.stop.signal.aborted)) break
    if (index > 0) ask.context.err(`${name}: ${open.length} of ${rows.length} rows were left undecided; those once more, by themselves at ${pass.size} size\n`)
    const measured = await matrix(name, pass, index === 0 ? ask.only : open.map(({ defect }) => defect), { ...ask, seed: (ask.seed + index) >>> 0 })
    rows = index === 0 ? measured : rows.map((row) => measured.find(({ defect }) => defect === row.defect) ?? row)
  }
  return rows
}

const isUndecided = (row: MatrixRow): boolean =>
  row.claims.length > 0 && row.claims.every((claim) => claim.expected === 'either' || claim.verdict === claim.expected || claim.verdict === 'inconclusive' || claim.verdict === 'invalid')

interface Asked {
  readonly seed: number
  /** Gets a folder for each pass. */
  readonly folder: string
  readonly stop: StopSignal
  /** The rows that are wanted; all of them where it is undefined. */
  readonly only: readonly string[] | undefined
  readonly context: CommandContext
}

/** @param only the rows that are wanted; all of them where it is undefined. */
async function matrix(name: string, { size, isAlone }: (typeof passes)[number], only: readonly string[] | undefined, ask: Asked): Promise<MatrixRow[]> {
  const [file = ''] = scenarioFiles([name])
  const scenario = await loadScenario(file, languageFile(), { control: true, quick: size === 'quick', set: {} })
  const cases = matrixCases(scenario.spec).filter((one) => only === undefined || only.includes(one.name))
  if (cases.length === 0) return []
  const parts = dealt(cases, isAlone ? 1 : lanesOf[name] ?? 1)
  const place = path.join(ask.folder, `${name}-${size}${isAlone ? '-alone' : ''}`)
  const results = await Promise.all(parts.map((part, index) => measureCases(scenario, part, size, parts.length === 1 ? place : `${place}-${index + 1}`, ask)))
  return results.flatMap((result, index) => matrixRows(scenario.spec.name, parts[index] ?? [], result))
}

/** Dealt to so many hands in turn; no hand is empty. */
function dealt<T>(values: readonly T[], hands: number): T[][] {
  return Array.from({ length: Math.min(hands, values.length) }, (_, hand) => values.filter((_value, index) => index % hands === hand))
}

async function measureCases(scenario: BundledScenario, cases: readonly MatrixCase[], size: Rules['size'], folder: string, { seed, stop, context }: Asked): Promise<RunResult> {
  const rules = rulesFor({ scenario: scenario.spec, size, isControl: true, knownAnswers: false })
  const startedAt = new Date()
  const blocks: { listener: ((block: LoopBlock) => void) | undefined } = { listener: undefined }
  const clock = new RunClock((block) => blocks.listener?.(block))
  const progress = progressWriter(context)
  const systems = await defectSystems(clock, cases)
  void systems.died.then((sentence) => stop.abort(`lost: ${sentence}`))
  try {
    return judgeRun(await measure({
      scenario, systems, seed, clock, blocks, startedAt, folder,
      // Two looks at most: the matrix has many sides, and a third look would take a quarter of an hour.
      rules: { ...rules, looks: rules.looks.slice(0, 2) },
      budget: matrixBudget,
      reproduce: `npx first-token doctor --self --scenario ${scenario.spec.name} --seed ${seed}`,
      signal: stop.signal,
      knownAnswers: undefined,
      onProgress: (event) => progress.show(event, systems.sides, scenario.spec, clock.now()),
    }))
  } finally {
    progress.end()
    await systems.down()
    clock.stop()
  }
}

function matrixRows(scenario: string, cases: readonly MatrixCase[], result: RunResult): MatrixRow[] {
  return cases.map((one) => {
    const claims = result.claims.filter((claim) => claim.side === one.name).map(({ claim, verdict }) => ({ claim, expected: expected(one, claim), verdict }))
    const wrong = claims.filter((claim) => claim.expected !== 'either' && claim.verdict !== claim.expected).map((claim) => `"${claim.claim}" came out ${claim.verdict}, not ${claim.expected}`)
    const missing = [...one.mustFail, ...one.mayFail].filter((sentence) => !claims.some(({ claim }) => claim === sentence)).map((sentence) => `there is no claim "${sentence}"`)
    const empty = claims.length === 0 ? ['no claim was judged'] : []
    return { scenario, defect: one.name, right: wrong.length + empty.length + missing.length === 0, wrong: [...wrong, ...empty, ...missing], claims }
  })
}

function expected({ mustFail, mayFail }: MatrixCase, claim: string): 'pass' | 'fail' | 'either' {
  if (mustFail.includes(claim)) return 'fail'
  return mayFail.includes(claim) ? 'either' : 'pass'
}

function matrixText(rows: readonly MatrixRow[], again: string): string {
  const lines = rows.flatMap((row) => [
    `${row.right ? 'right' : 'WRONG'}  ${row.scenario}, defect ${row.defect}`,
    ...row.claims.map((claim) => `         ${claim.verdict.padEnd(12)} ${claim.expected === 'either' ? '(may fail) ' : ''}${claim.claim}`),
    ...row.wrong.map((sentence) => `         -> ${sentence}`),
  ])
  const right = rows.filter((row) => row.right).length
  return `${lines.join('\n')}\n\n${right} of ${rows.length} rows of the detection matrix are right. Again: ${again}\n`
}
