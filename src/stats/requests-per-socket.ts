import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { unknownProblem } from './series.ts'
import { sideRounds } from './windows.ts'

export interface RequestsPerSocket {
  /** Messages whose request to the model the journal has. */
  readonly requests: number
  /** Connections to the model that carried them, and how many of those were opened for one of them. */
  readonly sockets: number
  readonly opened: number
  /** requests / opened: Infinity where none was opened, undefined without requests. */
  readonly value: number | undefined
  /** Kept rounds that have requests. */
  readonly rounds: number
  /** Why it cannot be judged, a sentence without its full stop; undefined where it can. */
  readonly problem: string | undefined
}

/**
 * How many requests go over each connection that the system opens to the model, over all kept rounds and everything that was said through the system. It
 * is about a mechanism, a pool or none, and no rate: it has no interval, and no clock plays a part.
 */
export function requestsPerSocket(run: Run, side: string): RequestsPerSocket {
  const perRound = sideRounds(run, side).map((round) => [...round.windows.values()].filter(({ phase }) => goesThrough(run, phase)).flatMap(({ probes, blockers, users }) => [...probes, ...blockers, ...users]))
  const said = perRound.flat()
  const seen = said.flatMap(({ upstream }) => upstream ?? [])
  const opened = seen.filter(({ requestsBefore }) => requestsBefore === 0).length
  const unknown = said.filter(isUnknown).length
  return {
    requests: seen.length,
    sockets: new Set(seen.map(({ socket }) => socket)).size,
    opened,
    value: seen.length === 0 ? undefined : seen.length / opened,
    rounds: perRound.filter((messages) => messages.some(({ upstream }) => upstream !== null)).length,
    problem: unknownProblem(unknown, seen.length + unknown),
  }
}

/** Not past the system, to the model directly. */
function goesThrough(run: Run, name: string): boolean {
  const phase = run.header.scenario.phases[name]
  return phase === undefined || 'say' in phase || phase.via === undefined
}

/** One that failed may never have reached the model. */
const isUnknown = ({ outcome, upstream }: MessageRecord): boolean => upstream === null && outcome.kind === 'answered'
