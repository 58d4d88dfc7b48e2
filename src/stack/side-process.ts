import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { formatMilliseconds } from '../duration.ts'

/** A side process did not come up. Not the user's fault, so it prints as a crash: with what the process itself said. */
export class SideProcessError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SideProcessError'
  }
}

/** A process that ended without having been asked to: which, and how, with the end of what it wrote to stderr. */
export interface Death {
  readonly name: string
  readonly detail: string
}

export interface SideProcessOptions {
  /** As it is called in messages: `mock`, `gateway after`. */
  readonly name: string
  /** The JavaScript file that Node runs. */
  readonly file: string
  readonly args: readonly string[]
  /** How long it may take until it is ready, ms; 10 s, which a machine at its limit needs. */
  readonly readyWithin?: number
}

/** A child process of ours that serves HTTP. */
export interface SideProcess {
  readonly name: string
  readonly url: string
  readonly pid: number
  /** Resolves when it ends unasked; never where it was stopped. */
  readonly died: Promise<Death>
  /** SIGTERM, and SIGKILL to what is still there after 1 s. Resolves when it is gone; may be called again, and for one that died. */
  stop(): Promise<void>
}

const readyLine = z.object({ ready: z.literal(true), url: z.url(), pid: z.number() })
const patience = 1_000
const stderrTailLength = 4_000

/**
 * Starts `node FILE ...args --exit-with-parent` and waits for its ready line. It has a session of its own, because Ctrl-C goes to every process of
 * the terminal's foreground group: the children have to live until we stop them, or the last messages of an interrupted run would fail. Its standard
 * input is a pipe from us that says nothing; the kernel closes it however we die, and then it ends by itself.
 * @throws {SideProcessError} where it ends, says something else or says nothing before it is ready; it is gone then.
 */
export async function startSideProcess({ name, file, args, readyWithin = 10_000 }: SideProcessOptions): Promise<SideProcess> {
  const child = spawn(process.execPath, [file, ...args, '--exit-with-parent'], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  const end = watch(child)
  try {
    const { url, pid } = await readyOf(child, end, readyWithin)
    let wasStopped = false
    const died = new Promise<Death>((resolve) => {
      void end.then((detail) => { if (!wasStopped) resolve({ name, detail: detail() }) })
    })
    const stop = async (): Promise<void> => {
      wasStopped = true
      await stopChild(child, end)
    }
    return { name, url, pid, died, stop }
  } catch (error) {
    await stopChild(child, end)
    throw new SideProcessError(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** How a process ended, told when asked: its last words on stderr may be read after its exit. */
type End = Promise<() => string>

function watch(child: ChildProcess): End {
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { words = (words + text).slice(-stderrTailLength) })
  // A write to a child that is gone; we never write, but the pipe may say so when it closes.
  child.stdin?.on('error', () => {})
  return new Promise((resolve) => {
    const told = (how: string) => resolve(() => (words.trim() === '' ? how : `${how}: ${words.trim()}`))
    child.once('error', (error) => told(error.message))
    // `close` and not `exit`: then stderr is read to its end.
    child.once('close', (code, signal) => told(signal === null ? `exit code ${code}` : signal))
  })
}

async function readyOf(child: ChildProcess, end: End, within: number): Promise<z.infer<typeof readyLine>> {
  if (child.stdout === null) throw new Error('it has no stdout')
  const lines = createInterface({ input: child.stdout })
  let timer: NodeJS.Timeout | undefined
  const line = await Promise.race([
    new Promise<string>((resolve) => { lines.once('line', resolve) }),
    end.then((detail) => { throw new Error(detail()) }),
    new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`it was not ready within ${formatMilliseconds(within)}`)), within)
    }),
  ]).finally(() => clearTimeout(timer))
  // It may say more; nobody reads it, and a full pipe must not stop it.
  lines.on('line', () => {})
  const parsed = readyLine.safeParse(jsonOf(line))
  if (!parsed.success) throw new Error(`its first line is not the ready line: ${line.slice(0, 200)}`)
  return parsed.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function stopChild(child: ChildProcess, end: End): Promise<void> {
  const timer = setTimeout(() => child.kill('SIGKILL'), patience)
  child.kill('SIGTERM')
  await end
  clearTimeout(timer)
}
