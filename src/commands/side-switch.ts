import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { formatMilliseconds } from '../duration.ts'
import { Interrupted } from '../engine/engine.ts'
import { rest } from '../engine/node/window.ts'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { printable } from '../report/printable.ts'
import type { Rules } from '../sample/run-file.ts'
import { failed, struck } from '../target/failure.ts'
import type { Clock, Session, Target, Utterance } from '../target/target.ts'
import type { TargetFlag } from './run-request.ts'

/** Pairs of visits that the exact interval needs at 2 %. */
const leastRounds = 6

/** What is to be known of sides of which one is in force at a time: one system that a command makes `before` and `after` by turns, or a stack of ours. */
export interface SideSwitchOptions {
  /** As typed, for the shell; `{side}` in it becomes the name of the side. Or what brings a side of our own stack into force. */
  readonly turn: string | ((side: string) => Promise<void>)
  /** By side: who answers when it is in force. */
  readonly targets: ReadonlyMap<string, Target>
  /** Whether our mock is behind it: then hellos carry its marker. */
  readonly hasMock: boolean
  readonly load: Rules['load']
  readonly clock: Clock
  readonly signal: AbortSignal
  /** A line for stderr. */
  readonly note: (line: string) => void
  /** Struck from what the command says. */
  readonly secrets: readonly string[]
  readonly patience?: Partial<Patience>
}

/** How long the command may take, how long the system may take until it answers again, how often it is asked, and how long it is warmed up, ms. */
interface Patience {
  readonly command: number
  readonly answer: number
  readonly poll: number
  readonly warmUp: number
}

const usual: Patience = { command: 600_000, answer: 300_000, poll: 500, warmUp: 30_000 }
/** Hellos that a visit begins with, thrown away. */
const warmUps = { gentle: 1, pages: 1, full: 20 }
/** A command that does not end when it is asked to, ms. */
const killAfter = 2_000

/**
 * Brings a side into force: runs the command, waits until the system answers a hello again, and warms it up. Nothing is
 * done where that side is in force already.
 * @throws {UsageError} where the command fails or takes too long (exit 2), or the system does not come back (exit 5).
 * @throws {Interrupted} when the run is stopped; the command's process group is ended then.
 */
export class SideSwitch {
  readonly #options: SideSwitchOptions
  readonly #patience: Patience
  #inForce: string | undefined
  #hellos = 0

  constructor(options: SideSwitchOptions) {
    this.#options = options
    this.#patience = { ...usual, ...options.patience }
  }

  /** The side that the system was made last; undefined before the first switch, and after one that failed. */
  get inForce(): string | undefined {
    return this.#inForce
  }

  readonly switchTo = async (side: string): Promise<void> => {
    if (this.#inForce === side) return
    this.#inForce = undefined
    await this.#turn(side)
    await this.#answers(side)
    await this.#warmUp(side)
    this.#throwIfAborted()
    this.#inForce = side
  }

  async #turn(side: string): Promise<void> {
    const { turn, note } = this.#options
    this.#throwIfAborted()
    if (typeof turn === 'string') return this.#run(side, turn)
    note(`switching to ${side}`)
    await turn(side)
  }

