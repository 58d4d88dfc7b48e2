import { z } from 'zod'
import type { ContainerEventRecord } from '../sample/run-file.ts'
import type { DockerCli, Following } from './docker-cli.ts'
import { jsonLine } from './json-line.ts'

const event = z.object({ Action: z.string(), Actor: z.object({ Attributes: z.record(z.string(), z.string()).nullish() }) })
/** `oom` comes whenever something in the container was killed for want of memory: a worker, for one, whose parent lives on. */
const told: Readonly<Record<string, ContainerEventRecord['what']>> = { oom: 'out-of-memory', die: 'ended', start: 'started' }

export interface EventsOptions {
  readonly cli: DockerCli
  readonly container: string
  readonly now: () => number
  readonly onEvent: (event: ContainerEventRecord) => void
}

/** Listens to what happens to a container by this name; another that takes its place has the same one. To be told costs nothing. */
export function observeEvents({ cli, container, now, onEvent }: EventsOptions): Following {
  const filters = [`container=${container}`, 'type=container', ...Object.keys(told).map((action) => `event=${action}`)].flatMap((filter) => ['--filter', filter])
  return cli.follow(['events', ...filters, '--format', '{{json .}}'], (line) => {
    const happened = event.safeParse(jsonLine(line)).data
    const what = told[happened?.Action ?? '']
    if (happened === undefined || what === undefined) return
    const exitCode = Number(happened.Actor.Attributes?.['exitCode'] ?? Number.NaN)
    onEvent({ type: 'container-event', container, at: now(), what, exitCode: what === 'ended' && Number.isFinite(exitCode) ? exitCode : null })
  })
}
