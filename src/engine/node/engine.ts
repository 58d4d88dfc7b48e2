import type { MessageRecord } from '../../sample/message.ts'
import type { CalibrationRecord, HistogramRecord, SideSpec } from '../../sample/run-file.ts'
import type { Session, Target, Utterance } from '../../target/target.ts'
import { isWindow, type Observed, type TogetherPhase, type WindowPhase } from '../../scenario/spec.ts'
import { mostAtOnce } from '../../stats/concurrency.ts'
import { type AnchorOrder, type Engine, type EngineSetting, type GentleOrder, Interrupted, type PhaseOrder, type PhaseReport, type SideMeasurement, type StartObserver } from '../engine.ts'
import { type Problem, UsageError } from '../../errors.ts'
import type { ClockPing, Journal, JournalEntry } from '../../sample/journal.ts'
import { clockAgreement, type ClockAgreement, inRunTime, upstreamOf } from '../journal.ts'
import { longestDelivery, mockAnswer, probeLabel, probesIn, wantedTokens } from '../plan.ts'
import { messageRecord, observationRecord, pageOutcome, toMicrosecond } from '../records.ts'
import { ownWord } from '../own-word.ts'
import { sayAnchors } from './anchor.ts'
import { sayBatch } from './batch.ts'
import { calibrate } from './calibration.ts'
import type { RunClock } from './clock.ts'
import { GapHistograms } from './gap-histograms.ts'
import { Pace, sayGently } from './gentle.ts'
import { walkPhase } from './phase.ts'
import { measureSide } from './side-measurement.ts'
import { rest, type SaidMessage } from './window.ts'

export interface NodeEngineOptions extends EngineSetting {
  readonly clock: RunClock
  /** A target per side name. */
  readonly targets: ReadonlyMap<string, Target>
  /** Our mock behind the targets, asked directly; absent where there is none. */
  readonly mock: { readonly target: Target; readonly journal: Journal } | undefined
  /** The model itself, where it is not our mock: what --model-url names. */
  readonly model: Target | undefined
  /** A mock of ours that stands behind nothing: the anchor where neither the model nor a mock behind the targets can be asked. */
  readonly anchorMock?: Target | undefined
  /** Per side name, what can be looked at beside its messages. */
  readonly observers: ReadonlyMap<string, { readonly [What in Observed]?: StartObserver }>
  /** Per side name, further keys of the mock's marker: how it is to write what it writes. */
  readonly shapes: ReadonlyMap<string, Readonly<Record<string, string | number>>>
}

/** How many readings of the mock's clock are taken; the fastest counts. */
const pings = 20
/** A system drains in this time plus what a message takes alone, plus four times what its window costs it, ms. */
const drainTime = 10_000
/** Beyond its fail bound, a message is watched for this long, ms; on the control stack it is known that nothing more comes. */
const watchTime = { control: 3_000, elsewhere: 30_000 }
/** A model that has to be loaded first takes its time, and our mock none. In a gentle run nothing was said to it before, ms. */
const longestLoading = 60_000
/** A gentle run looks at a system no oftener than it speaks to it, ms. */
const gentleCadence = 1_000

/** What calibration asks the mock for, and the warm-up of a scenario without a window. */
const shortAnswer = { tokens: 1, firstTokenAfter: 2, gap: 20 }

/** By what a journal knows a message: of its marker; or, where a real model listens and a relay of ours hears, by the word that it begins with. */
const journalId = ({ id, mock }: Utterance): string => (mock === undefined ? ownWord(id) : id)

/** What was said in a phase, and when. */
interface Walked {
  readonly from: number
  readonly windowAt: number
  readonly to: number
  readonly drained: boolean
  readonly said: readonly { readonly message: SaidMessage; readonly label: string; readonly part: MessageRecord['part']; readonly copies: number | undefined }[]
}

/** The engine that says messages from this very process: undici connections, one clock, one event loop that is watched. */
export class NodeEngine implements Engine {
  readonly #options: NodeEngineOptions
  readonly #gaps = new GapHistograms()
  readonly #salt: string
  readonly #pace: Pace
  #messages = 0
  /** Sessions that are closed when a phase's journal was read. */
  readonly #left: Session[] = []
  readonly #closeLater = (session: Session): void => { this.#left.push(session) }
  #agreement: ClockAgreement = { offset: 0, bound: 0, oneClock: true }