  async #run(side: string, command: string): Promise<void> {
    const { signal, note, secrets } = this.#options
    const text = command.replaceAll('{side}', side)
    note(`switching to ${side}: ${printable(struck(text, secrets))}`)
    const child = spawn(text, { shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', (line) => note(`switch: ${printable(struck(line, secrets))}`))
    const ended = new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(`could not be run (${error.message})`))
      // `exit` and not `close`: what the command has started in the background may hold its output open for as long as the system runs.
      child.once('exit', (code, name) => resolve(code === 0 ? null : name === null ? `ended with exit code ${code}` : `was ended by ${name}`))
    })
    const failure = await within(ended, this.#patience.command, signal)
    letGo(child)
    if (failure === null) return
    if (failure === undefined) await endGroup(child, ended)
    this.#throwIfAborted()
    throw new UsageError({
      what: `--switch: \`${printable(struck(text, secrets))}\` ${failure ?? `was not over after ${formatMilliseconds(this.#patience.command)}`}.`,
      fix: 'Run it by hand until it works. It has to return when the system runs as that side, with exit code 0.',
    })
  }

  async #answers(side: string): Promise<void> {
    const { clock, signal } = this.#options
    const giveUpAt = clock.now() + this.#patience.answer
    for (;;) {
      const failure = await this.#hello(side, giveUpAt - clock.now())
      this.#throwIfAborted()
      if (failure === undefined) return
      if (clock.now() + this.#patience.poll >= giveUpAt) {
        throw new UsageError({
          what: `The system (${this.#target(side).url}) answered no hello within ${formatMilliseconds(this.#patience.answer)} after the switch to ${side}: ${failure}.`,
          fix: 'See whether it comes up as that side, and how long that takes.',
        }, exitCodes.unreachable)
      }
      await rest(this.#patience.poll, signal)
    }
  }

  async #warmUp(side: string): Promise<void> {
    const { clock, signal, load } = this.#options
    const until = clock.now() + this.#patience.warmUp
    for (let count = 0; count < warmUps[load ?? 'full'] && clock.now() < until && !signal.aborted; count += 1) await this.#hello(side, until - clock.now())
  }

  /** Why it was not answered; undefined where it was. */
  async #hello(side: string, patience: number): Promise<string | undefined> {
    const { signal } = this.#options
    const session: Session = this.#target(side).open()
    const exchange = session.say(this.#utterance())
    const answer = await within(exchange.done, Math.max(0, patience), signal)
    if (answer === undefined) exchange.abort(failed('hung', 'no end in time', 0))
    const { outcome } = await exchange.done
    await session.close()
    return outcome.kind === 'failed' ? `${outcome.code} (${outcome.detail})` : undefined
  }

  #utterance(): Utterance {
    const { hasMock, clock } = this.#options
    this.#hellos += 1
    const id = `switch-${Math.floor(clock.now()).toString(36)}-${this.#hellos.toString(36)}`
    return hasMock ? { id, text: 'Hello', mock: { tokens: 1, firstTokenAfter: 2, gap: 20 } } : { id, text: `${id}: Hello`, mock: undefined }
  }

  #target(side: string): Target {
    const target = this.#options.targets.get(side)
    if (target === undefined) throw new RangeError(`there is no side ${side}`)
    return target
  }

  #throwIfAborted(): void {
    if (this.#options.signal.aborted) throw new Interrupted(String(this.#options.signal.reason))
  }
}

/** The one target as both sides that the command makes of it. */
export const switchedTargets = (target: TargetFlag): readonly TargetFlag[] => [{ ...target, side: 'before', role: 'reference' }, { ...target, side: 'after', role: 'judged' }]

/** What of the flags does not go together with --switch. */
export function switchProblems(flags: { readonly switch?: string; readonly target?: string; readonly label?: string; readonly rounds?: string; readonly load?: string }): Problem[] {
  if (flags.switch === undefined) return []
  const problems: Problem[] = []
  if (flags.target === undefined) problems.push({ what: '--switch makes one system both sides, and none was named.', fix: "Name it with --target KIND=URL, as in --target openai=URL --switch './switch.sh {side}'." })
  if (flags.load !== 'full') problems.push({ what: '--switch takes turns, and a gentle run takes none: its few messages would be spread over many restarts.', fix: 'Add --load full, at a time when the system is yours alone; or measure gently before and after by hand, with --label and --against.' })
  if (flags.label !== undefined) problems.push({ what: '--label names a run of one side, and with --switch the sides are called before and after.', fix: 'Leave one of them out.' })
  if (!flags.switch.includes('{side}')) problems.push({ what: `--switch "${flags.switch}" does not say where the side belongs.`, fix: "Write {side} in it, as in './switch.sh {side}': it becomes before or after." })
  if (Number(flags.rounds ?? leastRounds) < leastRounds) problems.push({ what: `--rounds ${flags.rounds ?? ''} are too few visits for --switch.`, fix: `It takes ${leastRounds} pairs of visits, one a round.` })
  return problems
}

/** What comes about within so long and before the run is stopped; else undefined. */
async function within<T>(event: Promise<T>, milliseconds: number, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined
  let stop = (): void => {}
  const over = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), milliseconds)
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort)
    stop = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  })
  try {
    return await Promise.race([event, over])
  } finally {
    stop()
  }
}

async function endGroup(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signalGroup(child, 'SIGTERM')
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), killAfter)
  await ended
  clearTimeout(timer)
  // The shell is gone; what it had started and did not wait for may not be.
  signalGroup(child, 'SIGKILL')
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, name)
  } catch {
    // Nobody of the group is left.
  }
}

/** A system that the command has started in the background may go on writing: it is read, and keeps nobody from ending. */
function letGo({ stdout, stderr }: ChildProcess): void {
  for (const stream of [stdout, stderr]) if (stream instanceof Socket) stream.unref()
}
