import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Problem, UsageError } from '../errors.ts'
import type { Run } from '../sample/run-file.ts'
import { readRun, reportFolders } from './run-files.ts'

/**
 * Per scenario the latest run under `out` of a system called `label`, that has a whole round: what --against sets a new run beside. Read before the new
 * run begins, so that nobody measures for ten minutes to hear of a misspelt label.
 * @throws {UsageError} for every scenario without one, with the labels that there are.
 */
export function earlierRuns(out: string, label: string, scenarios: readonly string[]): ReadonlyMap<string, Run> {
  const problems: Problem[] = []
  const found = new Map<string, Run>()
  for (const scenario of scenarios) {
    const runs = runsOf(out, scenario)
    const run = runs.findLast((one) => labelsOf(one).includes(label))
    if (run !== undefined) {
      found.set(scenario, run)
      continue
    }
    const labels = [...new Set(runs.flatMap(labelsOf))]
    problems.push({
      what: `--against ${label}: there is no run of ${scenario} under ${out} with that label.`,
      fix: labels.length === 0 ? `Measure the system first as it is: add --label ${label} and leave out --against.` : `There are: ${labels.join(', ')}.`,
    })
  }
  if (problems.length > 0) throw new UsageError(problems)
  return found
}

/** What of the flags does not go together with --against. */
export function againstProblems(flags: { readonly against?: string; readonly target?: string; readonly label?: string; readonly switch?: string }): Problem[] {
  if (flags.against === undefined) return []
  const problems: Problem[] = []
  if (flags.target === undefined) problems.push({ what: '--against sets the one system of --target beside an earlier run of it, and none was named.', fix: 'Name it with --target KIND=URL, or compare two runs with `first-token compare RUN RUN`.' })
  if (flags.switch !== undefined) problems.push({ what: '--against and --switch are both given.', fix: 'With --switch both sides are measured now: leave out --against.' })
  if (flags.label === undefined && flags.switch === undefined) problems.push({ what: '--against is given without --label.', fix: 'Say what this run is to be called, for the next one: --label after.' })
  if (flags.label === flags.against) problems.push({ what: `--label and --against are both ${flags.against}.`, fix: 'Give this run another name than the one that it is compared with.' })
  return problems
}

/** Runs that can be read and have something to say, the oldest first. One that is damaged stands in nobody's way. */
function runsOf(out: string, scenario: string): Run[] {
  return reportFolders(out).flatMap((folder) => {
    const file = path.join(folder, scenario, 'run.ndjson')
    if (!existsSync(file)) return []
    const run = readable(file)
    return run === undefined || run.rounds.every(({ kept }) => !kept) ? [] : [run]
  })
}

function readable(file: string): Run | undefined {
  try {
    return readRun(file)
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

/** The shipped stack has sides of such names too, and is nobody's system. */
const labelsOf = ({ header }: Run): string[] => header.sides.filter(({ kind }) => kind !== 'control').map(({ name }) => name)
