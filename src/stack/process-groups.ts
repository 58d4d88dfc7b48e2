import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Death, SideProcessError } from './side-process.ts'

/** A program that we did not write: it knows nothing of us, so that somebody else has to end it when we are gone. */
export interface GroupOptions {
  /** As it is called in messages: `redis after`. */
  readonly name: string
  readonly command: readonly [file: string, ...args: string[]]
  /** All of it: nothing of ours is inherited. */
  readonly environment: Readonly<Record<string, string>>
  /** Where it runs; has to exist. */
  readonly folder: string
  /** What it says, on both channels, is appended here. */
  readonly log: string
}

/** A program that runs, with all the processes that it started: they are a process group. */
export interface ProcessGroup {
  readonly name: string
  /** The number of the group, which is the pid of its first process. */
  readonly group: number
  readonly log: string
  /** Resolves when its first process has ended, by itself or because all were ended. */
  readonly ended: Promise<Death>
  hasEnded(): boolean
}

/** How long a process that was asked to end may take, ms. Open WebUI with an answer under way never does. */
const patience = 2_000

/**
 * Reads from its standard input which groups there are. When that ends, by our will or because we are gone, however that came about, it ends the groups
 * and removes the folder.
 */
const reaper = `trap '' HUP INT TERM
groups=
while read -r what group; do
  case $what in
    up) groups="$groups $group" ;;
    gone) kept=; for one in $groups; do [ "$one" = "$group" ] || kept="$kept $one"; done; groups=$kept ;;
  esac
done
are_there() { for one in $groups; do kill -s 0 -- "-$one" 2>/dev/null && return 0; done; return 1; }
all() { for one in $groups; do kill -s "$1" -- "-$one" 2>/dev/null; done; }
all TERM
tenths=0
while are_there && [ "$tenths" -lt "$2" ]; do sleep 0.1; tenths=$((tenths + 1)); done
all KILL
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
`

/** Holds a program back until the reaper knows of it, and lets it go with us where that did not come about. */
const held = 'read -r go || exit 1; exec "$@" </dev/null'

/**
 * Programs that are started one by one and ended together, with one folder that goes with them. Each has a session of its own, so that Ctrl-C does not
 * reach it. A small shell beside them ends them all when this process is gone, `kill -9` included.
 */
export class ProcessGroups {
  readonly #reaper: ChildProcess
  /** Whether it did its work; a signal may have ended it before. */
  readonly #reaperEnded: Promise<'done' | 'killed'>
  readonly #groups: ProcessGroup[] = []
  /** Numbers of the groups in which somebody may be left. */
  readonly #left = new Set<number>()
  readonly #folder: string
  readonly #killAfter: number
  #areEnding = false

  /** `folder` is removed at the end; it may be gone by then. `killAfter`: ms between SIGTERM and SIGKILL. */
  constructor(folder: string, killAfter = patience) {
    this.#folder = path.resolve(folder)
    this.#killAfter = killAfter
    this.#reaper = spawn('/bin/sh', ['-c', reaper, 'first-token-reaper', this.#folder, String(Math.ceil(killAfter / 100))], { detached: true, cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] })
    this.#reaper.stdin?.on('error', () => {})
    this.#reaperEnded = new Promise((resolve, reject) => {
      this.#reaper.once('error', reject)
      this.#reaper.once('close', (_code, signal) => resolve(signal === null ? 'done' : 'killed'))
    })
    this.#reaperEnded.catch(() => {})
  }

  get groups(): readonly ProcessGroup[] {
    return this.#groups
  }

  /** @throws {SideProcessError} where there is no such program. */
  async start({ name, command, environment, folder, log }: GroupOptions): Promise<ProcessGroup> {
    if (this.#areEnding) throw new SideProcessError(`${name} did not start: it was to end before`)
    const out = openSync(log, 'a', 0o600)
    const child = spawn('/bin/sh', ['-c', held, 'sh', ...command], { detached: true, cwd: folder, env: { ...environment }, stdio: ['pipe', out, out] })
    closeSync(out)
    const { pid } = child
    if (pid === undefined) throw new SideProcessError(`${name} did not start: ${await new Promise<string>((resolve) => { child.once('error', (error) => resolve(error.message)) })}`)
    this.#left.add(pid)
    this.#reaper.stdin?.write(`up ${pid}\n`)
    child.stdin?.on('error', () => {})
    child.stdin?.end('go\n')
    let hasEnded = false
    const ended = new Promise<Death>((resolve) => {
      child.once('exit', (code, signal) => {
        hasEnded = true
        // Its number may be given to another group as soon as nobody is left in it.
        if (!isThere(pid)) {
          this.#left.delete(pid)
          this.#reaper.stdin?.write(`gone ${pid}\n`)
        }
        resolve({ name, detail: [signal === null ? `exit code ${code}` : signal, lastWords(log)].filter((words) => words !== '').join(': ') })
      })
    })
    const group: ProcessGroup = { name, group: pid, log, ended, hasEnded: () => hasEnded }
    this.#groups.push(group)
    return group
  }

  /** Resolves with the first program that ends unasked. Never resolves otherwise. */
  get died(): Promise<Death> {
    return new Promise((resolve) => {
      for (const { ended } of this.#groups) void ended.then((death) => { if (!this.#areEnding) resolve(death) })
    })
  }

  /** SIGTERM to all, SIGKILL to what is still there some time later; then the folder is removed. Resolves when nothing is left; may be called again. */
  async end(): Promise<void> {
    this.#areEnding = true
    this.#reaper.stdin?.end()
    if (await this.#reaperEnded === 'killed') await this.#endAlone()
    await Promise.all(this.#groups.map(({ ended }) => ended))
  }

  /** What the reaper would have done. */
  async #endAlone(): Promise<void> {
    const there = (): number[] => [...this.#left].filter(isThere)
    for (const group of there()) signalTo(group, 'SIGTERM')
    for (const giveUpAt = performance.now() + this.#killAfter; there().length > 0 && performance.now() < giveUpAt;) await wait(50)
    for (const group of there()) signalTo(group, 'SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
}

const isThere = (group: number): boolean => signalTo(group, 0)

/** Whether anybody was there to be told. */
function signalTo(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal)
  } catch {
    return false
  }
}

const lastWordsLength = 300

/** The end of a log; empty where there is none. */
export function lastWords(log: string, length: number = lastWordsLength): string {
  try {
    return readFileSync(log, 'utf8').slice(-length).trim()
  } catch {
    return ''
  }
}
