import type { MessageRecord } from '../../sample/message.ts'
import type { CalibrationRecord, HistogramRecord, SideSpec } from '../../sample/run-file.ts'
import type { Target, Utterance } from '../../target/target.ts'
import { type Engine, type EngineSetting, Interrupted, type PhaseOrder, type PhaseReport, type SideMeasurement } from '../engine.ts'
import { type Problem, UsageError } from '../../errors.ts'
import type { ClockPing, Journal, JournalEntry } from '../../sample/journal.ts'
import { clockAgreement, type ClockAgreement, inRunTime, upstreamOf } from '../journal.ts'
import { longestDelivery, mockAnswer } from '../plan.ts'
import { messageRecord, toMicrosecond } from '../records.ts'
import { calibrate } from './calibration.ts'
import type { RunClock } from './clock.ts'
import { GapHistograms } from './gap-histograms.ts'
import { walkPhase } from './phase.ts'
import { measureSide } from './side-measurement.ts'
import type { SaidMessage } from './window.ts'

export interface NodeEngineOptions extends EngineSetting {
  readonly clock: RunClock
  /** A target per side name. */
  readonly targets: ReadonlyMap<string, Target>
  /** Our mock behind the targets, asked directly; absent where there is none. */
  readonly mock: { readonly target: Target; readonly journal: Journal } | undefined
}

/** How many readings of the mock's clock are taken; the fastest counts. */
const pings = 20
/** A system drains in this time plus what a message takes alone, plus four times what its window costs it, ms. */
const drainTime = 10_000
/** Beyond its fail bound, a blocker is watched for this long, ms. */
const watchTime = 30_000

/** The engine that says messages from this very process: undici connections, one clock, one event loop that is watched. */
export class NodeEngine implements Engine {
  readonly #options: NodeEngineOptions
  readonly #gaps = new GapHistograms()
  readonly #salt: string
  #messages = 0
  #agreement: ClockAgreement = { offset: 0, bound: 0, oneClock: true }

  constructor(options: NodeEngineOptions) {
    this.#options = options
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
    const record = await this.#asking(() => calibrate({ ...mock, clock, signal, utterance: () => this.#utterance('calibration', { tokens: 1, firstTokenAfter: 2, gap: 20 }, true), agreement: this.#agreement }))
    this.#throwIfAborted()
    return record
  }

  async measure(sides: readonly SideSpec[]): Promise<SideMeasurement[]> {
    const { scenario, rules, clock, signal } = this.#options
    const label = Object.values(scenario.phases)[0]?.say ?? ''
    const said = new Map<string, string>()
    const utterance = (side: SideSpec): Utterance => {
      const spoken = this.#say(side, label, undefined)
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
    const { scenario, clock, signal } = this.#options
    const spec = scenario.phases[order.phase]
    if (spec === undefined) throw new RangeError(`the scenario has no phase ${order.phase}`)
    const { sizes, side } = order
    const blocker = spec.while
    const lasts = blocker === undefined ? 0 : (sizes.blockers[blocker.say] ?? 0)
    clock.longestBlock()
    const walked = await walkPhase({
      target: this.#target(side.name),
      probe: () => this.#say(side, spec.say, undefined),
      blockers: Array.from({ length: blocker?.copies ?? 0 }, () => () => this.#say(side, blocker?.say ?? '', lasts)),
      probesPerKind: sizes.probesPerKind,
      rate: sizes.rate,
      windowAfter: order.quietTime + 100,
      blockerCap: lasts * (blocker?.copies ?? 1) + this.#failBound() + watchTime,
      drainTime: drainTime + order.aloneTime + 4 * sizes.probesPerKind * sizes.serviceTime,
      clock,
      signal,
    })
    const longestBlock = clock.longestBlock()
    const entries = signal.aborted ? [] : await this.#collect()
    const place = { side: side.name, round: order.round, attempt: order.attempt, phase: order.phase }
    const messages = [
      ...walked.blockers.map((said) => this.#record(said, { ...place, label: blocker?.say ?? '', part: 'blocker' }, entries)),
      ...walked.probes.map((said) => this.#record(said, { ...place, label: spec.say, part: 'probe' }, entries)),
    ]
    this.#throwIfAborted()
    const onTime = longestDelivery(sizes.rate, order.stallLimit)
    return {
      messages,
      longestBlock,
      record: {
        type: 'phase', ...place,
        from: toMicrosecond(walked.from), windowAt: toMicrosecond(walked.windowAt), to: toMicrosecond(walked.to),
        offered: 2 * sizes.probesPerKind,
        delivered: messages.filter((message) => message.part === 'probe' && message.startedAt - message.dueAt <= onTime).length,
        drained: walked.drained,
      },
    }
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

  #say(side: SideSpec, label: string, lasts: number | undefined): Utterance {
    const { scenario } = this.#options
    return this.#utterance(scenario.messages[label]?.text ?? '', mockAnswer(scenario, label, lasts), side.hasMock)
  }

  /** Where a real model listens each message begins with a word of its own: prompt prefixes are cached, and a cached hello is not a hello. */
  #utterance(text: string, answer: NonNullable<Utterance['mock']>, hasMock: boolean): Utterance {
    this.#messages += 1
    const id = `${this.#salt}-${this.#messages.toString(36)}`
    return hasMock ? { id, text, mock: answer } : { id, text: `${id}: ${text}`, mock: undefined }
  }

  async #collect(): Promise<JournalEntry[]> {
    const { mock, clock } = this.#options
    if (mock === undefined) return []
    const entries = await this.#asking(() => mock.journal.collect())
    return entries.map((entry) => inRunTime(entry, clock.origin, this.#agreement))
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
    const own = entries.filter((entry) => entry.id === said.utterance.id)
    return messageRecord(place, said.utterance, said.dueAt, answer, upstreamOf(own, answer.firstTokenAt))
  }

  /** The largest time that a claim of the scenario still tolerates, ms. */
  #failBound(): number {
    return Math.max(0, ...Object.values(this.#options.scenario.claims).map((claim) => (claim.unit === 'ms' ? claim.bounds.fail : 0)))
  }

  #throwIfAborted(): void {
    if (this.#options.signal.aborted) throw new Interrupted(String(this.#options.signal.reason))
  }
}
