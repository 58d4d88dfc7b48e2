import path from 'node:path'
import { languageFile, loadScenario } from '../engine/bundle.ts'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import type { Rules } from '../sample/run-file.ts'
import type { CommandContext } from './context.ts'
import { furtherScenarios, matrixCases, matrixScenarios } from './detection-matrix.ts'
import { matrixLane } from './matrix-lane.ts'
import type { MatrixRow } from './matrix-lane-run.ts'
import { dealt, lanesOf, patientScenarios, slowestRows } from './matrix-schedule.ts'
import { reportsFolder } from './reports-folder.ts'
import { scenarioFiles } from './scenario-files.ts'
import { StopSignal } from './stop-signal.ts'

export interface DoctorFlags {
  readonly self?: boolean
  readonly scenario?: readonly string[]
  /** Defects as the matrix prints them. */
  readonly row?: readonly string[]
  readonly seed?: string
  readonly json?: boolean
  readonly out?: string
}

/** `first-token doctor --self`: on this machine, now, does every defect fail the claims that it must, and does the sound stack pass? */
export async function doctor(flags: DoctorFlags, context: CommandContext): Promise<number> {
  const { seed, scenarios } = asked(flags)
  const folder = reportsFolder(path.join(flags.out ?? 'reports', 'doctor'), new Date())
  const stop = new StopSignal()
  const isAsked = (row: string): boolean => flags.row === undefined || flags.row.includes(row)
  const isSlow = (name: string, row: string): boolean => slowestRows[name]?.includes(row) === true
  const ask = { seed, folder, stop, context }
  let rows: readonly MatrixRow[]
  try {
    const [slow, others] = await Promise.all([
      inTurn(scenarios.filter((name) => slowestRows[name] !== undefined).map((name) => [name]), stop, (name) => decidedMatrix(name, { ...ask, place: `${name}-slowest`, isWanted: (row) => isAsked(row) && isSlow(name, row) })),
      inTurn(groupsOf(scenarios), stop, (name) => decidedMatrix(name, { ...ask, place: name, isWanted: (row) => isAsked(row) && !isSlow(name, row) })),
    ])
    rows = scenarios.flatMap((name) => [...others.flat(), ...slow.flat()].filter(({ scenario }) => scenario === name))
  } catch (error) {
    // The lanes that are still at it leave, too.
    stop.abort('a lane broke')
    throw error
  } finally {
    stop.release()
  }
  if (stop.exitCode !== undefined) {
    context.err(`Interrupted: nothing is shown by a part of the matrix; what was measured is in ${folder}.\n`)
    return stop.exitCode
  }
  context.out(flags.json === true ? `${JSON.stringify({ schema: 1, seed, rows }, null, 2)}\n` : matrixText(rows, `npx first-token doctor --self ${(flags.scenario ?? []).map((name) => `--scenario ${name} `).join('')}${(flags.row ?? []).map((row) => `--row ${row} `).join('')}--seed ${seed}`))
  if (rows.length === 0) throw new UsageError({ what: `There is no row ${(flags.row ?? []).join(', ')}.`, fix: 'Write it as the matrix prints it, --row slots=1 for one.' })
  return rows.every((row) => row.right) ? exitCodes.pass : exitCodes.fail
}

function asked(flags: DoctorFlags): { readonly seed: number; readonly scenarios: readonly string[] } {
  const problems: Problem[] = []
  if (flags.self !== true) problems.push({ what: 'Looking into a deployment is not supported yet.', fix: 'Ask what this machine can detect with `npx first-token doctor --self`.' })
  const seed = flags.seed === undefined ? Math.floor(Math.random() * 4_294_967_296) : Number(flags.seed)
  if (!Number.isInteger(seed) || seed < 0) problems.push({ what: `--seed ${flags.seed ?? ''} is not a whole number.`, fix: 'Write --seed 7, for one.' })
  const known: readonly string[] = [...matrixScenarios, ...furtherScenarios]
  for (const name of flags.scenario ?? []) if (!known.includes(name)) problems.push({ what: `--scenario ${name} has no detection matrix.`, fix: `It takes ${known.join(', ')}.` })
  if (problems.length > 0) throw new UsageError(problems)
  return { seed, scenarios: flags.scenario ?? matrixScenarios }
}

/** Scenarios that wait for most of their time are measured beside each other. */
function groupsOf(scenarios: readonly string[]): string[][] {
  const isPatient = (name: string): boolean => patientScenarios.includes(name)
  return [...scenarios.filter((name) => !isPatient(name)).map((name) => [name]), scenarios.filter(isPatient)].filter((group) => group.length > 0)
}

/** One group after the other, those of a group at the same time. */
async function inTurn(groups: readonly (readonly string[])[], stop: StopSignal, measureOne: (name: string) => Promise<MatrixRow[]>): Promise<MatrixRow[][]> {
  const matrices: MatrixRow[][] = []
  for (const group of groups) if (!stop.signal.aborted) matrices.push(...(await Promise.all(group.map(measureOne))))
  return matrices
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
    const isWanted = index === 0 ? ask.isWanted : (row: string) => open.some(({ defect }) => defect === row)
    const measured = await matrix(name, pass, { ...ask, isWanted, seed: (ask.seed + index) >>> 0 })
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
  /** What those begin with. */
  readonly place: string
  readonly stop: StopSignal
  readonly isWanted: (row: string) => boolean
  readonly context: CommandContext
}

async function matrix(name: string, { size, isAlone }: (typeof passes)[number], { isWanted, place, folder, seed, stop, context }: Asked): Promise<MatrixRow[]> {
  const [file = ''] = scenarioFiles([name])
  const scenario = await loadScenario(file, languageFile(), { control: true, quick: size === 'quick', set: {} })
  const rows = matrixCases(scenario.spec).map((one) => one.name).filter(isWanted)
  if (rows.length === 0) return []
  const parts = dealt(name, rows, isAlone ? 1 : lanesOf[name] ?? 1)
  const part = path.join(folder, `${place}-${size}${isAlone ? '-alone' : ''}`)
  const lanes = parts.map((hand, index) => matrixLane({ scenario: name, rows: hand, size, seed, folder: parts.length === 1 ? part : `${part}-${index + 1}` }, stop, context))
  return (await Promise.all(lanes)).flat()
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
