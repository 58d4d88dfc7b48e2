import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

export interface RunningProcess {
  readonly pid: number
  readonly args: string
}

/** Every process that runs with this text on its command line. One that ended but was not collected by its parent has none any more. */
export function runningProcesses(text: string): RunningProcess[] {
  const all = existsSync('/proc/self/cmdline') ? fromProc() : fromPs()
  return all.filter(({ pid, args }) => pid !== process.pid && args.includes(text))
}

const fromProc = (): RunningProcess[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((name) => ({ pid: Number(name), args: commandLine(name) }))

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

const fromPs = (): RunningProcess[] =>
  spawnSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).stdout.split('\n').map((line) => ({ pid: Number.parseInt(line, 10), args: line }))
