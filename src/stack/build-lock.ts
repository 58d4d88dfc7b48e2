import { mkdir, open, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'

/** Who holds a lock touches its file this often; one that was not touched for `stale` belongs to somebody who died, ms. */
const times = { touch: 2_000, stale: 20_000, look: 250 }

export interface LockOptions {
  /** Its folder is made where it is not there. */
  readonly file: string
  /** Told once, where somebody else holds it. */
  readonly onWait: () => void
  readonly signal: AbortSignal
}

/**
 * Does the work while nobody else on this file does theirs. Two who find the same stale lock at one instant may both get in: what is made under it
 * has to be made under a name of one's own and renamed, so that it costs no more than the time.
 * @throws the reason of the signal where it is aborted while waiting.
 */
export async function underLock<Made>({ file, onWait, signal }: LockOptions, work: () => Promise<Made>): Promise<Made> {
  await mkdir(path.dirname(file), { recursive: true })
  for (let hasWaited = false; !await taken(file); hasWaited = true) {
    if (!hasWaited) onWait()
    if (await age(file) > times.stale) await rm(file, { force: true })
    else await rest(times.look, undefined, { signal })
  }
  const touching = setInterval(() => { void utimes(file, new Date(), new Date()).catch(() => {}) }, times.touch)
  try {
    return await work()
  } finally {
    clearInterval(touching)
    await rm(file, { force: true })
  }
}

async function taken(file: string): Promise<boolean> {
  try {
    await (await open(file, 'wx')).close()
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** ms; of one that was given back meanwhile 0. */
async function age(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined)
  return found === undefined ? 0 : Date.now() - found.mtimeMs
}
