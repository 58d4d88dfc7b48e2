import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

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
    // Behind the name, which is in brackets and may hold anything: state, and 19 fields later the ticks since the machine started.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return process.platform === 'linux' ? undefined : beginningByPs(pid)
  }
}

function beginningByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } })
  return stdout.trim() === '' ? undefined : stdout.trim()
}

/** Every process whose working folder is in this one. Linux alone tells; elsewhere none is found. */
export function processesIn(folder: string): number[] {
  const within = (pid: string): boolean => {
    try {
      const place = readlinkSync(`/proc/${pid}/cwd`)
      return place === folder || place.startsWith(`${folder}/`)
    } catch {
      return false
    }
  }
  return process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name) && within(name)).map(Number) : []
}
