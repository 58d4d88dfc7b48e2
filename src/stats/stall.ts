import type { ConnectionKind, MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { formatMilliseconds } from '../duration.ts'
import type { Count } from './binomial.ts'
import { blockade, blockingOf, quietTime } from './blockade.ts'
import { isGentle } from './gentle-phases.ts'
import { gentleExposedProbes, gentleStalledShare, gentleStallLimit } from './gentle-stall.ts'
import { median, rankQuantile } from './quantile.ts'
import { judgedTime, referenceTime, type TimeOf, ttft, type View } from './ttft.ts'
import { type SideRound, sideRounds, type Window, windowOf } from './windows.ts'

export type StalledShareClaim = Extract<ClaimSpec, { measure: 'stalledShare' }>

export interface CountedShare extends Count {
  /** events / n; NaN where n is 0. */
  readonly share: number
  /** One per kept round with a probe that is counted. */
  readonly rounds: readonly Count[]
}

export interface StalledShare extends CountedShare {
  /** An episode is one loaded phase of one round; these have exposed probes. */
  readonly episodes: number
  /** Of the episodes, those in which at least one exposed probe stalled. */
  readonly stallingEpisodes: number
  /** Episodes with nobody exposed, by reason: the blocker lasted less than two stall limits, it failed, it was a search that brought no sources, its round has no quiet time to compare with. */
  readonly dropped: Readonly<Record<DropReason, number>>
  readonly roundsWithStalls: number
  /** ms. Infinity where the quiet windows allow none: then nobody is exposed and `problem` says why. */
  readonly limit: number
  /** The quiet windows' own share by the same limit. */
  readonly quiet: CountedShare
  /** Why the share cannot be judged, as a sentence without its full stop; null where it can. */
  readonly problem: string | null
}

/** MEASURING §2: fewer episodes than this, with others dropped because their blocker was too short, are no evidence. */
const leastEpisodes = 6
/** Where more blockers fail than this share, those that did not are a choice that the system made. */
const mostFailedBlockers = 0.25

/**
 * How much later than the quiet median a probe may come before it counts as stalled, ms: max(the rules' floor, 3 × (p95 − p50) of the side's
 * quiet probes), so that a slow, wide model is not taken for a blocked one; exactly the floor where `--stall-limit` fixed it.
 *
 * Infinity where the quiet probes of a connection kind have no finite p95 (none was said, or more than 5 % got no first token). With such a limit
 * everything would pass; `stalledShare` exposes nobody to it and says so.
 */
export function stallLimit(run: Run, side: string, claim: StalledShareClaim, view: View): number {
  return isGentle(run) ? gentleStallLimit(run, side, claim, view) : limitOf(run, comparedRounds(run, side, claim, view), view)
}

function limitOf(run: Run, rounds: readonly ComparedRound[], view: View): number {
  const { stallFloor, stallLimitFixed } = run.header.rules
  if (stallLimitFixed) return stallFloor
  const probes = rounds.flatMap(({ quiet }) => quiet.probes)
  return Math.max(stallFloor, spreadFactor * quietSpread(probes, (probe) => referenceTime(probe, view)))
}

/** How many times p95 − p50 of the quiet probes a probe may come late. */
export const spreadFactor = 3

/**
 * p95 − p50 of quiet probes, ms, of the connection kind where it is larger: what fresh connections pay for a handshake is no spread, and would hide as
 * much waiting of the warm ones. Infinity where a kind has no finite p95, or nothing was said.
 */
export function quietSpread(probes: readonly MessageRecord[], timeOf: TimeOf): number {
  const kinds = [...new Set(probes.map(({ connection }) => connection.kind))]
  const spreads = kinds.map((kind) => {
    const times = probes.filter(({ connection }) => connection.kind === kind).map(timeOf)
    const p95 = rankQuantile(times, 0.95) ?? Infinity
    return Number.isFinite(p95) ? p95 - (median(times) ?? 0) : Infinity
  })
  return spreads.length === 0 ? Infinity : Math.max(...spreads)
}

const quietWindow = (round: SideRound, claim: Pick<StalledShareClaim, 'quiet' | 'message'>): Window => {
  const window = windowOf(round, claim.quiet)
  return { ...window, probes: window.probes.filter((probe) => probe.label === claim.message) }
}

/** A round with what its loaded probes are compared with. */
interface ComparedRound {
  readonly round: SideRound
  readonly quiet: Window
  /** Of each connection kind the median of the quiet window. A kind that was not said, or mostly got no answer, has Infinity, and exposes nobody. */
  readonly medians: Readonly<Record<ConnectionKind, number>>
}

function comparedRounds(run: Run, side: string, claim: StalledShareClaim, view: View): ComparedRound[] {
  return sideRounds(run, side).map((round) => {
    const quiet = quietWindow(round, claim)
    return { round, quiet, medians: { warm: quietMedian(quiet.probes, 'warm', view) ?? Infinity, fresh: quietMedian(quiet.probes, 'fresh', view) ?? Infinity } }
  })
}

function quietMedian(probes: readonly MessageRecord[], kind: ConnectionKind, view: View): number | undefined {
  return median(probes.filter(({ connection }) => connection.kind === kind).map((probe) => referenceTime(probe, view)))
}

/** A probe that was exposed to a blocker, and whether it stalled. */
export interface ExposedProbe {
  readonly probe: MessageRecord
  readonly stalled: boolean
}

type DropReason = 'short' | 'failed' | 'no search' | 'no quiet time'

interface Episode {
  readonly exposed: readonly ExposedProbe[]
  readonly dropped: DropReason | null
}

/**
 * The headline of head-of-line blocking: the share of the exposed probes that came later than the median of the quiet window of the same round
 * and connection kind by more than the stall limit (MEASURING §2, §3).
 */
export function stalledShare(run: Run, side: string, claim: StalledShareClaim, view: View): StalledShare {
  if (isGentle(run)) return gentleStalledShare(run, side, claim, view)
  const rounds = comparedRounds(run, side, claim, view)
  const limit = limitOf(run, rounds, view)
  const perRound = rounds.map((round) => claim.during.map((phase) => episode(run, round, phase, claim, limit, view)))
  const episodes = perRound.flat()
  const judged = episodes.filter(({ exposed }) => exposed.length > 0)
  const share = countedShare(perRound.map((several) => count(several.flatMap(({ exposed }) => exposed.map(({ stalled }) => stalled)))))
  const quiet = countedShare(rounds.map((round) => count(quietStalls(round, limit, view))))
  return {
    ...share,
    episodes: judged.length,
    stallingEpisodes: judged.filter(({ exposed }) => exposed.some(({ stalled }) => stalled)).length,
    dropped: { short: dropped(episodes, 'short'), failed: dropped(episodes, 'failed'), 'no search': dropped(episodes, 'no search'), 'no quiet time': dropped(episodes, 'no quiet time') },
    roundsWithStalls: share.rounds.filter(({ events }) => events > 0).length,
    limit,
    quiet,
    problem: problem(claim, limit, quiet, judged.length, episodes) ?? silentKind(rounds, claim, view),
  }
}

/** The exposed probes of all kept rounds, for whoever wants to know where the stalled ones waited. */
export function exposedProbes(run: Run, side: string, claim: StalledShareClaim, view: View): ExposedProbe[] {
  if (isGentle(run)) return gentleExposedProbes(run, side, claim, view)
  const rounds = comparedRounds(run, side, claim, view)
  const limit = limitOf(run, rounds, view)
  return rounds.flatMap((round) => claim.during.flatMap((phase) => episode(run, round, phase, claim, limit, view).exposed))
}

/**
 * Exposed are the probes due in the window for which the blocker was still going to last for longer than a stalled one may come late:
 * due + quiet p50 of their kind ≤ its end − limit. Others would count as "not stalled" however blocked the stack is.
 */
function episode(run: Run, { round, quiet, medians }: ComparedRound, phase: string, claim: StalledShareClaim, limit: number, view: View): Episode {
  const window = windowOf(round, phase)
  const held = blockade(window, blockingOf(run.header.scenario, phase), quietTime(quiet, ttft), ttft)
  if (held.kind !== 'held') return { exposed: [], dropped: held.kind === 'failed' ? 'failed' : 'no search' }
  if (held.to - held.from < 2 * limit) return { exposed: [], dropped: 'short' }
  const windowAt = window.record?.windowAt ?? -Infinity
  const exposed = window.probes.flatMap((probe): ExposedProbe[] => {
    const usual = medians[probe.connection.kind]
    const isExposed = probe.label === claim.message && probe.dueAt >= windowAt && probe.dueAt + usual <= held.to - limit
    return isExposed ? [{ probe, stalled: judgedTime(probe, view) - usual > limit }] : []
  })
  return { exposed, dropped: exposed.length === 0 ? 'no quiet time' : null }
}

/** A quiet probe without a first token stalled, whatever its median is. */
function quietStalls({ quiet, medians }: ComparedRound, limit: number, view: View): boolean[] {
  return quiet.probes.map((probe) => {
    const time = referenceTime(probe, view)
    return time === Infinity || time - medians[probe.connection.kind] > limit
  })
}

function count(stalled: readonly boolean[]): Count {
  return { events: stalled.filter(Boolean).length, n: stalled.length }
}

function countedShare(rounds: readonly Count[]): CountedShare {
  const events = rounds.reduce((total, round) => total + round.events, 0)
  const n = rounds.reduce((total, round) => total + round.n, 0)
  return { events, n, share: events / n, rounds: rounds.filter((round) => round.n > 0) }
}

const dropped = (episodes: readonly Episode[], why: DropReason): number => episodes.filter((one) => one.dropped === why).length

/** A connection kind that mostly gets no answer even in quiet exposes nobody: without this a fixed limit would pass by the other kind alone. */
function silentKind(rounds: readonly ComparedRound[], claim: StalledShareClaim, view: View): string | null {
  const probes = rounds.flatMap(({ quiet }) => quiet.probes)
  const silent = (['warm', 'fresh'] as const).find((kind) => quietMedian(probes, kind, view) === Infinity)
  return silent === undefined ? null : `most ${claim.message}s on ${silent} connections got no first word even in quiet: nothing says how long they take alone`
}

function problem(claim: StalledShareClaim, limit: number, quiet: CountedShare, judged: number, episodes: readonly Episode[]): string | null {
  if (quiet.n === 0) return `no ${claim.message} was said in the quiet phase "${claim.quiet}", so nothing says how long it takes alone`
  if (limit === Infinity) return `${quiet.events} of ${quiet.n} quiet ${claim.message}s got no first word: with more than 5 % of them no stall limit can be set`
  const [failed, unsearched] = [dropped(episodes, 'failed'), dropped(episodes, 'no search')]
  const idle = [...(failed > 0 ? [`${failed} of ${episodes.length} blockers failed or were never said`] : []), ...(unsearched > 0 ? [`${unsearched} of ${episodes.length} searches brought no sources: nothing shows that they took place`] : [])].join(', ')
  if (failed + unsearched > mostFailedBlockers * episodes.length) return `${idle}: during the others nobody stalled may say little`
  if (judged >= leastEpisodes || episodes.length === judged) return null
  const short = dropped(episodes, 'short')
  if (short > 0) return `blocker too short for so slow a model: ${short} of ${episodes.length} lasted less than twice the stall limit of ${formatMilliseconds(limit)}`
  if (idle !== '') return idle
  return judged === 0 ? `nobody was exposed to a blocker: the quiet windows of the same rounds have no answered ${claim.message}, or the windows came too late` : null
}
