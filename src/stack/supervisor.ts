import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as rest } from 'node:timers/promises'
import type { Death } from './side-process.ts'

/** A program that is not ours, which does not notice by itself that whoever started it is gone. */
export interface SupervisedOptions {
  /** As it is called in messages: `ollama before`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** All of it: nothing is inherited. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where it runs; undefined is where we do. */
  readonly cwd?: string
  /** A folder that is removed when it is over, however it ends. */
  readonly folder?: string
  /** Every line that it writes, to stdout or stderr. */
  readonly onLine?: (line: string) => void
}

/** A process group that is gone when we are. */
export interface Supervised {
  readonly name: string
  /** Of the program itself, which leads its group. */
  readonly pid: number
  /** How it ended, asked or unasked; its whole group is gone then. */
  readonly ended: Promise<SupervisedEnd>
  /** Resolves when it ends unasked; never where it was stopped. */
  readonly died: Promise<Death>
  /** SIGTERM to its group, SIGKILL to what is left of it after some seconds. Resolves when it is gone, its folder too; may be called again. */
  stop(): Promise<void>
}

export interface SupervisedEnd {
  /** Null where a signal ended it. */
  readonly exitCode: number | null
  /** `exit code 1: ` or `SIGKILL: `, and the end of what it wrote. */
  readonly detail: string
}

const patience = 5_000
const tailLength = 4_000
/** How often it is looked whether the group is gone, and for how long at most, ms. */
const look = { every: 20, most: 2_000 }

/**
 * The watchman is in the group that he watches. He reads from a pipe on which we say nothing and which the kernel closes however we die; then he ends
 * the program, removes its folder ($0) and ends the group, himself included. The program takes the place of the shell, so that its number, its signals
 * and its exit code are its own. $$ is the shell's own number, in the watchman too.
 */
const watchman = '{ read -r _ <&3; kill -s KILL $$; if [ -n "$0" ]; then rm -rf -- "$0"; fi; kill -s KILL 0; } >/dev/null 2>&1 & exec "$@" 3<&-'

/** Starts it in a session of its own, so that Ctrl-C does not reach it before we stop it. */
export function startSupervised({ name, command, args, environment, cwd, folder, onLine }: SupervisedOptions): Supervised {
  const child = spawn('/bin/sh', ['-c', watchman, folder ?? '', command, ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...environment }, ...(cwd === undefined ? {} : { cwd }) })
  const { pid } = child
  child.on('error', () => {})
  if (pid === undefined) throw new Error(`${name} did not start: there is no /bin/sh`)
  const tail = tailOf(child, onLine)
  // The pipe to the watchman may say that it closed.
  child.stdio[3]?.on('error', () => {})
  const ended = endOf(child, pid, tail, folder)
  let wasStopped = false
  const died = new Promise<Death>((resolve) => {
    void ended.then(({ detail }) => { if (!wasStopped) resolve({ name, detail }) })
  })
  const stop = async (): Promise<void> => {
    wasStopped = true
    if (child.exitCode === null && child.signalCode === null) signalGroup(pid, 'SIGTERM')
    const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), patience)
    await ended
    clearTimeout(timer)
  }
  return { name, pid, ended, died, stop }
}

async function endOf(child: ChildProcess, pid: number, tail: () => string, folder: string | undefined): Promise<SupervisedEnd> {
  // Both may come at once.
  const closed = once(child, 'close')
  const [exitCode, signal] = await once(child, 'exit') as [number | null, NodeJS.Signals | null]
  // The watchman is left, and whatever the program had started.
  signalGroup(pid, 'SIGKILL')
  await closed
  for (const giveUpAt = performance.now() + look.most; isRunning(pid) && performance.now() < giveUpAt;) await rest(look.every)
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  const how = exitCode === null ? String(signal) : `exit code ${exitCode}`
  return { exitCode, detail: tail() === '' ? how : `${how}: ${tail()}` }
}

/** Whether there was anybody to signal. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

/** Whether anybody of the group is left. Who has ended and was not collected yet, which may take an init seconds, is not. */
function isRunning(group: number): boolean {
  if (!signalGroup(group, 0)) return false
  if (!existsSync('/proc/self/stat')) return true
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isMember(name, group))
}

function isMember(pid: string, group: number): boolean {
  try {
    // Behind the name, which is in brackets and may hold anything: state, parent, group.
    const [state = '', , itsGroup] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')
    return itsGroup === String(group) && !'ZX'.includes(state)
  } catch {
    return false
  }
}

/** The end of what it wrote, asked for when it has ended. */
function tailOf(child: ChildProcess, onLine: SupervisedOptions['onLine']): () => string {
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      tail = `${tail}${line}\n`.slice(-tailLength)
      onLine?.(line)
    })
  }
  return () => tail.trim()
}