  constructor(options: NodeEngineOptions) {
    this.#options = options
    this.#pace = new Pace(options.clock)
    // The moment is in it too: the same seed against the same mock must not find the answers of last time.
    this.#salt = `${(options.seed >>> 0).toString(36)}-${Math.floor(options.clock.origin).toString(36)}`
  }

  now(): number {
    return this.#options.clock.now()
  }

  async calibrate(): Promise<CalibrationRecord | null> {
    const { mock, clock, signal } = this.#options
    if (mock === undefined) return null
    await this.clockCheck()
    const record = await this.#asking(() => calibrate({ ...mock, clock, signal, utterance: () => this.#utterance('calibration', shortAnswer, true), agreement: this.#agreement }))
    this.#throwIfAborted()
    return record
  }

  async measure(sides: readonly SideSpec[]): Promise<SideMeasurement[]> {
    const { scenario, rules, clock, signal } = this.#options
    const label = probeLabel(scenario)
    const said = new Map<string, string>()
    const utterance = (side: SideSpec): Utterance => {
      const spoken = label === undefined ? this.#hello(side) : this.#say(side, label, undefined)
      said.set(spoken.id, side.name)
      return spoken
    }
    const measured = await measureSide({
      sides: sides.map((side) => ({ side, target: this.#target(side.name), utterance: () => utterance(side) })),
      quick: rules.size === 'quick',
      clock,
      signal,
    })
    this.#throwIfAborted()
    this.#checkMock(sides, said, await this.#collect())
    return measured
  }

  /**
   * A mock that is not behind the target would make every answer look lost.
   * @throws {UsageError} where it has not seen one message of a side that answered them.
   */
  #checkMock(sides: readonly SideSpec[], said: ReadonlyMap<string, string>, entries: readonly JournalEntry[]): void {
    const problems = sides.filter((side) => side.hasMock).flatMap((side): Problem[] => {
      const own = entries.filter(({ id }) => id !== null && said.get(id) === side.name)
      if (own.some(({ kind }) => kind === 'chat')) return []
      if (own.length === 0) return [{ what: `The mock has seen none of the messages that ${side.name} (${side.url}) answered: it is not the model behind it.`, fix: 'Put the mock behind it, or leave out --mock: then lost words and the attribution are skipped.' }]
      return [{ what: `${side.name} (${side.url}) changes the message on its way to the mock, so that the mock cannot tell how it is to answer.`, fix: 'Switch off what adds text behind the prompt, or leave out --mock.' }]
    })
    if (problems.length > 0) throw new UsageError(problems)
  }

  async clockCheck(): Promise<ClockAgreement | null> {
    const { mock, clock } = this.#options
    if (mock === undefined) return null
    const readings: ClockPing[] = []
    await this.#asking(async () => {
      for (let count = 0; count < pings; count += 1) readings.push(await mock.journal.ping())
    })
    this.#agreement = clockAgreement(readings, clock.origin, mock.journal.sameBoot)
    return this.#agreement
  }

