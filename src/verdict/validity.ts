import type { PhaseRecord, Run, SideSpec } from '../sample/run-file.ts'
import { isModelItself, negativeTimes } from '../stats/attribution.ts'
import { gentlePhases, gentleShare, isGentle } from '../stats/gentle-phases.ts'
import { median } from '../stats/quantile.ts'
import { earliest, ttft } from '../stats/ttft.ts'
import { quietPhases, sideRounds, windowOf, windowPhase, type Window } from '../stats/windows.ts'
import type { ClaimResult } from './document.ts'
import { judgeSide, mustFail } from './claims.ts'
import { container } from './container-check.ts'
import { type Finding, invalid, note, ok, undecided } from './finding.ts'
import { leastRounds, roundsNeeded } from './shares.ts'
import { counted, inUnit, percent } from './wording.ts'

/** More than this share of the calibration's stamps beyond their error bound: the bound is none. */
const mostViolations = 0.01
const leastCalibrationAnswers = 300
const leastDelivered = 0.95
/** Of all probes; half of them are meant to be. */
const leastWarm = 0.45
/** A second half of a quiet window is slower when its median is so many times the first half's, and so many ms above it. */
const overloadFactor = 1.5
const overloadMs = 20
/**
 * A probe rate that is too high is too high in every window, because it belongs to the plan; something that happens once on the machine is in
 * one. So a side is overloaded where at least two of its windows are, and a third of them. One window among six also cannot make a blocked
 * side pass: its probes are a sixth of those that the stall limit is taken from, and it is of no consequence for the medians of the others.
 */
const overloadedWindows = (windows: number): number => Math.max(2, Math.ceil(windows / 3))

/** Every check of MEASURING §6. What is in order is said too. `claims`: what judgeSide says of all sides. */
export function findings(run: Run, claims: readonly ClaimResult[]): Finding[] {
  // One message at a time, always on a connection of its own, overloads nothing and has no second half.
  const perSide = isGentle(run) ? [delivered, drain, clock, rounds, container] : [delivered, connections, overload, drain, clock, rounds, container]
  return [
    calibration(run),
    ...perSide.flatMap((check) => merged(run.header.sides.flatMap((side) => check(run, side) ?? []))),
    ...knownAnswers(run, claims),
    ...gentleness(run),
    interruption(run),
  ]
}

/** The claims with what the findings make of them. */
export function trusted(claims: readonly ClaimResult[], found: readonly Finding[]): ClaimResult[] {
  return claims.map((claim) => {
    // A reference that gave a wrong answer keeps it: it is the evidence against the run.
    const about = found.filter(({ side, name }) => (side ?? claim.side) === claim.side && (name !== 'known-answers' || claim.role === 'judged'))
    const worst = about.find(({ effect }) => effect === 'invalid') ?? about.find(({ effect }) => effect === 'inconclusive')
    if (worst === undefined || worst.effect === 'none' || claim.verdict === 'skipped' || claim.verdict === worst.effect) return claim
    const stands = claim.verdict === 'fail' ? !about.some(({ discreditsFails }) => discreditsFails === true) : claim.verdict === 'invalid'
    return stands ? claim : { ...claim, verdict: worst.effect, reason: `${worst.detail} (by itself the evidence says ${claim.verdict}: ${claim.reason})` }
  })
}

/**
 * What came out otherwise than it must on the unaltered control stack, a sentence each; empty where nothing did, where the answers are not
 * known, or where there are too few rounds to know anything. `before` has to fail the claims whose defect it has, `after` has to pass all.
 */
export function wrongAnswers(run: Run): string[] {
  return knownSides(run).flatMap((side) => {
    const claims = judgeSide(run, side)
    return [...falseAnswers(run, side, claims), ...openAnswers(side, claims)]
  })
}

/** Whether a side without a defect fails: whoever is judged by the same instrument may be as sound. */
export function raisesFalseAlarm(run: Run): boolean {
  return knownSides(run).some((side) => side.profile === 'after' && judgeSide(run, side).some(({ verdict }) => verdict === 'fail'))
}

function knownSides(run: Run): SideSpec[] {
  return run.header.rules.knownAnswers ? run.header.sides.filter((side) => sideRounds(run, side.name).length >= provingRounds(run)) : []
}

/** Rounds from which on a known answer has to come out right. Shares need six; a scenario that says nothing but batches has no shares and fewer rounds on purpose. */
function provingRounds(run: Run): number {
  return hasWindows(run) ? leastRounds : roundsNeeded(run)
}

const hasWindows = (run: Run): boolean => Object.keys(run.header.scenario.phases).some((name) => windowPhase(run, name) !== undefined)

