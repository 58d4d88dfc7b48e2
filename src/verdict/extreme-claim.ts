import { formatMilliseconds } from '../duration.ts'
import type { Run, SideSpec } from '../sample/run-file.ts'
import type { ExtremeClaim } from '../scenario/spec.ts'
import { type TimeToCancel, timeToCancel } from '../stats/time-to-cancel.ts'
import { type Timed, type TimeToError, timeToError } from '../stats/time-to-error.ts'
import type { View } from '../stats/ttft.ts'
import { sideRounds } from '../stats/windows.ts'
import type { Description, Weighed, Weighing } from './decision.ts'
import { roundShortage, roundsNeeded } from './shares.ts'
import { areToo, counted } from './wording.ts'

/** MEASURING §4: of each kind of failure so many batches, one in a quick run. */
const leastEpisodes = 3

type Seen = Pick<TimeToError, 'timed' | 'episodes'>

/**
 * Claims about a mechanism, not a rate: the slowest of a few messages of each kind. One that takes longer than the bound that fails, or for ever, fails
 * the claim at any look.
 */
export function extremeClaim(run: Run, side: SideSpec, claim: ExtremeClaim): Weighing {
  const { pass, fail } = claim.bounds
  const rounds = sideRounds(run, side.name).length
  const seenIn = (view: View): TimeToError | TimeToCancel => (claim.measure === 'timeToError' ? timeToError(run, side.name, claim.messages, view) : timeToCancel(run, side.name, claim.messages, view))
  const weigh = (view: View): Weighed => {
    const seen = seenIn(view)
    const slowest = slowestOf(seen.timed)?.time
    const shortage = unwatched(claim, seen) ?? unseenEnds(seen) ?? roundShortage(seen.timed.length, rounds, roundsNeeded(run)) ?? unexposed(run, claim, seen)
    const sound = shortage === undefined && slowest !== undefined
    return {
      passes: sound && slowest <= pass,
      fails: seen.timed.some(({ shown }) => shown > fail),
      warns: sound && slowest <= fail,
      value: slowest,
      shortage,
      moreRoundsHelp: true,
    }
  }
  return { weigh, describe: () => (claim.measure === 'timeToError' ? errorDescription(claim, timeToError(run, side.name, claim.messages, 'measured')) : cancelDescription(claim, timeToCancel(run, side.name, claim.messages, 'measured'))) }
}

/** What did not come while it was watched for less than the bound that fails, might still have come in time. */
function unwatched({ bounds }: ExtremeClaim, { timed }: Seen): string | undefined {
  const open = timed.filter(({ time, shown }) => time === Infinity && shown <= bounds.fail)
  return open.length === 0 ? undefined : `${open.length} of them were watched for only ${formatMilliseconds(Math.max(...open.map(({ watched }) => watched)))}, ${formatMilliseconds(bounds.fail)} are needed to tell`
}

/** Messages that say nothing of the mechanism, and nothing good of the system: the others cannot speak for them. */
function unseenEnds(seen: TimeToError | TimeToCancel): string | undefined {
  if ('stranded' in seen) return seen.stranded === 0 ? undefined : `${counted(seen.stranded, 'message')} more hung before the model could fail for them: where the system is not to blame, its deadline is longer than what they were watched for`
  return seen.broken === 0 ? undefined : `${counted(seen.broken, 'answer')} more failed before the person could leave`
}

/** A kind that was not seen to fail, or too seldom, cannot be spoken for by the others. */
function unexposed(run: Run, claim: ExtremeClaim, { episodes }: Seen): string | undefined {
  const least = run.header.rules.size === 'quick' ? 1 : Math.min(leastEpisodes, roundsNeeded(run))
  const never = claim.messages.filter((label) => !episodes.has(label))
  if (never.length > 0) return `no ${never.join(', ')} ${claim.measure === 'timeToError' ? 'came to its failure' : 'was left in the middle of its answer'}`
  const few = claim.messages.find((label) => (episodes.get(label) ?? 0) < least)
  return few === undefined ? undefined : `${counted(episodes.get(few) ?? 0, 'batch')} of ${few} ${areToo(episodes.get(few) ?? 0)} few, it takes ${least}`
}

/** +∞ ranks above all; among those, what was watched longest. */
function slowestOf(timed: readonly Timed[]): Timed | undefined {
  return timed.reduce<Timed | undefined>((slowest, each) => (slowest === undefined || each.time > slowest.time || (each.time === slowest.time && each.watched > slowest.watched) ? each : slowest), undefined)
}

function figures(claim: ExtremeClaim, { timed }: Seen): Omit<Description, 'evidence' | 'formula'> {
  const slowest = slowestOf(timed)
  const value = slowest?.time
  return {
    metric: claim.measure, statistic: 'slowest', unit: 'ms', bounds: claim.bounds, n: timed.length, censored: timed.filter(({ time }) => time === Infinity).length,
    value, low: slowest?.shown, high: value,
  }
}

/** `4 silentMidAnswer, 2 hang`. */
function byLabel(timed: readonly Timed[]): string {
  const labels = [...new Set(timed.map(({ label }) => label))]
  return labels.map((label) => `${timed.filter((each) => each.label === label).length} ${label}`).join(', ')
}

const kinds = ({ timed }: Seen): string => counted(new Set(timed.map(({ label }) => label)).size, 'kind')

function errorDescription(claim: ExtremeClaim, seen: TimeToError): Description {
  const { timed, unexposed: missed, repaired } = seen
  const slowest = slowestOf(timed)
  const silent = timed.filter(({ time }) => time === Infinity)
  const besides = `${repaired === 0 ? '' : `; ${repaired} more were got over, without an error`}${missed === 0 ? '' : `; ${counted(missed, 'message')} more never came to their failure`}`
  const of = `of ${counted(timed.length, 'failure')} in ${kinds(seen)}`
  const evidence = slowest === undefined ? `there was no failure to wait for${besides}`
    : silent.length === 0 ? `${of}, the slowest error came after ${formatMilliseconds(slowest.time)} (${slowest.label})${besides}`
      : `${of}, ${silent.length} brought no error (${byLabel(silent)}): nothing came for ${formatMilliseconds(slowest.watched)}${besides}`
  return { ...figures(claim, seen), evidence, formula: 'end that the person saw − failure of the model, by its journal, or of the page’s network; the slowest of all; +∞ where neither error nor end came' }
}

function cancelDescription(claim: ExtremeClaim, seen: TimeToCancel): Description {
  const { timed, nothingToCancel, wasted } = seen
  const slowest = slowestOf(timed)
  const untold = timed.filter(({ time }) => time === Infinity)
  const besides = nothingToCancel === 0 ? '' : `; ${counted(nothingToCancel, 'answer')} more had nothing left to cancel`
  const words = wasted === 0 ? '' : `; up to ${counted(wasted, 'word')} of an answer ${wasted === 1 ? 'was' : 'were'} told to nobody`
  const of = `of ${counted(timed.length, 'answer')} that were left in the middle`
  const evidence = slowest === undefined ? `no answer was left in the middle${besides}`
    : untold.length === 0 ? `${of}, the model knew after ${formatMilliseconds(slowest.time)} at the latest (${slowest.label})${words}${besides}`
      : `${of}, the model was never told of ${untold.length} while we watched (${byLabel(untold)})${slowest.watched > 0 ? `: it went on for ${formatMilliseconds(slowest.watched)}` : ''}${words}${besides}`
  return { ...figures(claim, seen), evidence, formula: 'model saw the client gone, by its journal − person left; the slowest of all; +∞ where it never did' }
}
