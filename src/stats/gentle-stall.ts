import type { MessageRecord } from '../sample/message.ts'
import type { Rules, Run } from '../sample/run-file.ts'
import { formatMilliseconds } from '../duration.ts'
import { blockade, blockingOf } from './blockade.ts'
import { median } from './quantile.ts'
import type { ExposedProbe, StalledShare, StalledShareClaim } from './stall.ts'
import { judgedTime, referenceTime, ttft, type View } from './ttft.ts'
import { type SideRound, sideRounds, windowOf } from './windows.ts'

/** How many times the way from the quiet median to the slowest quiet message one may come late. */
const spreadFactor = 3
/** Fewer pairs than this in which the blocker went on for long enough are no evidence. */
const leastPairs = 6
/** Where more blockers fail than this share, those that did not are a choice that the system made. */
const mostFailedBlockers = 0.25

/**
 * How much later than the quiet median a message of a gentle run may come before it counts as having waited, ms: max(the floor of the rules,
 * 3 × (slowest quiet − quiet median)). Over the model's own time it is the spread that counts: three times the slowest quiet answer of a model that
 * takes 8 s would be 24 s, and blind. Infinity where a quiet message got no first word, or none was said.
 */
export function gentleLimit({ stallFloor, stallLimitFixed }: Pick<Rules, 'stallFloor' | 'stallLimitFixed'>, quiet: readonly number[]): number {
  if (stallLimitFixed) return stallFloor
  const slowest = quiet.length === 0 ? Infinity : Math.max(...quiet)
  return Number.isFinite(slowest) ? Math.max(stallFloor, spreadFactor * (slowest - (median(quiet) ?? 0))) : Infinity
}

/** The quiet messages of a side, over all rounds: six are too few to be compared round by round. */
interface Baseline {
  readonly probes: readonly MessageRecord[]
  /** Quiet median and limit in the view that is judged, ms. */
  readonly usual: number
  readonly limit: number
}

function baselineOf(run: Run, rounds: readonly SideRound[], claim: StalledShareClaim, view: View): Baseline {
  const probes = rounds.flatMap((round) => windowOf(round, claim.quiet).probes.filter(({ label }) => label === claim.message))
  const times = probes.map((probe) => referenceTime(probe, view))
  return { probes, usual: median(times) ?? Infinity, limit: gentleLimit(run.header.rules, times) }
}

export function gentleStallLimit(run: Run, side: string, claim: StalledShareClaim, view: View): number {
  return baselineOf(run, sideRounds(run, side), claim, view).limit
}

type Pair = { readonly kind: 'exposed'; readonly seen: ExposedProbe } | { readonly kind: 'short' | 'failed' | 'unsearched' }

/** As the stalled share of windows, over pairs of a blocker and one message, with one baseline for all of them. */
export function gentleStalledShare(run: Run, side: string, claim: StalledShareClaim, view: View): StalledShare {
  const rounds = sideRounds(run, side)
  const baseline = baselineOf(run, rounds, claim, view)
  const pairs = rounds.flatMap((round) => pairsOf(run, round, claim, baseline, view))
  const exposed = pairs.flatMap((pair) => (pair.kind === 'exposed' ? [pair.seen.stalled] : []))
  const count = (kind: Pair['kind']): number => pairs.filter((pair) => pair.kind === kind).length
  const events = exposed.filter(Boolean).length
  const quietStalls = baseline.probes.filter((probe) => referenceTime(probe, view) - baseline.usual > baseline.limit).length
  return {
    events, n: exposed.length, share: events / exposed.length,
    rounds: exposed.map((stalled) => ({ events: stalled ? 1 : 0, n: 1 })),
    episodes: exposed.length, stallingEpisodes: events, roundsWithStalls: events,
    dropped: { short: count('short'), failed: count('failed'), 'no search': count('unsearched'), 'no quiet time': 0 },
    limit: baseline.limit,
    quiet: { events: quietStalls, n: baseline.probes.length, share: quietStalls / baseline.probes.length, rounds: [{ events: quietStalls, n: baseline.probes.length }] },
    problem: problem(claim, baseline, pairs, count),
  }
}

export function gentleExposedProbes(run: Run, side: string, claim: StalledShareClaim, view: View): ExposedProbe[] {
  const rounds = sideRounds(run, side)
  const baseline = baselineOf(run, rounds, claim, view)
  return rounds.flatMap((round) => pairsOf(run, round, claim, baseline, view)).flatMap((pair) => (pair.kind === 'exposed' ? [pair.seen] : []))
}

/** The pairs of a round, one for each loaded phase that was walked in it. */
function pairsOf(run: Run, round: SideRound, claim: StalledShareClaim, baseline: Baseline, view: View): Pair[] {
  return claim.during.filter((phase) => round.windows.has(phase)).map((phase) => pairOf(run, round, phase, claim, baseline, view))
}

/** Exposed is a message after which the blocker still went on for the quiet median and the limit: a stalled one would have shown. */
function pairOf(run: Run, round: SideRound, phase: string, claim: StalledShareClaim, { probes, usual, limit }: Baseline, view: View): Pair {
  const window = windowOf(round, phase)
  const held = blockade(window, blockingOf(run.header.scenario, phase), median(probes.map(ttft)), ttft)
  if (held.kind !== 'held') return { kind: held.kind }
  const probe = window.probes.find(({ label }) => label === claim.message)
  if (probe === undefined || !(probe.dueAt + usual <= held.to - limit)) return { kind: 'short' }
  return { kind: 'exposed', seen: { probe, stalled: judgedTime(probe, view) - usual > limit } }
}

function problem(claim: StalledShareClaim, { probes, limit }: Baseline, pairs: readonly Pair[], count: (kind: Pair['kind']) => number): string | null {
  if (probes.length === 0) return `no ${claim.message} was said in the quiet phase "${claim.quiet}", so nothing says how long it takes alone`
  if (limit === Infinity) return `${probes.filter((probe) => !Number.isFinite(ttft(probe))).length} of ${probes.length} quiet ${claim.message}s got no first word: of so few each one is needed to say what a stall is`
  const failed = count('failed')
  if (failed > mostFailedBlockers * pairs.length) return `${failed} of ${pairs.length} blockers failed or were never said: during the others nobody stalled may say little`
  if (count('unsearched') > mostFailedBlockers * pairs.length) return `${count('unsearched')} of ${pairs.length} searches brought no sources: nothing shows that they took place`
  return count('exposed') < leastPairs && count('short') > 0 ? tooShort(claim.message, count('exposed'), pairs.length, limit) : null
}

/** What is to be said where too many blockers ended too soon after the message, or before it could be said. */
export const tooShort = (message: string, exposed: number, pairs: number, limit: number): string =>
  `what ${message} was to wait for was over too soon: after only ${exposed} of ${pairs} ${message}s it still went on for longer than the limit of ${formatMilliseconds(limit)}; it takes longer answers, or our mock behind the system (--mock)`
