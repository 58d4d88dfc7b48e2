import type { RunClock } from '../engine/node/clock.ts'
import { toMicrosecond } from '../engine/records.ts'
import { type Problem, UsageError } from '../errors.ts'
import { type ContainerState, containerState } from '../observe/container.ts'
import { observeEvents } from '../observe/container-events.ts'
import { observeUsage } from '../observe/container-usage.ts'
import type { DockerCli } from '../observe/docker-cli.ts'
import type { ContainerEventRecord, ContainerRecord, SideSpec, UsageRecord } from '../sample/run-file.ts'
import { docker, dockerAnswers, followDocker } from '../stack/compose/docker.ts'
import type { TargetFlag } from './run-request.ts'

/** The containers that a run looks into. */
export interface Containers {
  readonly cli: DockerCli
  /** By side. */
  readonly names: ReadonlyMap<string, string>
  /** Whether the run itself stops and starts them, to have another side in force. */
  readonly isSwitched: boolean
}

/** What is written down of them. */
type Seen = ContainerRecord | UsageRecord | ContainerEventRecord

/** A call that takes longer has failed, ms: Docker may be far away, or busy. */
const patience = 15_000

/** `docker` of this machine, or of the one that DOCKER_HOST names. */
const dockerCli = (environment: Readonly<Record<string, string | undefined>>): DockerCli => ({
  call: (args) => docker(args, { environment, signal: AbortSignal.timeout(patience) }),
  follow: (args, onLine) => followDocker(args, { environment }, onLine),
})

export const containersOf = (targets: readonly TargetFlag[], isSwitched: boolean, environment: Readonly<Record<string, string | undefined>>): Containers | undefined => {
  const names = new Map(targets.flatMap(({ side, container }): [string, string][] => (container === undefined ? [] : [[side, container]])))
  return names.size === 0 ? undefined : { cli: dockerCli(environment), names, isSwitched }
}

/**
 * Sees that every container is there and runs, before anything is said, and gives the targets with the settings that it has. Of one that is switched they
 * are those of whichever side is in force, so that they are left out.
 * @throws {UsageError} with every container that is not.
 */
export async function checkContainers(targets: readonly TargetFlag[], { cli, names, isSwitched }: Containers, environment: Readonly<Record<string, string | undefined>>): Promise<TargetFlag[]> {
  await dockerAnswers({ environment }, '--container')
  const problems: Problem[] = []
  const settings = new Map<string, SideSpec['settings']>()
  for (const [side, name] of names) {
    const state = await containerState(cli, name)
    if (state?.isRunning === true) settings.set(side, state.settings)
    else if (!problems.some(({ what }) => what.includes(` ${name} `))) problems.push({ what: `--container: ${name} ${state === undefined ? 'is no container here' : 'does not run'}.`, fix: await running(cli) })
  }
  if (problems.length > 0) throw new UsageError(problems)
  return targets.map((target) => (isSwitched ? target : { ...target, settings: { ...target.settings, ...settings.get(target.side) } }))
}

async function running(cli: DockerCli): Promise<string> {
  const { stdout } = await cli.call(['ps', '--format', '{{.Names}}'])
  const names = stdout.split('\n').map((line) => line.trim()).filter((line) => line !== '')
  return names.length === 0 ? 'No container runs here: where the system runs elsewhere, set DOCKER_HOST=ssh://USER@SERVER.' : `These run here: ${names.join(', ')}. Where the system runs elsewhere, set DOCKER_HOST=ssh://USER@SERVER.`
}

/** Containers that are looked into while messages are said. */
export interface ContainerWatch {
  /** Looks at the container of a side, for it has just been brought into force. */
  look(side: string): Promise<void>
  /** Looks once more, and no longer. */
  end(): Promise<void>
}

/** Looks at every container now, listens to what happens to it, and writes down about every second what it takes. */
export async function watchContainers({ cli, names, isSwitched }: Containers, clock: Pick<RunClock, 'now'>, write: (seen: Seen) => void): Promise<ContainerWatch> {
  const now = (): number => toMicrosecond(clock.now())
  const look = async (side: string): Promise<void> => {
    const name = names.get(side)
    const state: ContainerState | undefined = name === undefined ? undefined : await containerState(cli, name)
    if (name === undefined || state === undefined) return
    write({ type: 'container', side, at: now(), name, memoryLimit: state.memoryLimit, workers: state.workers, isSwitched })
  }
  const following = [...new Set(names.values())].flatMap((container) => [
    observeEvents({ cli, container, now, onEvent: write }),
    observeUsage({ cli, container, now, onLook: write }),
  ])
  const lookAtAll = async (): Promise<void> => { for (const side of names.keys()) await look(side) }
  if (!isSwitched) await lookAtAll()
  return {
    look,
    end: async () => {
      for (const one of following) one.stop()
      // Which side a switched one has last been is known; it was looked at then.
      if (!isSwitched) await lookAtAll()
    },
  }
}
