import type { PlanRecord, Rules } from '../sample/run-file.ts'
import { quietPhase } from '../scenario/claim-check.ts'
import { type FaultSpec, isWindow, type OfflineFault, type ScenarioSpec, type TogetherPhase, type WindowPhase } from '../scenario/spec.ts'
import type { MockAnswer } from '../target/target.ts'

/** What was measured of a side before its first round: hello alone, and k at once. Times in ms. */
export interface ServiceMeasurement {
  readonly aloneTime: number
  readonly togetherTime: number
  readonly together: number
}

export interface SizeRequest {
  readonly measured: ServiceMeasurement
  readonly role: 'judged' | 'reference'
  readonly size: Rules['size']
  /** Whether we started the stack, so that small absolute times are safe; others get blockers of at least 2 s. */
  readonly isControl: boolean
  readonly stallLimit: number
  /** Least duration of each blocker label, as the scenario says it. */
  readonly blockers: Readonly<Record<string, number>>
}

export type Sizes = Pick<PlanRecord, 'serviceTime' | 'rate' | 'probesPerKind' | 'windowTime' | 'blockers'>

const largestRate = { standard: 80, quick: 120 }
const probesPerKind = { standard: 24, quick: 16 }
/** Failing needs few probes; passing a share of 2 % needs 194 in six rounds. */
const leastProbes = { judged: 9, reference: 2 }
/** On the control stack a quick blocker is a third as long, and so is the stall limit. */
const quickScale = 1 / 3

/** S: how much longer k at once take than one, per further message. On a serial stack its service time, on a parallel one about 0. */
export function serviceTime({ aloneTime, togetherTime, together }: ServiceMeasurement): number {
  return Math.max(0, (togetherTime - aloneTime) / (together - 1))
}

/**
 * The sizes of a side's windows and blockers. The rate keeps the probes from being their own blocker (a quarter of what a serial stack could
 * serve); the blockers are stretched until every probe of a judged window is exposed to them. A reference gets fewer probes instead of longer
 * blockers where it can: failing takes few.
 */
export function sizes(request: SizeRequest): Sizes {
  const { measured, role, size, isControl, stallLimit } = request
  const service = serviceTime(measured)
  const rate = Math.min(largestRate[size], service > 0 ? 250 / service : Infinity)
  const scale = size === 'quick' && isControl ? quickScale : 1
  const least = isControl ? 0 : 2_000
  const said = Math.max(1, Math.min(...Object.values(request.blockers)))
  const shortest = Math.max(said * scale, least)
  const wanted = Math.min(probesPerKind[size], Math.floor((rate * shortest) / 2_500))
  const exposedAtOnce = Math.floor(((shortest / 1.1 - stallLimit - measured.aloneTime) * rate) / 2_000)
  const count = Math.max(leastProbes[role], role === 'reference' ? Math.min(wanted, exposedAtOnce) : wanted)
  const windowTime = (2 * count * 1_000) / rate
  const needed = Math.max(1.25 * windowTime, 1.1 * (windowTime + stallLimit + measured.aloneTime), 2.4 * stallLimit)
  // All by one factor: how many times longer the long blocker is than the short one is what delay growth is read from.
  const factor = Math.max(shortest, needed) / said
  const blockers = Object.fromEntries(Object.entries(request.blockers).map(([label, duration]) => [label, Math.ceil(duration * factor)]))
  return { serviceTime: service, rate, probesPerKind: count, windowTime, blockers }
}

/** How long after it was due a probe may be started and still counts as delivered, ms: half a probe interval, half the stall limit, at least 50. */
export const longestDelivery = (rate: number, stallLimit: number): number => Math.max(50, 500 / rate, stallLimit / 2)

/**
 * The labels that block in some phase, with how long each blocks at least, ms. A search whose engine answers at once is left out: how long its pages take is up
 * to the system, and there is nothing to stretch.
 */
export function blockerDurations(scenario: ScenarioSpec): Record<string, number> {
  const labels = windows(scenario).flatMap((phase) => (phase.while === undefined ? [] : [phase.while.say]))
  const stretched = [...new Set(labels)].filter((label) => scenario.messages[label]?.mock?.search?.takes !== 0)
  return Object.fromEntries(stretched.map((label) => [label, blockingTime(scenario, label)]))
}

