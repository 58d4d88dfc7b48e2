import { UsageError } from '../errors.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { RunRecord, SideSpec } from '../sample/run-file.ts'
import { gentleLimit } from '../stats/gentle-stall.ts'
import { median } from '../stats/quantile.ts'
import { ttft } from '../stats/ttft.ts'
import { type AnswerLimits, type GentleStep, leastInterval, plannedBlocker } from './gentle-plan.ts'
import { blockerDurations } from './plan.ts'

/** Of a blocker whose length nobody planned, this share of the shortest one so far is counted on. */
const reliableShare = 0.95
/** Between the latest moment at which a message is said and the one at which a stall would no longer show, ms. */
const spareTime = 50
/**
 * The limit hangs on the slowest of six quiet messages, two of which come later: a pair that was planned for the limit of the first four may turn out not to have been
 * exposed. With this many times that limit a free model that takes 8 s, give or take 10 %, passes in 73 % of simulated runs; with the limit itself in 42 %. None fails.
 */
const spareLimit = 2

/** What a gentle run has learnt of a side so far, and plans its next pair by. Times in ms. */
export class SideKnowledge {
  readonly #side: SideSpec
  readonly #header: RunRecord
  readonly #limits: AnswerLimits
  readonly #blocking: Readonly<Record<string, number>>
  #quiet: number[] = []
  /** Per blocker label, how long it blocked beyond what our mock had been asked for; the whole time, where no mock was asked. */
  readonly #beyond = new Map<string, number[]>()
  #thinks = false
  #answered = 0
  #seenByMock = 0

  constructor(side: SideSpec, header: RunRecord, limits: AnswerLimits) {
    this.#side = side
    this.#header = header
    this.#limits = limits
    this.#blocking = blockerDurations(header.scenario)
  }

  /** @throws {UsageError} where the mock has seen nothing of what the side answered, or the model thinks for longer than answers may be. */
  learn(step: GentleStep, messages: readonly MessageRecord[]): void {
    const answered = messages.filter(({ outcome }) => outcome.kind === 'answered')
    this.#answered += answered.length
    this.#seenByMock += answered.filter(({ upstream }) => upstream !== null).length
    if (this.#side.hasMock && this.#answered > 1 && this.#seenByMock === 0) throw this.#notBehind()
    if (step.kind === 'quiet') this.#quiet.push(...messages.map(ttft).filter(Number.isFinite))
    for (const message of answered) {
      if (message.part === 'blocker' || (step.kind === 'discarded' && step.isBlocker)) this.#learnLength(message)
      if (step.kind === 'discarded' || step.kind === 'quiet') this.#learnThinking(message)
    }
  }

  /** Median of the quiet messages so far; 0 before the first. */
  quietTime(): number {
    return median(this.#quiet) ?? 0
  }

  /** The limit as far as it is known now, `floor` before; the judge computes it from the whole run. */
  limit(floor: number): number {
    return this.#quiet.length === 0 ? floor : gentleLimit(this.#header.rules, this.#quiet)
  }

  /** How long our mock is asked to make the blocker; else how long it is expected to block. */
  planned(label: string): number {
    return this.#side.hasMock ? plannedBlocker(this.#blocking[label] ?? 0, this.#plannedLimit()) : this.#expected(label)
  }

  /**
   * How long after its blocker a message is said: a random moment, `share` of the way from the first at which it may be to the last at which a stalled one could still
   * be told from a quiet one.
   */
  delay(label: string, share: number): number {
    const latest = this.#expected(label) - this.#plannedLimit() - this.quietTime() - spareTime
    return leastInterval + share * Math.max(0, latest - leastInterval)
  }

  mostTokens(label: string): number {
    return this.#blocking[label] === undefined && !this.#thinks && this.#isSaidInWindows(label) ? this.#limits.hello : this.#limits.story
  }

  /** Per blocker label how long it is planned or expected to be, for the run file. */
  blockers(): Record<string, number> {
    return Object.fromEntries(Object.keys(this.#blocking).map((label) => [label, Math.ceil(this.planned(label))]))
  }

  #plannedLimit(): number {
    const { stallFloor, stallLimitFixed } = this.#header.rules
    return stallLimitFixed ? stallFloor : spareLimit * this.limit(stallFloor)
  }

  #isSaidInWindows(label: string): boolean {
    return Object.values(this.#header.scenario.phases).some((phase) => 'say' in phase && phase.say === label)
  }

  #expected(label: string): number {
    const beyond = this.#beyond.get(label) ?? [...this.#beyond.values()].flat()
    const shortest = beyond.length === 0 ? 0 : Math.min(...beyond)
    return this.#side.hasMock ? this.planned(label) + shortest : reliableShare * shortest
  }

  /** A search blocks until its first token, everything else to its end. */
  #learnLength(message: MessageRecord): void {
    const isSearch = this.#header.scenario.messages[message.label]?.search === true
    const blocked = (isSearch ? (message.firstTokenAt ?? message.endedAt) : message.endedAt) - message.startedAt
    const asked = this.#side.hasMock ? this.planned(message.label) : 0
    this.#beyond.set(message.label, [...(this.#beyond.get(message.label) ?? []), blocked - asked])
  }

  /** A model that thinks before it speaks is not to be cut off in the middle of its thoughts: its hellos may get as long as stories. */
  #learnThinking({ firstTokenAt, firstVisibleAt, label }: MessageRecord): void {
    if (firstTokenAt === null || firstVisibleAt === firstTokenAt) return
    const wasShort = this.mostTokens(label) < this.#limits.story
    this.#thinks = true
    const isAboutWords = Object.values(this.#header.scenario.claims).some(({ measure }) => measure === 'firstVisible')
    if (firstVisibleAt !== null || wasShort || !isAboutWords) return
    throw new UsageError({
      what: `${this.#side.name}: the model thought for all of ${this.#limits.story} tokens and said no word that a person reads.`,
      fix: 'Take a model that thinks less with --model, or --load full, which limits no answer.',
    })
  }

  #notBehind(): UsageError {
    const { name, url } = this.#side
    return new UsageError({
      what: `The mock has seen none of the messages that ${name} (${url}) answered: it is not the model behind it, or they are changed on their way.`,
      fix: 'Put the mock behind it and switch off what adds text behind the prompt, or leave out --mock: then lost words and the attribution are skipped.',
    })
  }
}
