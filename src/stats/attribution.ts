import type { MessageRecord } from '../sample/message.ts'
import type { Run, SideSpec } from '../sample/run-file.ts'
import { median, rankQuantile } from './quantile.ts'
import { isGentle } from './gentle-phases.ts'
import { isMeantWhole } from './said.ts'
import { exposedProbes, type StalledShareClaim } from './stall.ts'
import { quietPhaseOf, type SideRound, sideRounds, type Window, windowOf } from './windows.ts'

/** Where the time to the first token went, ms. Tester, stack before the model, model, stack after the model; `connecting` is a part of `beforeModel`. */
export interface Parts {
  readonly tester: number
  readonly beforeModel: number
  readonly connecting: number
  readonly model: number
  readonly afterModel: number
}

/** The four that add up to the time to first token, in the order of the way. */
const layers = ['tester', 'beforeModel', 'model', 'afterModel'] as const
export type Layer = (typeof layers)[number]

export interface PhaseAttribution {
  readonly phase: string
  /** Answered probes whose upstream request the journal has. */
  readonly n: number
  /** Null where it was measured; else why it was not. */
  readonly skipped: string | null
  readonly parts: { readonly [P in keyof Parts]: { readonly p50: number; readonly p95: number } } | null
  /** Of the stalled exposed probes, how many each layer is to blame for: the part that grew most over its quiet median. */
  readonly stalledBy: Readonly<Record<Layer | 'unknown', number>>
  /** Of those that waited in the model and that it began (`begun`), how many it began only when an answer that it had been asked for before had ended: they stood in its queue. */
  readonly modelQueue: { readonly queued: number; readonly begun: number }
}

/** The clocks of tester and mock may drift apart by this much in a round, ms (MEASURING §6). */
const largestDrift = 1
/** Instants are kept to the microsecond, so that a difference of two may be that much below zero. */
const rounding = 0.002

/**
 * The parts of one probe. Infinite from the layer on in which it got stuck: the model where the journal has no first token, the stack after it
 * where it has one that never arrived. Undefined where the journal does not have the message: it may never have reached the model, or be there still.
 */
export function partsOf({ dueAt, startedAt, sentAt, firstTokenAt, upstream }: MessageRecord): Parts | undefined {
  if (upstream === null) return undefined
  const written = upstream.firstTokenAt
  return {
    tester: startedAt - dueAt,
    beforeModel: upstream.receivedAt - startedAt,
    connecting: (sentAt ?? startedAt) - startedAt,
    model: written === null ? Infinity : written - upstream.receivedAt,
    afterModel: written === null ? 0 : firstTokenAt === null ? Infinity : firstTokenAt - written,
  }
}

/** Of a message to the model itself: what is neither the tester nor connecting is the model. */
function directParts({ dueAt, startedAt, sentAt, firstTokenAt }: MessageRecord): Parts {
  const connecting = (sentAt ?? startedAt) - startedAt
  return { tester: startedAt - dueAt, beforeModel: connecting, connecting, model: firstTokenAt === null ? Infinity : firstTokenAt - startedAt - connecting, afterModel: 0 }
}

/** A model server that we started and that the tester speaks to without anything between: no journal is needed to know where the time went. */
export const isModelItself = ({ kind, profile }: SideSpec): boolean => kind === 'ollama' && profile !== null

/** When the model was asked for an answer, began it and had told it: null where it did not. */
interface Told {
  readonly askedAt: number
  readonly firstTokenAt: number | null
  readonly lastTokenAt: number | null
}

const toldInJournal = ({ upstream }: MessageRecord): Told | undefined => (upstream === null ? undefined : { ...upstream, askedAt: upstream.receivedAt })

const toldToUs = ({ sentAt, startedAt, firstTokenAt, endedAt }: MessageRecord): Told => ({ askedAt: sentAt ?? startedAt, firstTokenAt, lastTokenAt: endedAt })

interface Means {
  readonly parts: (message: MessageRecord) => Parts | undefined
  readonly told: (message: MessageRecord) => Told | undefined
  /** Rounds whose instants can be compared. */
  readonly steady: readonly SideRound[]
}