  async walk(order: PhaseOrder): Promise<PhaseReport> {
    try {
      return await this.#walked(order)
    } finally {
      await Promise.all(this.#left.splice(0).map((session) => session.close()))
    }
  }

  async #walked(order: PhaseOrder): Promise<PhaseReport> {
    const { scenario, clock, signal } = this.#options
    const spec = scenario.phases[order.phase]
    if (spec === undefined) throw new RangeError(`the scenario has no phase ${order.phase}`)
    clock.longestBlock()
    const observers = this.#observe(order)
    const walked = order.gently !== undefined ? await this.#walkGently(order, order.gently) : isWindow(spec) ? await this.#walkWindow(order, spec) : await this.#walkBatches(order, spec)
    const longestBlock = clock.longestBlock()
    const place = { side: order.side.name, round: order.round, attempt: order.attempt, phase: order.phase }
    const seen = await Promise.all(observers.map(async ({ what, observer }) => (await observer.stop()).map((one) => observationRecord(place, what, one))))
    const ids = walked.said.flatMap(({ message, part }) => (part === 'user' && (message.answer?.outcome.kind === 'failed' || message.utterance.mock?.fault !== undefined) ? [journalId(message.utterance)] : []))
    const entries = signal.aborted ? [] : await this.#collect(ids, this.#cancelPatience())
    const messages = walked.said.map(({ message, label, part, copies }) => this.#record(message, { ...place, label, part, ...(copies === undefined ? {} : { copies }) }, entries))
    this.#throwIfAborted()
    const onTime = longestDelivery(order.sizes.rate, order.stallLimit)
    const offered = messages.filter(({ part }) => part === 'probe' || part === 'user')
    return {
      messages,
      observations: seen.flat(),
      longestBlock,
      record: {
        type: 'phase', ...place,
        from: toMicrosecond(walked.from), windowAt: toMicrosecond(walked.windowAt), to: toMicrosecond(walked.to),
        offered: isWindow(spec) && order.gently === undefined ? 2 * probesIn(spec, order.sizes) : offered.length,
        delivered: offered.filter((message) => message.startedAt - message.dueAt <= onTime).length,
        drained: walked.drained,
      },
    }
  }

  async #walkWindow(order: PhaseOrder, spec: WindowPhase): Promise<Walked> {
    const { clock, signal } = this.#options
    const { sizes, side } = order
    const blocker = spec.while
    const lasts = blocker === undefined ? undefined : sizes.blockers[blocker.say]
    const probesPerKind = probesIn(spec, sizes)
    const walked = await walkPhase({
      target: this.#target(side.name),
      probe: () => this.#say(side, spec.say, undefined),
      blockers: Array.from({ length: blocker?.copies ?? 0 }, () => () => this.#say(side, blocker?.say ?? '', lasts)),
      as: spec.as,
      probesPerKind,
      // Few probes take as long as many.
      rate: (sizes.rate * probesPerKind) / sizes.probesPerKind,
      windowAfter: order.quietTime + 100,
      blockerCap: (lasts ?? 0) * (blocker?.copies ?? 1) + this.#failBound() + watchTime.elsewhere,
      drainTime: drainTime + order.aloneTime + 4 * sizes.probesPerKind * sizes.serviceTime,
      clock,
      signal,
    })
    return {
      ...walked,
      said: [
        ...walked.blockers.map((message) => ({ message, label: blocker?.say ?? '', part: 'blocker' as const, copies: undefined })),
        ...walked.probes.map((message) => ({ message, label: spec.say, part: 'probe' as const, copies: undefined })),
      ],
    }
  }

  async anchor({ side, round, attempt, count, every }: AnchorOrder): Promise<readonly MessageRecord[]> {
    const { model, mock, anchorMock, clock, signal } = this.#options
    const target = model ?? mock?.target ?? anchorMock
    if (target === undefined) return []
    const isMock = model === undefined
    const said = await sayAnchors({ target, utterance: () => this.#utterance('Hello', { tokens: 1, firstTokenAfter: 2, gap: 20 }, isMock), count, every, clock, signal })
    this.#throwIfAborted()
    const entries = await this.#collect()
    return said.map((message) => this.#record(message, { side: side.name, round, attempt, phase: 'anchor', label: isMock ? 'mock' : 'model', part: 'anchor' }, entries))
  }

  /** One batch after another, with more and more at once, until fewer than so many were really told at one instant. */
  async #walkBatches(order: PhaseOrder, spec: TogetherPhase): Promise<Walked> {
    const { scenario, clock, signal } = this.#options
    const target = spec.via === 'model' ? this.#modelTarget() : this.#target(order.side.name)
    const said: Walked['said'][number][] = []
    const instants = { from: clock.now(), windowAt: clock.now(), to: clock.now() }
    let drained = true
    for (const [index, copies] of spec.copies.entries()) {
      this.#throwIfAborted()
      const messages = Array.from({ length: copies }, () => spec.together).flat().map((label) => ({
        label, utterance: this.#sayAtOnce(order, label, spec), leave: scenario.messages[label]?.leave, loses: scenario.messages[label]?.loses,
      }))
      const batch = await sayBatch({ target, messages, idleBefore: spec.idleBefore ?? 0, patience: this.#patience(order, spec), closeLater: this.#closeLater, clock, signal })
      if (index === 0) instants.windowAt = batch.dueAt
      instants.to = batch.to
      drained = drained && batch.drained
      said.push(...batch.said.map(({ label, message }) => ({ message, label, part: 'user' as const, copies })))
      if (mostAtOnce(batch.said.flatMap(({ message: { answer } }) => (answer === null ? [] : [answer]))) < copies && spec.copies.length > 1) break
    }
    // A model that is silent on purpose is not a system that does not drain.
    const isBroken = spec.together.some((label) => scenario.messages[label]?.fault !== undefined)
    return { ...instants, drained: drained || isBroken, said }
  }

  #walkGently(order: PhaseOrder, gently: GentleOrder): Promise<Walked> {
    const { scenario, clock, signal } = this.#options
    const { step } = gently
    if (step.kind === 'batch') return this.#walkBatches(order, { together: step.labels, copies: step.copies, repeat: 1, ...(step.via === undefined ? {} : { via: step.via }) })
    const spec = scenario.phases[order.phase]
    const longest = Math.max(0, ...Object.values(order.sizes.blockers))
    return sayGently({
      target: step.kind === 'alone' && step.via === 'model' ? this.#modelTarget() : this.#target(order.side.name),
      order: { ...gently, step },
      utterance: (label) => {
        const said = this.#say(order.side, label, order.sizes.blockers[label])
        return { ...said, maxTokens: Math.max(gently.mostTokens(label), said.mock?.tokens ?? 0) }
      },
      as: spec !== undefined && isWindow(spec) ? spec.as : undefined,
      leaveOf: (label) => scenario.messages[label]?.leave,
      patience: longest + Math.max(order.side.hasMock ? 0 : longestLoading, this.#failBound() + watchTime.elsewhere) + 10 * order.aloneTime,
      pace: this.#pace,
      closeLater: this.#closeLater,
      clock,
      signal,
    })
  }

  /** Ten times as long as a hello takes, so that what is said at once is told at once. */
  #sayAtOnce(order: PhaseOrder, label: string, { via }: TogetherPhase): Utterance {
    const lasts = this.#options.scenario.messages[label]?.mock.lasts
    return this.#say(order.side, label, lasts === undefined ? undefined : Math.max(lasts, 10 * order.aloneTime), via === 'model' ? this.#options.mock !== undefined && this.#options.model === undefined : order.side.hasMock)
  }

  /** How long a message of a batch may say nothing before it is hung: until the claim fails, and some more. */
  #patience({ side, aloneTime }: PhaseOrder, { together }: TogetherPhase): number {
    const { scenario } = this.#options
    const isBroken = together.some((label) => scenario.messages[label]?.fault !== undefined)
    const search = Math.max(0, ...together.map((label) => scenario.messages[label]?.mock.search?.takes ?? 0))
    return this.#failBound() + search + 10 * aloneTime + (side.kind === 'control' && isBroken ? watchTime.control : watchTime.elsewhere)
  }

  #observe({ side, gently }: PhaseOrder): { readonly what: Observed; readonly observer: ReturnType<StartObserver> }[] {
    const { scenario, observers } = this.#options
    const wanted = Object.entries(scenario.observe ?? {}) as [Observed, number][]
    return wanted.flatMap(([what, every]) => {
      const start = observers.get(side.name)?.[what]
      // A look at the model is a message, and not one that was announced.
      if (start === undefined || (gently !== undefined && what === 'model')) return []
      return [{ what, observer: start(gently === undefined ? every : Math.max(every, gentleCadence)) }]
    })
  }

  /** The gaps between content chunks of everything said so far, a histogram per side, phase and label. */
  histograms(): HistogramRecord[] {
    return this.#gaps.records()
  }

  #target(side: string): Target {
    const target = this.#options.targets.get(side)
    if (target === undefined) throw new RangeError(`side ${side} has no target`)
    return target
  }

  #modelTarget(): Target {
    const target = this.#options.model ?? this.#options.mock?.target
    if (target === undefined) throw new RangeError('nobody said where the model is')
    return target
  }

