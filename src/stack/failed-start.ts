import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from '../errors.ts'
import { SideProcessError } from './side-process.ts'

export interface FailedStart {
  readonly cache: string
  readonly stack: string
  /** Of the stack; a side has a folder of its own in it. It goes. */
  readonly folder: string
  readonly sides: readonly string[]
  /** Whether --set-env changed anything. */
  readonly isChanged: boolean
}

/** The error of a start that failed, with where the logs are kept. Where something was changed by hand it is most likely that, and no crash. */
export function failedStart(error: SideProcessError, start: FailedStart): Error {
  const logs = keptLogs(start)
  if (start.isChanged) return new UsageError({ what: error.message, fix: `Leave out what --set-env changes, or correct it; the logs are in ${logs}.` })
  return new SideProcessError(`${error.message}\nThe logs are kept in ${logs}.`)
}

function keptLogs({ cache, stack, folder, sides }: FailedStart): string {
  const kept = path.join(cache, 'failed-start')
  mkdirSync(kept, { recursive: true, mode: 0o700 })
  for (const name of sides) {
    const log = path.join(folder, name, 'log.txt')
    if (existsSync(log)) copyFileSync(log, path.join(kept, `${stack}-${name}.log`))
  }
  return kept
}
