import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  for (let isFirst = true; !taken(file); isFirst = false) {
    const by = heldBy(file)
    if (by === undefined || !isRunning(by)) {
      rmSync(file, { force: true })
      continue
    }
    if (isFirst) waiting(by)
    await wait(cadence, undefined, { signal })
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

function taken(file: string): boolean {
  try {
    writeFileSync(file, JSON.stringify(ownIdentity()), { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function heldBy(file: string): ProcessIdentity | undefined {
  try {
    return holder.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}
