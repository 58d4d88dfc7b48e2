import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../errors.ts'
import { type ReportFormat, reportFormats } from '../report/render.ts'
import { render } from '../report/render.ts'
import { parseRun, type Run, RunFileError } from '../sample/run-file.ts'
import { judgeRun, verdictOf } from '../verdict/judge.ts'
import { type CommandContext, terminalOf } from './context.ts'

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

function reportFormat(text: string): ReportFormat {
  const format = reportFormats.find((known) => known === text)
  if (format === undefined) throw new UsageError({ what: `There is no report format "${text}".`, fix: `The formats are ${reportFormats.join(', ')}.` })
  return format
}

/** The run files that RUN means: one file, a scenario's folder, a folder of scenarios, or `latest`. */
function runFiles(place: string, reports: string): string[] {
  const where = place === 'latest' ? latestFolder(reports) : place
  if (!existsSync(where)) throw new UsageError({ what: `There is no run at "${where}".`, fix: `Name a folder under ${reports}/, a run.ndjson, or latest.` })
  if (path.basename(where) === 'verdict.json') throw new UsageError({ what: `${where} is a verdict, not a run.`, fix: 'Name the run.ndjson beside it, or the folder.' })
  if (statSync(where).isFile()) return [where]
  if (!statSync(where).isDirectory()) throw new UsageError({ what: `${where} is neither a file nor a folder.`, fix: `Name a folder under ${reports}/, a run.ndjson, or latest.` })
  const own = path.join(where, 'run.ndjson')
  if (existsSync(own)) return [own]
  const inside = readdirSync(where, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(path.join(where, entry.name, 'run.ndjson')))
    .map((entry) => path.join(where, entry.name, 'run.ndjson'))
  // In the order in which they were run, so that the document is the one that the run printed.
  inside.sort((one, other) => statSync(one).birthtimeMs - statSync(other).birthtimeMs)
  if (inside.length === 0) throw new UsageError({ what: `${where} holds no run.ndjson.`, fix: 'Name a folder that a run has written.' })
  return inside
}

function latestFolder(reports: string): string {
  const folders = existsSync(reports) ? readdirSync(reports).filter((name) => /^\d{4}-\d\d-\d\dT/.test(name)).sort() : []
  const last = folders.at(-1)
  if (last === undefined) throw new UsageError({ what: `There is no run under ${reports}/ yet.`, fix: 'Make one: first-token run concurrent.' })
  return path.join(reports, last)
}

/** @throws {UsageError} where the file is not a run of ours, or is damaged. */
function readRun(file: string): Run {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    throw new UsageError({ what: `${file} cannot be read.`, fix: 'Check the path and its permissions.' })
  }
  try {
    return parseRun(text)
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error
    throw new UsageError({ what: `${file} is not a run that can be judged: ${error.message}.`, fix: 'Name a run.ndjson that first-token wrote, unchanged; a run that was killed is fine.' })
  }
}
