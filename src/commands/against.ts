import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { type Problem, UsageError } from '../errors.ts'
import { parseRun, type Run, RunFileError } from '../sample/run-file.ts'
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
    const heads = headsOf(out, scenario)
    const run = latest(heads.filter(({ labels }) => labels.includes(label)))
    if (run !== undefined) {
      found.set(scenario, run)
      continue
    }
    const labels = [...new Set(heads.flatMap((head) => head.labels))].filter((name) => name !== label)
    problems.push({
      what: `--against ${label}: there is no run of ${scenario} under ${out} with that label and a whole round.`,
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
  if (flags.target === undefined) problems.push({ what: '--against sets the one system of --target beside an earlier run of it, and none was named.', fix: 'Name it with --target KIND=URL, or compare two runs with `npx first-token compare RUN RUN`.' })
  if (flags.switch !== undefined) problems.push({ what: '--against and --switch are both given.', fix: 'With --switch both sides are measured now: leave out --against.' })
  if (flags.label === undefined && flags.switch === undefined) problems.push({ what: '--against is given without --label.', fix: 'Say what this run is to be called, for the next one: --label after.' })
  if (flags.label === flags.against) problems.push({ what: `--label and --against are both ${flags.against}.`, fix: 'Give this run another name than the one that it is compared with.' })
  return problems
}

function latest(heads: readonly RunHead[]): Run | undefined {
  for (const head of heads.toReversed()) {
    const run = withRounds(head)
    if (run !== undefined) return run
  }
  return undefined
}

interface RunHead {
  readonly file: string
  readonly labels: readonly string[]
}

/** What the first lines of the runs say, the oldest first. One that is damaged stands in nobody's way. */
function headsOf(out: string, scenario: string): RunHead[] {
  return reportFolders(out).flatMap((folder) => {
    const file = path.join(folder, scenario, 'run.ndjson')
    if (!existsSync(file)) return []
    const labels = headLabels(readFileSync(file, 'utf8'))
    return labels === undefined ? [] : [{ file, labels }]
  })
}

function headLabels(text: string): string[] | undefined {
  try {
    return labelsOf(parseRun(text.slice(0, text.indexOf('\n') + 1)))
  } catch (error) {
    if (error instanceof RunFileError) return undefined
    throw error
  }
}

/** The run, where it is whole enough to be judged and one round of it was. */
function withRounds({ file }: RunHead): Run | undefined {
  try {
    const run = readRun(file)
    return run.rounds.some(({ kept }) => kept) ? run : undefined
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

/** The shipped stack has sides of such names too, and is nobody's system. */
const labelsOf = ({ header }: Run): string[] => header.sides.filter(({ kind }) => kind !== 'control').map(({ name }) => name)