/** `before` that does not fail, however undecided: the run has not proved that it can tell bad. `after` that fails or only just passes. */
function falseAnswers(run: Run, side: SideSpec, claims: readonly ClaimResult[]): string[] {
  return claims.flatMap(({ side: name, claim, verdict, reason }) => {
    if (name !== side.name) return []
    const said = `${side.name}: "${claim}" came out ${verdict}`
    if (side.profile === 'before' && mustFail(run, side, claim) && verdict !== 'fail') return [`${said}, but it has the defect that must make it fail (${reason})`]
    return side.profile === 'after' && (verdict === 'fail' || verdict === 'warn') ? [`${said}, but it has no defect (${reason})`] : []
  })
}

/** `after` that is undecided. Worth another try with another seed, but no false answer: the claim says so by its own verdict. */
function openAnswers(side: SideSpec, claims: readonly ClaimResult[]): string[] {
  if (side.profile !== 'after') return []
  return claims.flatMap(({ claim, verdict, reason }) => (verdict === 'inconclusive' || verdict === 'invalid' ? [`${side.name}: "${claim}" came out ${verdict}, but it has no defect (${reason})`] : []))
}

function calibration(run: Run): Finding {
  const name = 'calibration'
  const [latest] = run.calibrations.slice(-1)
  if (latest === undefined) return note(name, undefined, 'not calibrated: the error bounds of the stamps were not checked on this machine')
  const { answers, violations, oneClock, error, errorBound } = latest
  const worst = run.calibrations.find((entry) => entry.oneClock && entry.violations > mostViolations * entry.answers)
  if (worst !== undefined) {
    return invalid(name, undefined, `${worst.violations} of ${counted(worst.answers, 'calibration answer')} were stamped later than their error bound + 5 ms; more than ${percent(mostViolations)} cannot be `
      + 'trusted: stop what else runs on this machine, and run again')
  }
  const seen = `stamps of ${counted(answers, 'answer')} straight from the mock: ${inUnit(error.p50, 'ms')} late (p99 ${inUnit(error.p99, 'ms')}), error bound ${inUnit(errorBound.p50, 'ms')} (p99 ${inUnit(errorBound.p99, 'ms')})`
  if (!oneClock) return note(name, undefined, `${seen}; the mock keeps another clock, so the bound was not checked`)
  if (answers < leastCalibrationAnswers) {
    return invalid(name, undefined, `only ${counted(answers, 'calibration answer')} could be held against the mock's journal, ${leastCalibrationAnswers} are needed: the error bounds of the stamps are unchecked; `
      + 'see whether the mock is the one that is asked, and run again')
  }
  return ok(name, undefined, `${seen}, ${violations} beyond it`)
}

function delivered(run: Run, { name: side }: SideSpec): Finding {
  const name = 'delivered'
  const noun = Object.keys(run.header.scenario.phases).every((phase) => windowPhase(run, phase) !== undefined) ? 'probe' : 'message'
  const phases = keptPhases(run, side)
  const offered = phases.reduce((sum, phase) => sum + phase.offered, 0)
  const inTime = phases.reduce((sum, phase) => sum + phase.delivered, 0)
  if (offered === 0) return note(name, side, `${side}: no ${noun} was offered`)
  const seen = `${side}: ${inTime} of ${counted(offered, noun)} started in time`
  if (inTime >= leastDelivered * offered) return ok(name, side, seen)
  return invalid(name, side, `${seen} (${percent(inTime / offered)}), ${percent(leastDelivered)} are needed: this machine could not say them; stop what else runs on it, or take --quick`)
}

/**
 * Half of the probes go over connections that are open already. Where they do not, what only those suffer is hardly seen, and the report says so.
 * Undefined where the scenario has no probes: what is said at once goes over new connections.
 */
function connections(run: Run, { name: side }: SideSpec): Finding | undefined {
  const name = 'connections'
  if (!hasWindows(run)) return undefined
  const probes = sideRounds(run, side).flatMap(({ windows }) => [...windows.values()].flatMap((window) => window.probes))
  const warm = probes.filter(({ connection }) => connection.kind === 'warm').length
  const seen = `${side}: ${warm} of ${counted(probes.length, 'probe')} over connections that were open already`
  if (warm >= leastWarm * probes.length) return ok(name, side, seen)
  return note(name, side, `${seen}, half of them should be: the system closes idle ones, or takes long to open them; what only they suffer is seen less here`)
}

