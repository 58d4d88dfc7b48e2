import { existsSync, rmSync } from 'node:fs'
import { UsageError } from '../../errors.ts'
import { gone } from '../left-overs.ts'
import { isRunning } from '../process-identity.ts'
import type { KnownStack } from '../stack-folder.ts'
import { docker, lastLine } from './docker.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** How long whoever started the containers may take to stop them, and how long what is about to do so for somebody who is gone, ms. */
const usual = { owner: 90_000, reaper: 3_000 }

/**
 * Stops a stack of containers: asks whoever started it, and takes the project down where nobody is there any more. Its folder goes when nothing is left.
 * @throws {UsageError} where Docker does not do it, with its words.
 */
export async function stopContainers({ folder, state }: KnownStack, project: string, environment: Environment, patience: typeof usual = usual): Promise<void> {
  const owner = state?.owner
  const isOwned = owner !== undefined && owner.pid !== process.pid && isRunning(owner)
  if (isOwned) process.kill(owner.pid, 'SIGTERM')
  await gone(() => existsSync(folder), isOwned ? patience.owner : patience.reaper)
  if (!existsSync(folder)) return
  const { status, stderr } = await docker(['compose', '--project-name', project, 'down', '--volumes', '--remove-orphans', '--timeout', '5'], { environment })
  if (status !== 0) throw new UsageError({ what: `The containers of ${project} were not taken down: ${lastLine(stderr) ?? `exit code ${status}`}`, fix: `See that docker info works, and say it again; by hand: docker compose --project-name ${project} down --volumes --remove-orphans` })
  rmSync(folder, { recursive: true, force: true })
}

/** What the containers of these services have written. @throws {UsageError} where Docker does not tell. */
export async function containerLogs(project: string, services: readonly string[], environment: Environment): Promise<string> {
  const { status, stdout, stderr } = await docker(['compose', '--project-name', project, 'logs', '--no-color', ...services], { environment })
  if (status !== 0) throw new UsageError({ what: `docker compose logs: ${lastLine(stderr) ?? `exit code ${status}`}`, fix: 'See that docker info works.' })
  return stdout
}
