import type { Run, SideSpec } from '../sample/run-file.ts'
import { type Batch, type EffectiveConcurrency, effectiveConcurrency, type EffectiveConcurrencyClaim } from '../stats/effective-concurrency.ts'
import type { Weighed, Weighing } from './decision.ts'
import { roundShortage, roundsNeeded } from './shares.ts'
import { counted, ratio } from './wording.ts'

/**
 * How many equal answers run at one instant: a claim about a mechanism. The count never overstates, so that one batch is enough to show that so many
 * run; that no more do takes every round. The count rests on overlaps of seconds, which milliseconds of the tester do not change: every view is the same.
 */
export function concurrencyClaim(run: Run, side: SideSpec, claim: EffectiveConcurrencyClaim): Weighing {
  const { pass, fail } = claim.bounds
  const seen = effectiveConcurrency(run, side.name, claim)
  const { most } = seen
  const rounds = byRound(seen.batches)
  const shortage = roundShortage(seen.n, rounds.length, leastRounds(run, claim))
  const sound = shortage === undefined && most !== undefined
  const failing = rounds.every((batches) => showsLimit(batches, fail))
  const weighed: Weighed = {
    passes: sound && most >= pass,
    fails: sound && most < fail && failing,
    warns: sound && most >= fail,
    value: most,
    shortage: shortage ?? (most !== undefined && most < fail && !failing ? doubt(seen, fail) : undefined),
    moreRoundsHelp: shortage !== undefined,
  }
  const reachedAll = most !== undefined && most >= seen.planned
  return {
    weigh: () => weighed,
    describe: () => ({
      metric: 'effectiveConcurrency', statistic: 'most at once', unit: 'count', bounds: claim.bounds, n: seen.n, censored: 0,
      value: most, low: most, high: reachedAll ? Infinity : most,
      evidence: most === undefined ? `no ${claim.message} was said at once` : `${countInWords(seen, most, reachedAll, rounds)}${slowDownInWords(seen)}${failuresInWords(seen.batches)}`,
      formula: 'largest number of equal answers told at one instant, each from its first token to its end without the outer tenths; over all batches',
    }),
  }
}

/** Batches are said in the first `repeat` rounds alone, in one if the run is quick. */
function leastRounds(run: Run, { during }: EffectiveConcurrencyClaim): number {
  const phase = run.header.scenario.phases[during]
  const said = phase === undefined || !('repeat' in phase) ? Infinity : run.header.rules.size === 'quick' ? 1 : phase.repeat
  return Math.min(roundsNeeded(run), said)
}

function byRound(batches: readonly Batch[]): Batch[][] {
  return [...new Set(batches.map(({ round }) => round))].map((round) => batches.filter((batch) => batch.round === round))
}

/** A round shows that fewer than `fail` run where it asked for as many; or where fewer ran than were asked for, after which larger batches are not said. */
function showsLimit(batches: readonly Batch[], fail: number): boolean {
  return batches.some(({ copies, most, unclear }) => unclear === null && (copies >= fail || most < copies))
}

function doubt({ batches, planned }: EffectiveConcurrency, fail: number): string {
  const unclear = batches.find((batch) => batch.unclear !== null)?.unclear
  return unclear ?? `no batch asked for ${fail} at once, the largest was of ${Math.max(...batches.map(({ copies }) => copies))} (planned: ${planned})`
}

function countInWords({ planned }: EffectiveConcurrency, most: number, reachedAll: boolean, rounds: readonly Batch[][]): string {
  if (reachedAll) return `≥ ${most} answers were told at once, as many as were asked for`
  const perRound = rounds.map((batches) => Math.max(...batches.map((batch) => batch.most)))
  const asked = Math.max(...rounds.flatMap((batches) => batches.map(({ copies }) => copies)))
  const alike = perRound.every((count) => count === most)
  const where = rounds.length === 1 ? 'in 1 round' : alike ? `in each of ${rounds.length} rounds` : `at most: ${perRound.join(', ')} in ${rounds.length} rounds`
  return `${most} of ${asked} answers were told at once, ${where}${asked < planned ? ', so more were not asked for' : ''}`
}

function slowDownInWords({ slowDown }: EffectiveConcurrency): string {
  return slowDown === undefined ? '' : `; with ${slowDown.copies} at once a word takes ${ratio(slowDown.factor)} times as long as alone`
}

function failuresInWords(batches: readonly Batch[]): string {
  const failing = batches.filter(({ failures }) => failures.length > 0)
  if (failing.length === 0) return ''
  const failures = failing.flatMap((batch) => batch.failures)
  const codes = [...new Set(failures)].map((code) => `${failures.filter((each) => each === code).length} ${code}`).join(', ')
  return `; ${counted(failures.length, 'answer')} failed (${codes}), in batches of ${[...new Set(failing.map(({ copies }) => copies))].join(', ')}`
}