/** Undefined where the scenario has no quiet window to look at. */
function overload(run: Run, { name: side }: SideSpec): Finding | undefined {
  const name = 'overload'
  if (quietPhases(run).length === 0) return undefined
  const windows = sideRounds(run, side).flatMap((round) => quietPhases(run).map((phase) => windowOf(round, phase))).filter(({ probes }) => probes.length > 0)
  const slower = windows.flatMap((window) => slowerSecondHalf(window) ?? [])
  if (windows.length === 0) return note(name, side, `${side}: no quiet window`)
  if (slower.length === 0) return ok(name, side, `${side}: probes do not slow each other`)
  const worst = slower.reduce((one, other) => (other.second - other.first > one.second - one.first ? other : one))
  const seen = `${side}: in ${slower.length} of ${counted(windows.length, 'quiet window')} the second half was slower than the first (median ${inUnit(worst.first, 'ms')}, then ${inUnit(Number.isFinite(worst.second) ? worst.second : null, 'ms')})`
  if (slower.length < overloadedWindows(windows.length)) return note(name, side, `${seen}: too few to be the probes' doing`)
  return invalid(name, side, `${seen}: probes overload the target; run again, the probe rate is measured anew, or say fewer hellos with --quick`)
}

function drain(run: Run, { name: side }: SideSpec): Finding {
  const name = 'drain'
  const phases = keptPhases(run, side)
  const undrained = phases.filter((phase) => !phase.drained)
  if (undrained.length === 0) return ok(name, side, `${side}: every phase ended with nothing in flight`)
  return { name, side, verdict: 'note', effect: 'inconclusive', detail: `${side}: the system does not drain: after ${undrained.length} of ${counted(phases.length, 'phase')} answers were still under way; see whether it still answers at all, and run again` }
}

function clock(run: Run, spec: SideSpec): Finding {
  const { name: side, hasMock, hasRelay } = spec
  const name = 'clock'
  if (isModelItself(spec)) return ok(name, side, `${side}: nothing is between the tester and the model, and no other clock needed`)
  const clocks = sideRounds(run, side).flatMap(({ record }) => record.clock ?? [])
  if ((!hasMock && hasRelay !== true) || clocks.length === 0) return note(name, side, `${side}: no clock of a mock to compare with; no attribution`)
  const { count, example } = negativeTimes(run, side)
  if (count > 0) return invalid(name, side, `${side}: ${counted(count, 'message')} spent less than no time in a part of the way (${example ?? ''}): the clocks of the tester and the mock do not agree; run both on one host`)
  const bound = Math.max(...clocks.map((each) => each.bound))
  return clocks.every((each) => each.oneClock)
    ? ok(name, side, `${side}: one clock with the mock (± ${bound.toFixed(2)} ms)`)
    : note(name, side, `${side}: the mock keeps another clock, known to ± ${bound.toFixed(2)} ms`)
}

function rounds(run: Run, { name: side }: SideSpec): Finding {
  const name = 'rounds'
  const all = run.rounds.filter((round) => round.side === side)
  const thrownAway = all.filter((round) => !round.kept)
  const spoilt = all.filter((round) => round.kept && round.spoiltBy !== null)
  const kept = `${side}: ${counted(all.length - thrownAway.length, 'round')}`
  if (thrownAway.length === 0 && spoilt.length === 0) return ok(name, side, kept)
  const list = (entries: typeof all): string => entries.map((round) => `${round.round} (${round.spoiltBy ?? 'no reason given'})`).join(', ')
  const again = thrownAway.length === 0 ? '' : `; said again, without a look at its answers: round ${list(thrownAway)}`
  return note(name, side, `${kept}${again}${spoilt.length === 0 ? '' : `; kept though spoilt, its error bounds decide: round ${list(spoilt)}`}`)
}

function knownAnswers(run: Run, claims: readonly ClaimResult[]): Finding[] {
  const name = 'known-answers'
  const remedy = 'nothing that this run says can be trusted: stop what else runs on this machine, and run again with another --seed'
  const own = knownSides(run).flatMap((side) => falseAnswers(run, side, claims))
  if (own.length > 0) return [{ ...invalid(name, undefined, `the control stack answered otherwise than it must: ${own.join('; ')}; ${remedy}`), discreditsFails: true }]
  if (run.header.rules.knownAnswers) return [ownAnswers(run)]
  const record = run.knownAnswers
  if (record !== null && !record.right) {
    return [{ ...invalid(name, undefined, `the control stack, measured first, answered otherwise than it must: ${record.wrong.join('; ')}; ${remedy}`), discreditsFails: record.falseAlarm }]
  }
  if (record !== null) return [provesNothing(run) ?? ok(name, undefined, 'the control stack, measured first, was told apart: before fails, after passes')]
  if (run.header.sides.every(({ kind }) => kind === 'control')) return []
  if (takesBrowser(run)) return [note(name, undefined, 'the control stack has no page that could be taken off the network: nothing here shows that this run could have told good from bad')]
  return [undecided(name, 'the control stack was not measured first, or not to its end: nothing shows that this run could have told good from bad')]
}

