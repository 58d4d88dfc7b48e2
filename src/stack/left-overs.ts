import { existsSync, rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { isRunning, processesIn } from './process-identity.ts'
import type { KnownStack } from './stack-folder.ts'

/** How long whoever started a stack may take to stop it, ms: SIGKILL comes 2 s after SIGTERM. */
const patience = 15_000

/**
 * Stops a stack: asks whoever started it, and where nobody is there any more, or nothing comes of it, ends every process that stands in its folder. The
 * folder is gone afterwards. Tells how many processes had to be ended.
 */
export async function stopStack({ folder, state }: KnownStack): Promise<{ readonly ended: number }> {
  const owner = state?.owner
  if (owner !== undefined && owner.pid !== process.pid && isRunning(owner)) {
    process.kill(owner.pid, 'SIGTERM')
    await gone(() => isRunning(owner) || existsSync(folder), patience)
  } else {
    // The shell that outlives it may be about to do the same.
    await gone(() => processesIn(folder).length > 0, 3_000)
  }
  const left = processesIn(folder)
  for (const pid of left) kill(pid)
  await gone(() => processesIn(folder).length > 0, 2_000)
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  return { ended: left.length }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Waits until it is no more there, for so many ms at most. */
export async function gone(isThere: () => boolean, within: number): Promise<void> {
  for (const giveUpAt = performance.now() + within; isThere() && performance.now() < giveUpAt;) await wait(50)
}
