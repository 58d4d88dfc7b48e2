import type { ContainerEventRecord, ContainerRecord, Run, SideSpec, UsageRecord } from '../sample/run-file.ts'
import { type Finding, note, ok } from './finding.ts'
import { counted, percent } from './wording.ts'

/** Of its limit; the operators' own bound. */
const mostMemory = 0.8

/**
 * What the container of a side took and what happened to it while the side was measured: memory against its limit, workers asked for and started, ends,
 * and whatever was killed for want of memory. It judges nothing, for what came of it people have felt in their answers; it tells where to look. Undefined
 * where nobody looked into a container.
 */
export function container(run: Run, { name: side }: SideSpec): Finding | undefined {
  const states = run.containers.filter((state) => state.side === side)
  const last = states.at(-1)
  if (last === undefined) return undefined
  const isOwn = ownTimes(run, last)
  const looks = run.usage.filter((look) => look.container === last.name && isOwn(look.at))
  const events = run.containerEvents.filter((event) => event.container === last.name && isOwn(event.at))
  const problems = [...workerProblems(last), ...memoryProblems(last, looks), ...eventProblems(last, events)]
  const seen = `${side}: container ${last.name}: ${[workersInWords(last), ...usageInWords(last, looks)].join(', ')}`
  return problems.length === 0 ? ok('container', side, seen) : note('container', side, `${seen}; ${problems.join('; ')}`)
}

/** A container that is switched is this side in its own rounds alone. */
function ownTimes(run: Run, { side, isSwitched }: ContainerRecord): (at: number) => boolean {
  const rounds = run.rounds.filter((round) => round.side === side)
  return (at) => !isSwitched || rounds.some(({ from, to }) => at >= from && at <= to)
}

function workersInWords({ workers: { configured, started } }: ContainerRecord): string {
  const asked = counted(configured, 'worker')
  return started === null ? `${asked} asked for (its log cannot be read)` : `${counted(started, 'start')} of ${asked}`
}

function workerProblems({ name, workers: { configured, started } }: ContainerRecord): string[] {
  if (started === null || started === configured) return []
  if (started === 0) return ['its log tells of no start of a worker: it may have been cut since']
  if (started < configured) return [`not all workers started: docker logs ${name} says why`]
  return [`${counted(started - configured, 'worker')} ended and ${started - configured === 1 ? 'was' : 'were'} started again: whoever was answered by one was cut off`]
}

function usageInWords({ memoryLimit }: ContainerRecord, looks: readonly UsageRecord[]): string[] {
  if (looks.length === 0) return ['what it takes was not told']
  const memory = highest(looks, 'memory')
  const limit = memoryLimit === null ? 'without a limit' : `of ${gigabytes(memoryLimit)} (${percent(memory / memoryLimit)})`
  return [`at most ${gigabytes(memory)} ${limit}`, `at most ${highest(looks, 'cpu').toFixed(1)} cores`]
}

function memoryProblems({ memoryLimit }: ContainerRecord, looks: readonly UsageRecord[]): string[] {
  if (memoryLimit === null || looks.length === 0 || highest(looks, 'memory') <= mostMemory * memoryLimit) return []
  return [`more than ${percent(mostMemory)} of its memory was taken: raise the limit, or start fewer workers`]
}

function eventProblems({ isSwitched }: ContainerRecord, events: readonly ContainerEventRecord[]): string[] {
  const starved = events.filter(({ what }) => what === 'out-of-memory').length
  const ended = isSwitched ? [] : events.filter(({ what }) => what === 'ended')
  const codes = [...new Set(ended.map(({ exitCode }) => exitCode ?? 'unknown'))].join(', ')
  return [
    ...(starved === 0 ? [] : [`it ran out of memory ${counted(starved, 'time')}, and something in it was killed: raise the limit, or start fewer workers`]),
    ...(ended.length === 0 ? [] : [`it ended ${counted(ended.length, 'time')} meanwhile (exit code ${codes})`]),
  ]
}

const highest = (looks: readonly UsageRecord[], of: 'memory' | 'cpu'): number => Math.max(...looks.map((look) => look[of]))

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`
