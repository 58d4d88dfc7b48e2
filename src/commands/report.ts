import { render } from '../report/render.ts'
import { judgeRun, verdictOf } from '../verdict/judge.ts'
import { type CommandContext, terminalOf } from './context.ts'
import { readRun, reportFormat, runFiles } from './run-files.ts'

export interface ReportFlags {
  readonly format?: string
  readonly strict?: boolean
  readonly out?: string
}

/** `first-token report`: judges run files again and prints the verdict. Sends nothing. Returns the exit code of the verdict. */
export function report(place: string, flags: ReportFlags, context: CommandContext): number {
  const format = reportFormat(flags.format ?? 'terminal')
  const runs = runFiles(place, flags.out ?? 'reports').map(readRun)
  const document = verdictOf(runs.map(judgeRun), { strict: flags.strict ?? false })
  context.out(render(format, document, terminalOf(context)))
  return document.exitCode
}