/**
 * Where the time of the probes of a side went, and of messages said at once that were meant to be answered whole, phase by phase in the order of the
 * scenario (MEASURING §2). Phases that say nothing of the kind, or say it to the model directly, are left out.
 */
export function attribution(run: Run, side: SideSpec): PhaseAttribution[] {
  const rounds = sideRounds(run, side.name)
  const means: Means = isModelItself(side) ? { parts: directParts, told: toldToUs, steady: rounds } : { parts: partsOf, told: toldInJournal, steady: rounds.filter(hasSteadyClock) }
  const { steady } = means
  const stalled = stalledProbes(run, side.name)
  return Object.keys(run.header.scenario.phases).filter((phase) => hasTimed(run, phase)).map((phase) => {
    const parts = steady.flatMap((round) => timed(run, windowOf(round, phase)).map(means.parts).filter(isWhole).filter(({ afterModel }) => afterModel >= -toleranceOf(round)))
    const skipped = whySkipped(side, rounds, steady, parts.length)
    return { phase, n: parts.length, skipped, parts: skipped === null ? summary(parts) : null, ...blame(run, means, stalled.get(phase) ?? []) }
  })
}

function hasTimed({ header: { scenario } }: Run, name: string): boolean {
  const phase = scenario.phases[name]
  return phase !== undefined && ('say' in phase || (phase.via === undefined && phase.together.some((label) => isMeantWhole(scenario, label))))
}

const timed = ({ header: { scenario } }: Run, { probes, users }: Window): MessageRecord[] => [...probes, ...users.filter(({ label }) => isMeantWhole(scenario, label))]

const isWhole = (parts: Parts | undefined): parts is Parts => parts !== undefined && layers.every((layer) => Number.isFinite(parts[layer]))

const hasSteadyClock = ({ record }: SideRound): boolean => record.clock !== null && record.clock.drift <= largestDrift

function whySkipped(side: SideSpec, rounds: readonly SideRound[], steady: readonly SideRound[], n: number): string | null {
  if (!side.hasMock && side.hasRelay !== true && !isModelItself(side)) return 'no mock model of ours is known to be behind this side'
  if (rounds.length === 0) return 'no round was completed'
  if (steady.length === 0) return `the mock's clock could not be read, or drifted by more than ${largestDrift} ms in every round`
  return n === 0 ? "the mock's journal has none of these messages" : null
}

function summary(parts: readonly Parts[]): NonNullable<PhaseAttribution['parts']> {
  const of = (part: keyof Parts): { p50: number; p95: number } => {
    const times = parts.map((each) => each[part])
    return { p50: median(times) ?? NaN, p95: rankQuantile(times, 0.95) ?? NaN }
  }
  return { tester: of('tester'), beforeModel: of('beforeModel'), connecting: of('connecting'), model: of('model'), afterModel: of('afterModel') }
}

/** By phase the exposed probes that stalled, of whatever claim on stalled shares names them; each once. */
export function stalledProbes(run: Run, side: string): ReadonlyMap<string, readonly MessageRecord[]> {
  const ofRun = stalledIn.get(run) ?? new Map<string, ReadonlyMap<string, readonly MessageRecord[]>>()
  stalledIn.set(run, ofRun)
  const found = ofRun.get(side) ?? readStalled(run, side)
  ofRun.set(side, found)
  return found
}

/** The attribution of every phase asks. */
const stalledIn = new WeakMap<Run, Map<string, ReadonlyMap<string, readonly MessageRecord[]>>>()

function readStalled(run: Run, side: string): Map<string, MessageRecord[]> {
  const claims = Object.values(run.header.scenario.claims).filter((claim): claim is StalledShareClaim => claim.measure === 'stalledShare')
  const probes = new Set(claims.flatMap((claim) => exposedProbes(run, side, claim, 'measured')).filter(({ stalled }) => stalled).map(({ probe }) => probe))
  const byPhase = new Map<string, MessageRecord[]>()
  for (const probe of probes) byPhase.set(probe.phase, [...(byPhase.get(probe.phase) ?? []), probe])
  return byPhase
}