/** What blocks in a phase, and how many of it; undefined in a quiet phase and in one that says several at once. */
export function blockerOf(scenario: ScenarioSpec, name: string): WindowPhase['while'] {
  const phase = scenario.phases[name]
  return phase !== undefined && isWindow(phase) ? phase.while : undefined
}

/** In how many rounds several messages are said at once; a quick run takes a third of them. */
export const repeats = ({ repeat }: Pick<TogetherPhase, 'repeat'>, quick: boolean): number => (quick ? Math.ceil(repeat / 3) : repeat)

/** Whether nothing but probes is said in it. */
export function isQuiet(scenario: ScenarioSpec, name: string): boolean {
  const phase = scenario.phases[name]
  return phase !== undefined && isWindow(phase) && phase.while === undefined
}

/** Phases that say several at once are walked in so many rounds and then no more. */
export function isWalked(scenario: ScenarioSpec, name: string, round: number, quick: boolean): boolean {
  const phase = scenario.phases[name]
  return phase === undefined || isWindow(phase) || round <= repeats(phase, quick)
}

const windows = (scenario: ScenarioSpec): WindowPhase[] => Object.values(scenario.phases).filter(isWindow)

/** A search blocks until its first token; everything else to its end. */
function blockingTime(scenario: ScenarioSpec, label: string): number {
  const mock = scenario.messages[label]?.mock
  return mock?.search?.takes ?? answerTime(scenario, label)
}

/** From its first byte to its last token, as the scenario says it, ms. */
function answerTime(scenario: ScenarioSpec, label: string): number {
  const mock = scenario.messages[label]?.mock
  if (mock === undefined) return 0
  return (mock.search?.takes ?? 0) + (mock.lasts ?? mock.firstTokenAfter + ((mock.tokens ?? 1) - 1) * mock.gap)
}

/** The message that windows say, and whose service time sets their rate; undefined where there is no window. */
export const probeLabel = (scenario: ScenarioSpec): string | undefined => windows(scenario)[0]?.say

/**
 * How many tokens a model that tells so many a second has to tell, so that its answer lasts as long as the mock's would. `lasts` as in `mockAnswer`.
 */
export function wantedTokens(scenario: ScenarioSpec, label: string, lasts: number | undefined, tokensPerSecond: number): number {
  return answerTokens(scenario, label, lasts, 1_000 / tokensPerSecond)
}

/** The mock's instructions for a label. `lasts` is the plan's, stretched: of a search the time that it takes, else the time that the answer streams. */
export function mockAnswer(scenario: ScenarioSpec, label: string, lasts: number | undefined): MockAnswer {
  const { fault, mock = { firstTokenAfter: 2, gap: 20 } } = scenario.messages[label] ?? {}
  const tokens = answerTokens(scenario, label, lasts, mock.gap)
  const search = mock.search === undefined ? {} : { search: lasts ?? mock.search.takes, pages: mock.search.pages, pagebytes: mock.search.pageBytes }
  return { tokens, firstTokenAfter: mock.firstTokenAfter, gap: mock.gap, ...search, ...(fault === undefined || fault.kind === 'offline' ? {} : { fault: faultText(fault) }) }
}

/** As many as the scenario says; or as many, a gap apart, as last so long. */
function answerTokens(scenario: ScenarioSpec, label: string, lasts: number | undefined, gap: number): number {
  const { tokens, search, lasts: said } = scenario.messages[label]?.mock ?? {}
  if (tokens !== undefined && (lasts === undefined || search !== undefined)) return tokens
  const duration = search === undefined ? lasts ?? said : said
  return Math.max(1, Math.ceil((duration ?? 0) / gap) + 1)
}

/** As the mock's marker has it: `silence@headers`, `rst@10`, `status:500@headers`. */
function faultText(fault: Exclude<FaultSpec, OfflineFault>): string {
  if (fault.kind === 'status') return `status:${fault.status}@headers`
  if (fault.kind === 'hang') return 'hang@end'
  const kind = fault.kind === 'reset' ? 'rst' : fault.kind === 'close' ? 'fin' : fault.kind
  const place = 'afterTokens' in fault ? fault.afterTokens : fault.before === 'headers' ? 'headers' : 'first'
  return `${kind}@${place}`
}

