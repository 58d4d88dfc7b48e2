import { z } from 'zod'
import type { Death } from '../side-process.ts'
import { followDocker } from './docker.ts'

const event = z.object({ service: z.string(), action: z.string(), attributes: z.record(z.string(), z.string()).optional() })

export interface DeathWatch {
  /** Resolves with the first container that ends unasked, or when nobody would tell of it any more. Never resolves otherwise. */
  readonly died: Promise<Death>
  stop(): void
}

/**
 * Listens to what happens to the containers of a project. To be told of it costs nothing; to ask again and again would start a process each time, beside
 * what is being measured. A container that ran out of memory says `oom` before it dies.
 */
export function watchDeaths(project: string, environment: Readonly<Record<string, string | undefined>>, isExpected: (service: string) => boolean): DeathWatch {
  const starved = new Set<string>()
  let wasStopped = false
  let stop = (): void => {}
  const died = new Promise<Death>((resolve) => {
    const stream = followDocker(['compose', '--project-name', project, 'events', '--json'], { environment }, (line) => {
      const happened = event.safeParse(jsonOf(line)).data
      if (happened === undefined) return
      const { service, action, attributes } = happened
      if (action === 'oom') starved.add(service)
      if (action === 'die' && !isExpected(service)) resolve({ name: service, detail: `exit code ${attributes?.['exitCode'] ?? 'unknown'}${starved.has(service) ? ', out of memory' : ''}` })
    })
    void stream.ended.then(() => { if (!wasStopped) resolve({ name: 'docker compose events', detail: 'it has ended, and no container is watched any more' }) })
    stop = () => {
      wasStopped = true
      stream.stop()
    }
  })
  return { died, stop: () => stop() }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
