import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../errors.ts'

/**
 * A new folder for the reports of one command, named after the moment at which it began; with a number behind it where another command began in
 * the same second.
 * @throws {UsageError} where nothing can be written there.
 */
export function reportsFolder(out: string, startedAt: Date): string {
  const name = startedAt.toISOString().slice(0, 19).replaceAll(':', '-').concat('Z')
  try {
    makeFolders(path.resolve(out))
    accessSync(out, constants.W_OK)
    for (let count = 1; ; count += 1) {
      const folder = path.join(out, count === 1 ? name : `${name}-${count}`)
      if (makeFolder(folder)) return folder
    }
  } catch (error) {
    throw new UsageError({ what: `The reports cannot be written to ${out} (${codeOf(error)}).`, fix: 'Name a folder that you may write to with --out.' })
  }
}

/** `mkdir -p`. Node 20's own never returns where a folder that is there answers ENOENT to a new name in it, as /proc does. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return
  makeFolders(path.dirname(folder))
  makeFolder(folder)
}

/** False where it is there already. */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error))
