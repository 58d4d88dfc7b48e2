import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../errors.ts'
import { type ReportFormat, reportFormats } from '../report/render.ts'
import { parseRun, type Run, RunFileError } from '../sample/run-file.ts'

/** @throws {UsageError} for a format that there is not. */
export function reportFormat(text: string): ReportFormat {
  const format = reportFormats.find((known) => known === text)
  if (format === undefined) throw new UsageError({ what: `There is no report format "${text}".`, fix: `The formats are ${reportFormats.join(', ')}.` })
  return format
}

/** The run files that RUN means: one file, a scenario's folder, a folder of scenarios, or `latest`. */
export function runFiles(place: string, reports: string): string[] {
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

/** The folders of runs under `reports`, the oldest first. */
export function reportFolders(reports: string): string[] {
  return existsSync(reports) ? readdirSync(reports).filter((name) => /^\d{4}-\d\d-\d\dT/.test(name)).sort(byMoment).map((name) => path.join(reports, name)) : []
}

/** The second folder of one second is called `…Z-2`, the tenth `…Z-10`. */
const byMoment = (one: string, other: string): number => one.localeCompare(other, 'en', { numeric: true })

function latestFolder(reports: string): string {
  const last = reportFolders(reports).at(-1)
  if (last === undefined) throw new UsageError({ what: `There is no run under ${reports}/ yet.`, fix: 'Make one: npx first-token run concurrent.' })
  return last
}

/** @throws {UsageError} where the file is not a run of ours, or is damaged. */
export function readRun(file: string): Run {
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
