import { fork } from 'node:child_process'
import { z } from 'zod'
import type { CommandContext } from './context.ts'
import { type LaneJob, type MatrixRow, matrixRow } from './matrix-lane-run.ts'
import { processFiles } from './package-files.ts'
import type { StopSignal } from './stop-signal.ts'

/**
 * Measures a lane of the matrix in a process of its own, whose progress goes to stderr line by line. It has a session of its own, so that Ctrl-C reaches
 * it as our leaving, after which it ends its stack and itself. No rows where it was stopped.
 * @throws {Error} where it ended without its rows.
 */
export async function matrixLane(job: LaneJob, stop: StopSignal, { err }: CommandContext): Promise<MatrixRow[]> {
  const child = fork(processFiles().lane, [], { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-4_000)
    err(text)
  })
  const leave = (): void => { if (child.connected) child.disconnect() }
  stop.signal.addEventListener('abort', leave)
  try {
    let answer: unknown
    child.once('message', (message) => { answer = message })
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
    })
    if (stop.signal.aborted) leave()
    else child.send(job)
    const how = await ended
    if (stop.signal.aborted) return []
    if (answer === undefined) throw new Error(`a lane of the matrix ended without its rows (${how}): ${words.trim()}`)
    return z.array(matrixRow).parse(answer)
  } finally {
    stop.signal.removeEventListener('abort', leave)
  }
}