/** Of one person, or in one chat, nobody says more at a time. */
const fewProbes = 2

/** Probes per connection kind of a window. */
export const probesIn = ({ as }: WindowPhase, { probesPerKind }: Pick<PlanRecord, 'probesPerKind'>): number => (as === undefined ? probesPerKind : Math.min(fewProbes, probesPerKind))

/** Order of the sides in each round, drawn from the seed: neither side always comes after the other. */
export function sideOrder(names: readonly string[], random: () => number): string[] {
  const order = [...names]
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const swapped = order[last]
    order[last] = order[other] ?? ''
    order[other] = swapped ?? ''
  }
  return order
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). Every draw of a run comes from its seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Phases in which probes run: the quiet one first, since the others are compared with it. */
export function phaseOrder(scenario: ScenarioSpec): string[] {
  const names = Object.keys(scenario.phases)
  const [window] = windows(scenario)
  const quiet = window === undefined ? undefined : quietPhase(scenario, window.say)
  return quiet === undefined ? names : [quiet, ...names.filter((name) => name !== quiet)]
}

/** What of a side the cost hangs on. */
type PlannedSide = Pick<PlanRecord, 'probesPerKind' | 'windowTime' | 'blockers'> & { readonly tokensPerSecond?: number | undefined }

/** What a run will cost, for the line that is printed before its first message. Time in ms. */
export function expectedCost(scenario: ScenarioSpec, sides: readonly PlannedSide[], rounds: number): { messages: number; tokens: number; time: number } {
  const cost = { messages: 0, tokens: 0, time: 0 }
  for (const side of sides) {
    const tokens = (label: string, lasts: number | undefined): number => (side.tokensPerSecond === undefined ? mockAnswer(scenario, label, lasts).tokens : wantedTokens(scenario, label, lasts, side.tokensPerSecond))
    for (const phase of Object.values(scenario.phases)) {
      if (!isWindow(phase)) {
        addBatches(cost, scenario, phase, { rounds, tokens: (label) => tokens(label, undefined) })
        continue
      }
      const probes = 2 * probesIn(phase, side)
      const blocker = phase.while
      const lasts = blocker === undefined ? 0 : (side.blockers[blocker.say] ?? 0)
      const copies = blocker?.copies ?? 0
      cost.messages += rounds * (probes + copies)
      cost.tokens += rounds * (probes * tokens(phase.say, undefined) + (blocker === undefined ? 0 : copies * tokens(blocker.say, lasts)))
      cost.time += rounds * (Math.max(side.windowTime, lasts) + 150)
    }
  }
  return cost
}

interface BatchCost {
  readonly rounds: number
  readonly tokens: (label: string) => number
}

function addBatches(cost: { messages: number; tokens: number; time: number }, scenario: ScenarioSpec, phase: TogetherPhase, { rounds, tokens }: BatchCost): void {
  const repeats = Math.min(rounds, phase.repeat)
  for (const copies of phase.copies) {
    cost.messages += repeats * copies * phase.together.length
    cost.tokens += repeats * copies * phase.together.reduce((sum, label) => sum + tokens(label), 0)
    cost.time += repeats * (Math.max(...phase.together.map((label) => togetherTime(scenario, label))) + (phase.idleBefore ?? 0) + 150)
  }
}

/** A silence lasts until the deadline of the system, which is not known: as long as the scenario allows. */
function togetherTime(scenario: ScenarioSpec, label: string): number {
  const fault = scenario.messages[label]?.fault?.kind
  const isSilent = fault === 'silence' || fault === 'heartbeat' || fault === 'hang' || fault === 'offline'
  const promised = Object.values(scenario.claims).flatMap((claim) => (claim.measure === 'timeToError' ? [claim.bounds.pass] : []))
  return isSilent ? Math.max(0, ...promised) : scenario.messages[label]?.leave === undefined ? answerTime(scenario, label) : 500
}
