import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.ts'

const holder = z.object({ pid: z.number(), began: z.string() })
const cadence = 250

/**
 * Does the work while no other process of ours does the same. A lock whose holder has died is taken over. It saves work and is not what keeps the result
 * sound: two may believe that they took over the same one.
 */
export async function withLock<T>(file: string, { waiting, signal }: { readonly waiting: (by: ProcessIdentity) => void; readonly signal: AbortSignal }, work: () => Promise<T>): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true })
  // One process may want the same lock more than once.
  const ours = JSON.stringify({ ...ownIdentity(), hold: randomBytes(4).toString('hex') })
  for (let isFirst = true; !taken(file, ours); isFirst = false) {
    const text = textOf(file)
    const by = holderOf(text)
    if (by === undefined || !isRunning(by)) {
      removeWhere(file, text)
      continue
    }
    if (isFirst) waiting(by)
    await wait(cadence, undefined, { signal })
  }
  try {
    return await work()
  } finally {
    removeWhere(file, ours)
  }
}

/** It appears with its content, so that nobody finds it empty and takes its holder for dead. */
function taken(file: string, text: string): boolean {
  const made = `${file}.${randomBytes(4).toString('hex')}`
  writeFileSync(made, text)
  try {
    linkSync(made, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(made, { force: true })
  }
}

/** Somebody else may have taken it over. */
function removeWhere(file: string, text: string | undefined): void {
  if (textOf(file) === text) rmSync(file, { force: true })
}

/** Undefined where there is none. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function holderOf(text: string | undefined): ProcessIdentity | undefined {
  try {
    return holder.parse(JSON.parse(text ?? ''))
  } catch {
    return undefined
  }
}
