import { formatMilliseconds } from '../duration.ts'
import type { Run, SideSpec } from '../sample/run-file.ts'
import { type Interval, proportionInterval } from '../stats/binomial.ts'
import { differenceInterval } from '../stats/difference.ts'
import { gentleShare, isGentle } from '../stats/gentle-phases.ts'
import { tooShort } from '../stats/gentle-stall.ts'
import { type StalledShare, stalledShare, type StalledShareClaim } from '../stats/stall.ts'
import type { View } from '../stats/ttft.ts'
import { windowPhase } from '../stats/windows.ts'
import type { Description, Weighed, Weighing } from './decision.ts'
import { atMostAfterNone, effective, roundShortage, sampleShortage, shareInterval } from './shares.ts'
import { counted, percent, percentDown, percentUp, plural } from './wording.ts'

/**
 * A fail needs this many rounds in which somebody stalled. The six blockers that MEASURING §4 asks of a pass are in the six rounds that every
 * share needs: a round without a blocker that could have stalled somebody has no exposed probe, and is not counted.
 */
const leastRoundsWithStalls = 3
/** From this many stalled probes in the quiet windows on, the claim is about what the blocker adds to them. */
const quietStallsThatCount = 3

/** Claims on the share of exposed probes that a blocker held up: MEASURING §2 and §4. */
export function stalledClaim(run: Run, side: SideSpec, claim: StalledShareClaim): Weighing {
  const { alpha } = run.header.rules
  const { pass, fail } = boundsOf(run, claim)
  const weigh = (view: View): Weighed => {
    const seen = stalledShare(run, side.name, claim, view)
    const { low, high } = interval(seen, alpha)
    const shortage = seen.problem ?? shortageOf(run, claim, seen, pass)
    const sound = shortage === undefined
    const mayFail = (seen.problem ?? roundShortage(seen.n, seen.rounds.length)) === undefined && seen.roundsWithStalls >= leastRoundsWithStalls
    return {
      passes: sound && high <= pass,
      fails: mayFail && low > fail,
      warns: sound && high <= fail,
      value: seen.n === 0 ? undefined : seen.share,
      shortage,
      moreRoundsHelp: seen.problem === null && !isGentle(run),
    }
  }
  return { weigh, describe: () => description(run, claim, stalledShare(run, side.name, claim, 'measured')) }
}

/** Twelve pairs show no share of 2 %: a gentle run asks for 25 %, where the claim does not allow more anyway. */
function boundsOf(run: Run, { bounds }: StalledShareClaim): StalledShareClaim['bounds'] {
  return isGentle(run) ? { pass: Math.max(bounds.pass, gentleShare), fail: Math.max(bounds.fail, gentleShare) } : bounds
}

function shortageOf(run: Run, claim: StalledShareClaim, seen: StalledShare, pass: number): string | undefined {
  const shortage = sampleShortage(seen.n, seen.rounds.length, pass, run.header.rules.alpha)
  if (shortage === undefined || !isGentle(run) || seen.dropped.short === 0) return shortage
  return `${tooShort(claim.message, seen.n, seen.n + seen.dropped.short + seen.dropped.failed, seen.limit)}; ${shortage}`
}

function isRelative(seen: StalledShare): boolean {
  return seen.quiet.events >= quietStallsThatCount
}

/** Limits of the share; of its difference to the quiet share where the quiet windows stall by themselves. */
function interval(seen: StalledShare, alpha: number): Interval {
  if (!isRelative(seen)) return shareInterval(seen, seen.rounds, alpha)
  return differenceInterval(effective(seen, seen.rounds), effective(seen.quiet, seen.quiet.rounds), alpha)
}

function description(run: Run, claim: StalledShareClaim, seen: StalledShare): Description {
  const { alpha } = run.header.rules
  const { low, high } = interval(seen, alpha)
  return {
    metric: 'stalledShare', statistic: isRelative(seen) ? 'share above quiet' : 'share', unit: 'share', bounds: boundsOf(run, claim), n: seen.n, censored: 0,
    value: seen.n === 0 ? undefined : seen.share, low, high,
    evidence: seen.n === 0 ? `no ${claim.message} was exposed to a blocker` : `${probesInWords(claim, seen, low, high)}; ${episodesInWords(run, claim, seen, alpha)}`,
    formula: `share of the exposed probes later than the quiet median${isGentle(run) ? '' : ' of their round and connection kind'} by more than ${Number.isFinite(seen.limit) ? formatMilliseconds(seen.limit) : 'a limit that could not be set'}`,
  }
}

function probesInWords(claim: StalledShareClaim, seen: StalledShare, low: number, high: number): string {
  const counts = `${seen.events} of ${counted(seen.n, claim.message)} stalled`
  if (isRelative(seen)) return `${counts} (${percent(seen.share)}), ${seen.quiet.events} of ${seen.quiet.n} in the quiet windows: ${percent(low)} to ${percent(high)} more`
  if (seen.events === 0) return `${counts} (≤ ${percentUp(high)})`
  return `${counts} (${percent(seen.share)}; ${percentDown(low)} to ${percentUp(high)})`
}

function episodesInWords(run: Run, claim: StalledShareClaim, seen: StalledShare, alpha: number): string {
  const blockers = [...new Set(claim.during.map((phase) => windowPhase(run, phase)?.while?.say ?? 'blocker'))].map(plural).join(' and ')
  const { short, failed, 'no search': unsearched, 'no quiet time': unanswered } = seen.dropped
  const dropped = [
    ...(short > 0 ? [`, ${short} more were too short to tell`] : []), ...(failed > 0 ? [`, ${failed} more failed`] : []),
    ...(unsearched > 0 ? [`, ${unsearched} more brought no sources`] : []),
    ...(unanswered > 0 ? [`, ${unanswered} more have no quiet answers to compare with`] : []),
  ].join('')
  if (seen.episodes === 0) return `no ${blockers} to judge by${dropped}`
  const most = seen.stallingEpisodes === 0
    ? atMostAfterNone(seen.episodes, alpha)
    : proportionInterval({ events: seen.stallingEpisodes, n: seen.episodes, alpha }).high
  const share = seen.stallingEpisodes === seen.episodes ? '' : ` (≤ ${percentUp(most)})`
  return `${seen.stallingEpisodes} of ${seen.episodes} ${blockers} stalled anybody${share}${dropped}`
}