  #say(side: SideSpec, label: string, lasts: number | undefined, hasMock = side.hasMock): Utterance {
    const { scenario } = this.#options
    const { text = '', search, background, fault } = scenario.messages[label] ?? {}
    const utterance = this.#utterance(text, { ...mockAnswer(scenario, label, lasts), ...this.#options.shapes.get(side.name) }, hasMock)
    return {
      ...utterance,
      ...(side.tokensPerSecond === undefined ? {} : { maxTokens: wantedTokens(scenario, label, lasts, side.tokensPerSecond) }),
      ...(search === true ? { search } : {}),
      ...(background === true ? { background } : {}),
      ...(fault?.kind === 'offline' ? { offline: fault } : {}),
    }
  }

  /** What a side warms up with in a scenario that has no window. */
  #hello({ hasMock, tokensPerSecond }: SideSpec): Utterance {
    const utterance = this.#utterance('Hello', shortAnswer, hasMock)
    return tokensPerSecond === undefined ? utterance : { ...utterance, maxTokens: shortAnswer.tokens }
  }

  /** Where a real model listens each message begins with a word of its own: prompt prefixes are cached, and a cached hello is not a hello. */
  #utterance(text: string, answer: NonNullable<Utterance['mock']>, hasMock: boolean): Utterance {
    this.#messages += 1
    const id = `${this.#salt}-${this.#messages.toString(36)}`
    return hasMock ? { id, text, mock: answer } : { id, text: `${ownWord(id)}: ${text}`, mock: undefined }
  }

  /**
   * What the mock saw of the messages that have ended. For `awaited`, which our side has given up, it is asked for so long; a request of theirs that is
   * still open then has not been told that its client left, and is among them too.
   */
  async #collect(awaited: readonly string[] = [], patience = 0): Promise<JournalEntry[]> {
    const { mock, clock, signal } = this.#options
    if (mock === undefined) return []
    const giveUpAt = clock.now() + patience
    const entries = await this.#asking(() => mock.journal.collect())
    if (awaited.length > 0) {
      const open = async (): Promise<JournalEntry[]> => (await this.#asking(() => mock.journal.open())).filter(({ id }) => id !== null && awaited.includes(id))
      while ((await open()).length > 0 && clock.now() < giveUpAt && !signal.aborted) await rest(20, signal)
      entries.push(...await this.#asking(() => mock.journal.collect()), ...await open())
    }
    return entries.map((entry) => inRunTime(entry, clock.origin, this.#agreement))
  }

  /** How long a model is watched for whether it learns that its client left, ms. */
  #cancelPatience(): number {
    const bounds = Object.values(this.#options.scenario.claims).flatMap((claim) => (claim.measure === 'timeToCancel' ? [claim.bounds.fail] : []))
    return bounds.length === 0 ? 0 : Math.max(...bounds) + 500
  }

  /** A mock that is gone is no crash of ours, and no finding about the system: the run is lost. */
  async #asking<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      this.#throwIfAborted()
      // A defect of ours is a crash, and not a mock that is gone.
      if (error instanceof TypeError || error instanceof RangeError || (error instanceof Error && error.name === 'ZodError')) throw error
      throw new Interrupted(`lost: the mock does not answer any more (${error instanceof Error ? error.message : String(error)})`)
    }
  }

  #record(said: SaidMessage, place: Parameters<typeof messageRecord>[0], entries: readonly JournalEntry[]): MessageRecord {
    const answer = said.answer
    if (answer === null) throw new RangeError(`message ${said.utterance.id} has no answer although its phase is over`)
    this.#gaps.add(place, answer.gaps)
    const id = journalId(said.utterance)
    const own = entries.filter((entry) => entry.id === id)
    const upstream = upstreamOf(own, answer.firstTokenAt)
    const isPage = this.#options.targets.get(place.side)?.kind === 'open-webui-socket'
    return messageRecord(place, said.utterance, said.dueAt, isPage ? { ...answer, outcome: pageOutcome(answer, said.utterance, upstream) } : answer, upstream)
  }

  /** The largest time that a claim of the scenario still tolerates, ms. */
  #failBound(): number {
    return Math.max(0, ...Object.values(this.#options.scenario.claims).map((claim) => (claim.unit === 'ms' ? claim.bounds.fail : 0)))
  }

  #throwIfAborted(): void {
    if (this.#options.signal.aborted) throw new Interrupted(String(this.#options.signal.reason))
  }
}