function ownAnswers(run: Run): Finding {
  const name = 'known-answers'
  const least = provingRounds(run)
  const short = run.header.sides.filter((side) => sideRounds(run, side.name).length < least)
  if (short.length > 0) return undecided(name, `${short.map((side) => side.name).join(' and ')}: fewer than ${counted(least, 'round')}: the run has not proved that it can tell good from bad`)
  return provesNothing(run) ?? ok(name, undefined, 'before fails what its defects must make fail, after fails nothing')
}

/** A scenario that names no defect of `before` cannot be seen to find one. */
function provesNothing(run: Run): Finding | undefined {
  const { provedBy } = run.header.scenario
  return Object.keys(provedBy).length === 0 ? note('known-answers', undefined, 'the scenario names no defect that must make a claim fail (provedBy): nothing here shows that it can') : undefined
}

const takesBrowser = (run: Run): boolean => Object.values(run.header.scenario.messages).some(({ fault }) => fault?.kind === 'offline')

/** What a gentle run asks less of, so that its pass is not taken for one at the bounds of the claims. */
function gentleness(run: Run): Finding[] {
  const { scenario, sides, rules: { load } } = run.header
  if (load === undefined) return []
  const { leftOut } = gentlePhases(scenario, sides.every(({ hasMock }) => hasMock), load)
  const missing = leftOut.map(({ name, why }) => `; not said: phase "${name}", which ${why}`).join('')
  const shown = `so few show shares of ${percent(gentleShare)} and percentiles up to p75, whatever a claim asks`
  if (load === 'pages') return [note('load', undefined, `pages of a browser: one message at a time, or a blocker and one, and of batches as many at once as there are pages; ${shown}; the API is asked for more, at the claims' own bounds${missing}`)]
  return [note('load', undefined, `gentle: two messages in flight and one a second at most; ${shown}; --load full asks for its own bounds${missing}`)]
}

function interruption({ end }: Run): Finding {
  const name = 'completed'
  if (end === null) return note(name, undefined, 'interrupted: the file has no end; what there is was judged')
  if (end.interrupted === null) return ok(name, undefined, 'ran to its own end')
  // `lost: ` is what a run says whose mock, gateway or generator died under it.
  if (end.interrupted.startsWith('lost: ')) return invalid(name, undefined, `a process that the run needs was ${end.interrupted}; see why it ended, and run again`)
  // What a guard says that protects a target (src/target/guarded.ts): it had enough to do, or as much was said as may be.
  if (end.interrupted.startsWith('breaker: ')) return invalid(name, undefined, `stopped to spare the target: ${end.interrupted.slice('breaker: '.length)}; nothing was tried again, and what was measured so far is judged`)
  if (end.interrupted.startsWith('ceiling: ')) return note(name, undefined, `stopped by its ceiling: ${end.interrupted.slice('ceiling: '.length)}; what there is was judged`)
  return note(name, undefined, `interrupted: ${end.interrupted}; what there is was judged`)
}

/** The phases of the rounds that are judged. */
function keptPhases(run: Run, side: string): PhaseRecord[] {
  return sideRounds(run, side).flatMap(({ windows }) => [...windows.values()].flatMap(({ record }) => record ?? []))
}

/**
 * The medians of the halves of a quiet window whose second half is slower; undefined for a sound one. The second half is taken less error
 * bound and mock lateness, the first as measured: taken alike, a pause of the tester in the first half makes that one too fast (2 of 300
 * simulated runs on a machine with such pauses). Connection kinds apart: half of a window of slow fresh and fast warm probes has its median
 * between the two, where it means nothing.
 */
function slowerSecondHalf({ probes }: Window): { first: number; second: number } | undefined {
  for (const kind of ['warm', 'fresh'] as const) {
    const inOrder = probes.filter((probe) => probe.connection.kind === kind).sort((a, b) => a.dueAt - b.dueAt)
    const half = Math.floor(inOrder.length / 2)
    const first = median(inOrder.slice(0, half).map(ttft))
    const second = median(inOrder.slice(half).map((probe) => earliest(probe)))
    if (first !== undefined && second !== undefined && second > overloadFactor * first && second > first + overloadMs) return { first, second }
  }
  return undefined
}

/** Sides that are in order share a line. */
function merged(found: readonly Finding[]): Finding[] {
  const [first] = found.filter(({ verdict }) => verdict === 'ok')
  const detail = found.flatMap((finding) => (finding.verdict === 'ok' ? finding.detail : [])).join('; ')
  const rest = found.filter(({ verdict }) => verdict !== 'ok')
  return first === undefined ? rest : [{ ...first, side: undefined, detail }, ...rest]
}
