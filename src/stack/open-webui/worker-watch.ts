import { identityOf, isRunning } from '../process-identity.ts'
import type { Death } from '../side-process.ts'

/** The workers of one side. */
export interface WatchedWorkers {
  readonly side: string
  readonly pids: readonly number[]
}

const cadence = 1_000

/**
 * Tells when a worker that was up has ended. uvicorn starts another in its place and goes on, so that the process that was started tells nothing; who was
 * answered by it has lost an answer, and those behind it come to another system than before. `died` never resolves after `stop`.
 */
export function watchWorkers(watched: readonly WatchedWorkers[], every: number = cadence): { readonly died: Promise<Death>; stop(): void } {
  const workers = watched.flatMap(({ side, pids }) => pids.map((pid) => ({ side, ...identityOf(pid) }))).filter(isRunning)
  let timer: NodeJS.Timeout | undefined
  const died = new Promise<Death>((resolve) => {
    timer = setInterval(() => {
      const gone = workers.find((worker) => !isRunning(worker))
      if (gone !== undefined) resolve({ name: `open-webui ${gone.side}`, detail: `its worker ${gone.pid} is gone` })
    }, every)
    timer.unref()
  })
  return { died, stop: () => clearInterval(timer) }
}
