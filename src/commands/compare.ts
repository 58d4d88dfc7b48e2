import { type Problem, UsageError } from '../errors.ts'
import { renderComparison } from '../report/comparison.ts'
import type { Run } from '../sample/run-file.ts'
import { besideRun } from '../verdict/across-runs.ts'
import type { RunResult } from '../verdict/document.ts'
import { judgeRun, verdictOf } from '../verdict/judge.ts'
import { type CommandContext, terminalOf } from './context.ts'
import { readRun, reportFormat, runFiles } from './run-files.ts'

export interface CompareFlags {
  readonly format?: string
  readonly strict?: boolean
  readonly out?: string
}

/**
 * `first-token compare RUN RUN`: every scenario that both have, the second beside the first. Sends nothing. Returns the exit code of the second by
 * itself: what it is compared with decides nothing.
 * @throws {UsageError} where no scenario of the two can be compared, with what differs.
 */
export function compare(before: string, after: string, flags: CompareFlags, context: CommandContext): number {
  const format = reportFormat(flags.format ?? 'terminal')
  const out = flags.out ?? 'reports'
  const [then, now] = [before, after].map((place) => runFiles(place, out).map(readRun))
  const results = comparedRuns(then ?? [], now ?? [], [before, after])
  const document = verdictOf(results, { strict: flags.strict ?? false })
  context.out(renderComparison(format, document, terminalOf(context)))
  return document.exitCode
}

/** Scenarios that only one of them has are left out; one that cannot be compared stands there with what differs, as long as another can. */
function comparedRuns(then: readonly Run[], now: readonly Run[], places: readonly string[]): RunResult[] {
  const named = (runs: readonly Run[]): string[] => runs.map(({ header }) => header.scenario.name)
  const both = now.flatMap((run): RunResult[] => {
    const earlier = then.find(({ header }) => header.scenario.name === run.header.scenario.name)
    return earlier === undefined ? [] : [besideRun(judgeRun(run), run, earlier)]
  })
  if (both.length === 0) throw new UsageError({ what: `${places.join(' and ')} have no scenario in common: ${named(then).join(', ')}, then ${named(now).join(', ')}.`, fix: 'Compare two runs of one scenario.' })
  if (both.every(({ comparedWith }) => (comparedWith?.refused.length ?? 0) > 0)) throw new UsageError(both.map(refusal))
  return both
}

function refusal({ scenario, comparedWith }: RunResult): Problem {
  return {
    what: `${scenario}: the two runs cannot be compared: ${(comparedWith?.refused ?? []).join('; ')}.`,
    fix: 'What differs may be the cause of any change. Measure both alike; to read each by itself: npx first-token report RUN.',
  }
}
