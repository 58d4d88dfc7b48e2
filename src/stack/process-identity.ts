import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs'
import path from 'node:path'

/** A process that can be told from a later one of the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it began, as the system says it. */
  readonly began: string
}

export const identityOf = (pid: number): ProcessIdentity => ({ pid, began: beginning(pid) ?? '' })

export const ownIdentity = (): ProcessIdentity => identityOf(process.pid)

export const isRunning = ({ pid, began }: ProcessIdentity): boolean => beginning(pid) === began

/** Undefined where there is none; one that has ended and waits for its parent to notice is none either. */
function beginning(pid: number): string | undefined {
  try {
    const fields = statFields(pid)
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return process.platform === 'linux' ? undefined : beginningByPs(pid)
  }
}

function beginningByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } })
  return stdout.trim() === '' ? undefined : stdout.trim()
}

/**
 * Every process whose working folder is in this one, but for our own and those that have a terminal: what we start has none, and a shell that somebody took
 * there is theirs. Linux alone tells; elsewhere none is found.
 */
export function processesIn(folder: string): number[] {
  if (process.platform !== 'linux') return []
  const real = realPlace(folder)
  const within = (pid: string): boolean => {
    try {
      const place = readlinkSync(`/proc/${pid}/cwd`)
      return (place === real || place.startsWith(`${real}/`)) && statFields(pid)[4] === '0'
    } catch {
      return false
    }
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && within(name)).map(Number)
}

/** As the system calls it, which follows every link; the folder itself may be gone. */
function realPlace(folder: string): string {
  try {
    return path.join(realpathSync(path.dirname(folder)), path.basename(folder))
  } catch {
    return folder
  }
}

/** What stands behind the name, which is in brackets and may hold anything: state, parent, group, session, terminal; the 20th is the ticks since the machine started. */
const statFields = (pid: number | string): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