function blame(run: Run, means: Means, stalled: readonly MessageRecord[]): Pick<PhaseAttribution, 'stalledBy' | 'modelQueue'> {
  const stalledBy = { tester: 0, beforeModel: 0, model: 0, afterModel: 0, unknown: 0 }
  const modelQueue = { queued: 0, begun: 0 }
  for (const probe of stalled) {
    const round = means.steady.find((candidate) => candidate.round === probe.round)
    const layer = layerToBlame(run, means, round, probe)
    stalledBy[layer] += 1
    const told = means.told(probe)
    if (layer !== 'model' || round === undefined || told === undefined || told.firstTokenAt === null) continue
    modelQueue.begun += 1
    if (stoodInQueue(told.askedAt, told.firstTokenAt, windowOf(round, probe.phase).blockers.map(means.told))) modelQueue.queued += 1
  }
  return { stalledBy, modelQueue }
}

/** Whether the model had one of `blockers` to tell when it was asked for the probe, and had told it before it began the probe. */
const stoodInQueue = (askedAt: number, begunAt: number, blockers: readonly (Told | undefined)[]): boolean =>
  blockers.some((told) => told !== undefined && told.lastTokenAt !== null && told.askedAt <= askedAt && askedAt < told.lastTokenAt && told.lastTokenAt <= begunAt)

/** The layer whose time grew most over its quiet median of the same round and connection kind; in a gentle run, of all rounds. */
function layerToBlame(run: Run, { parts: toParts, steady }: Means, round: SideRound | undefined, probe: MessageRecord): Layer | 'unknown' {
  const parts = toParts(probe)
  if (round === undefined || parts === undefined) return 'unknown'
  const quiet = (isGentle(run) ? steady : [round]).flatMap((one) => windowOf(one, quietPhaseOf(run, probe.label) ?? '').probes.filter(({ connection: { kind } }) => kind === probe.connection.kind).map(toParts).filter(isWhole))
  if (quiet.length === 0) return 'unknown'
  const growth = (layer: Layer): number => parts[layer] - (median(quiet.map((each) => each[layer])) ?? 0)
  return layers.reduce((worst, layer) => (growth(layer) > growth(worst) ? layer : worst))
}

/**
 * Messages with a part below zero by more than the clocks can account for: then the clocks are not what the run believes them to be, and no
 * part can be trusted. The example names the message and the part.
 */
export function negativeTimes(run: Run, side: string): { count: number; example: string | null } {
  const found = sideRounds(run, side).filter(hasSteadyClock).flatMap((round) =>
    [...round.windows.values()].flatMap(({ probes, blockers }) => [...probes, ...blockers]).flatMap((message) => negativePart(message, toleranceOf(round))))
  return { count: found.length, example: found[0] ?? null }
}

/** One clock has no offset; of two the offset is known to ± its bound, and drifts. */
const toleranceOf = ({ record: { clock } }: SideRound): number => rounding + (clock === null || clock.oneClock ? 0 : clock.bound + clock.drift)

/**
 * A gateway may say a token of its own before the model does ("Thinking"): that accuses no clock. The words that people read are the model's where the
 * whole text is.
 */
function cameBeforeItWasWritten({ firstVisibleAt, integrity, upstream }: MessageRecord, tolerance: number): boolean {
  const written = upstream?.firstTokenAt ?? null
  return integrity?.checksumMatches === true && firstVisibleAt !== null && written !== null && firstVisibleAt < written - tolerance
}

function negativePart(message: MessageRecord, tolerance: number): string[] {
  const parts = partsOf(message)
  const isNegative = (layer: Layer): boolean => parts !== undefined && parts[layer] < -tolerance && (layer !== 'afterModel' || cameBeforeItWasWritten(message, tolerance))
  const layer = layers.find(isNegative)
  return layer === undefined || parts === undefined ? [] : [`${message.id}: ${layer} took ${parts[layer].toFixed(3)} ms`]
}
