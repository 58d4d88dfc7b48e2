import type { Outcome } from '../../sample/message.ts'
import { failed, withoutSecrets } from '../failure.ts'
import type { Answer, Clock, Exchange, Utterance } from '../target.ts'
import type { Look } from './page-eyes.ts'
import type { PageReport } from './page-watch.ts'

/** A page in which a message is typed, and has only to be sent. */
export interface ReadyPage {
  readonly connection: Answer['connection']
  /** Run time = page time + offset, to ± bound, ms. */
  readonly clock: { readonly offset: number; readonly bound: number }
  onReport(listener: (report: PageReport) => void): void
  press(): Promise<void>
  /** Presses Stop; false where there is none. */
  stop(): Promise<boolean>
  goOffline(): Promise<void>
  text(): Promise<string>
  /** Takes a picture; its name, or undefined where none was to be taken. */
  picture(outcome: Outcome): Promise<string | undefined>
}

/** How a page came to be ready, or why it did not. */
export type Preparation = ReadyPage | { readonly problem: Outcome }

/** After the answer has ended its error may still be on the way to the screen; and between two states of a page nothing may seem to go on, ms. */
const settling = 400
/** An error that is shown while the answer goes on may be about something else: it ends the answer if nothing of it comes for so long, ms. */
const patienceWithErrors = 1_500
/** What was on its way when the network went may be painted so much later; of a page that shows more words then, the network did not go, ms. */
const lateWords = 1_000
/** A press that the page has not seen by then was none, ms. */
const longestPress = 10_000
/** A page that takes longer to tell what it shows, or to have its picture taken, tells nothing any more, ms. */
const longestLeave = 20_000

/**
 * A message said in a page, and what its person sees of the answer, when it is painted. Every instant but that of an abort is the page's own, told in run time: the
 * generator's event loop has no part in them. A stamp is put at the latest instant that the two clocks allow, and its error bound reaches back to the earliest.
 */
export class PageExchange implements Exchange {
  readonly done: Promise<Answer>
  readonly firstToken: Promise<void>
  readonly #clock: Clock
  readonly #utterance: Utterance
  readonly #secrets: readonly string[]
  readonly #answer: Answer
  #page: ReadyPage | undefined
  #resolveDone: (answer: Answer) => void = () => {}
  #resolveFirstToken: () => void = () => {}
  #onPressed: () => void = () => {}
  #onStopped: (at: number) => void = () => {}
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  #look: Look = { isLegible: false, length: 0, tokens: 0, sources: 0, isBusy: false, error: null }
  #wasBusy = false
  #lastPaintedAt = 0
  #lastWordsAt = 0
  /** The end, as it was painted; undefined while the answer goes on. */
  #end: { readonly at: number; readonly stampError: number } | undefined
  #error: { readonly at: number; readonly stampError: number; readonly text: string } | undefined
  /** Between which instants the page lost its network; undefined where it did not. */
  #offline: { readonly from: number; readonly to: number } | undefined
  #pressedAt: number | undefined
  #settling: NodeJS.Timeout | undefined
  #isOver = false

  constructor({ clock, utterance, secrets }: { readonly clock: Clock; readonly utterance: Utterance; readonly secrets: readonly string[] }) {
    this.#clock = clock
    this.#utterance = utterance
    this.#secrets = secrets
    this.done = new Promise((resolve) => { this.#resolveDone = resolve })
    this.firstToken = new Promise((resolve) => { this.#resolveFirstToken = resolve })
    this.#answer = {
      connection: { id: 0, kind: 'fresh', requestsBefore: 0, openedAt: null },
      startedAt: clock.now(), sentAt: null, headersAt: null, firstEventAt: null, firstTokenAt: null, firstVisibleAt: null, endedAt: 0,
      stampError: 0, endStampError: 0, chunks: 0, coalesced: 0, gaps: [], sources: 0, text: '', usageTokens: null, outcome: { kind: 'answered' },
    }
  }

  /** Sends what is typed; ends at once where the page did not become ready. */
  async begin(preparation: Preparation): Promise<void> {
    if (this.#isOver) return
    if ('problem' in preparation) {
      this.#finishNow(preparation.problem)
      return
    }
    const page = preparation
    this.#page = page
    this.#answer.connection = page.connection
    page.onReport((report) => this.#onReport(report))
    const { offline } = this.#utterance
    if (offline !== undefined && 'afterTokens' in offline) void this.afterTokens(offline.afterTokens).then(() => (this.#isOver || this.#end !== undefined ? undefined : this.#goOffline(page))).catch(() => {})
    const pressed = new Promise<boolean>((resolve) => {
      this.#onPressed = () => resolve(true)
      setTimeout(() => resolve(false), longestPress).unref()
    })
    try {
      if (offline !== undefined && 'before' in offline) await this.#goOffline(page)
      this.#answer.startedAt = this.#clock.now()
      await page.press()
      if (!await pressed) this.#finishNow(failed('hung', `the page took no notice of the press of send for ${longestPress / 1_000} s`, 0))
    } catch (error) {
      this.#finishNow(failed('cancelled', `the browser: ${error instanceof Error ? error.message : String(error)}`, 0))
    }
  }

  afterTokens(count: number): Promise<void> {
    if (this.#isOver || this.#look.tokens >= count) return Promise.resolve()
    return new Promise((resolve) => { this.#waiting.push({ count, resolve }) })
  }

  lastReadAt(): number {
    return Math.max(this.#answer.startedAt, this.#answer.headersAt ?? 0, this.#lastPaintedAt)
  }

  abort(outcome: Outcome): void {
    if (this.#isOver) return
    // What had ended, and was only waited for to settle, has ended by itself.
    if (this.#error !== undefined || (this.#end !== undefined && !this.#isUnseen)) this.#settle()
    else this.#finishNow(outcome)
  }

  /** The network goes somewhere between the order and its acknowledgement. One that was never acknowledged may not have gone at all. */
  async #goOffline(page: ReadyPage): Promise<void> {
    this.#offline = { from: this.#clock.now(), to: Infinity }
    try {
      await page.goOffline()
      // Words that went on meanwhile have shown that it did not go.
      if (this.#offline !== undefined) this.#offline = { ...this.#offline, to: this.#clock.now() }
    } catch (error) {
      this.#offline = undefined
      throw error
    }
  }

  /** Put at the earliest instant, so that the time to the error is the longest that it can have been; the bound reaches on to the latest. */
  #noteOffline(): void {
    if (this.#offline === undefined) return
    const { from, to } = this.#offline
    const { bound } = this.#page?.clock ?? { bound: 0 }
    // Before the press nobody waits for anything.
    const [earliest, latest] = this.#pressedAt === undefined ? [from, to] : [Math.max(from, this.#pressedAt - bound), Math.max(to, this.#pressedAt + bound)]
    this.#answer.offlineAt = earliest
    this.#answer.offlineStampError = Math.max(0, Math.min(latest, this.#clock.now()) - earliest)
  }

  #onReport(report: PageReport): void {
    const answer = this.#answer
    if (report.kind === 'stopped') this.#onStopped(this.#inRunTime(report.at))
    if (this.#isOver) return
    switch (report.kind) {
      case 'pressed':
        answer.startedAt = this.#inRunTime(report.at)
        this.#pressedAt = answer.startedAt
        this.#onPressed()
        return
      case 'requested':
        answer.sentAt ??= report.sentAt > 0 ? this.#inRunTime(report.sentAt) : null
        answer.headersAt ??= report.headersAt > 0 ? this.#inRunTime(report.headersAt) : null
        return
      case 'stopped': return
      case 'painted': this.#onPainted(report)
    }
  }

  #onPainted({ frameAt, at, look }: Extract<PageReport, { kind: 'painted' }>): void {
    const before = this.#look
    this.#look = look
    const bound = this.#page?.clock.bound ?? 0
    const painted = { at: this.#inRunTime(at) + bound, stampError: at - frameAt + 2 * bound }
    this.#lastPaintedAt = painted.at
    if (look.length > before.length) this.#onWords(painted)
    if (look.isLegible && this.#answer.firstVisibleAt === null) {
      this.#answer.firstTokenAt = painted.at
      this.#answer.firstVisibleAt = painted.at
      this.#answer.stampError = painted.stampError
      this.#resolveFirstToken()
      if (this.#end !== undefined) this.#end = painted
    }
    this.#answer.sources = Math.max(this.#answer.sources, look.sources)
    this.#tellWaiting()
    if (look.error !== null) this.#error ??= { ...painted, text: look.error }
    this.#wasBusy ||= look.isBusy
    const hasEnded = !look.isBusy && (this.#wasBusy || look.length > 0)
    this.#end = hasEnded ? this.#end ?? painted : undefined
    this.#awaitRest()
  }

  #onWords({ at, stampError }: { readonly at: number; readonly stampError: number }): void {
    const answer = this.#answer
    if (this.#offline !== undefined && at - stampError > this.#offline.to + lateWords) this.#offline = undefined
    if (answer.chunks > 0) answer.gaps.push(at - this.#lastWordsAt)
    answer.chunks += 1
    this.#lastWordsAt = at
    // It goes on: what was shown as an error was about something else, unless it says so again.
    if (this.#error !== undefined && this.#look.error === null) this.#error = undefined
  }

  /** Waits for what may belong to the end. Each change begins the wait anew. */
  #awaitRest(): void {
    clearTimeout(this.#settling)
    if (this.#end !== undefined && !this.#isUnseen) this.#settling = setTimeout(() => this.#settle(), settling)
    else if (this.#error !== undefined) this.#settling = setTimeout(() => this.#settle(), patienceWithErrors)
  }

  /** Words are there that nobody can see yet: they are being faded in, and until they are there nothing has ended for whoever waits. */
  get #isUnseen(): boolean {
    return this.#look.length > 0 && this.#answer.firstVisibleAt === null
  }

  #settle(): void {
    const { tokens, length } = this.#look
    if (this.#error !== undefined) {
      const { at, stampError, text } = this.#error
      void this.#finish(failed('error-event', text === '' ? 'an error without words' : text, tokens), at, stampError)
    } else if (this.#end !== undefined) void this.#finish(length > 0 ? { kind: 'answered' } : failed('empty', 'the page shows an end and no word', 0), this.#end.at, this.#end.stampError)
  }

  #finishNow(outcome: Outcome): void {
    const at = this.#clock.now()
    void this.#finish(outcome, at, this.#clock.stampError(at))
  }

  async #finish(outcome: Outcome, at: number, stampError: number): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#settling)
    const answer = this.#answer
    answer.endedAt = at
    answer.endStampError = stampError
    answer.outcome = withoutSecrets(outcome.kind === 'failed' ? failed(outcome.code, outcome.detail, this.#look.tokens) : outcome, this.#secrets)
    if (answer.firstTokenAt === null) answer.stampError = stampError
    this.#resolveFirstToken()
    for (const { resolve } of this.#waiting) resolve()
    if (this.#page !== undefined) {
      let timer: NodeJS.Timeout | undefined
      await Promise.race([this.#leave(this.#page, answer), new Promise((resolve) => { timer = setTimeout(resolve, longestLeave) })])
      clearTimeout(timer)
    }
    this.#noteOffline()
    this.#resolveDone(answer)
  }

  /** What is only known, or done, when the answer is over. A page that is gone has nothing more to say. */
  async #leave(page: ReadyPage, answer: Answer): Promise<void> {
    try {
      const isLeft = answer.outcome.kind === 'failed' && answer.outcome.code === 'cancelled'
      if (isLeft && !await this.#pressStop(page)) answer.outcome = failed('hung', 'the page had no Stop to press', this.#look.tokens)
      answer.text = await page.text()
      const picture = await page.picture(answer.outcome)
      if (picture !== undefined) answer.screenshot = picture
      if (!isLeft && this.#look.isBusy) await page.stop()
    } catch {
      // The browser was closed under it.
    }
  }

  /** Who leaves has left when Stop was pressed, and not when we set out to press it; false where it could not be pressed. */
  async #pressStop(page: ReadyPage): Promise<boolean> {
    const stopped = new Promise<number | undefined>((resolve) => {
      this.#onStopped = resolve
      setTimeout(() => resolve(undefined), longestPress).unref()
    })
    const stoppedAt = await page.stop() ? await stopped : undefined
    if (stoppedAt === undefined) return false
    const { bound } = page.clock
    this.#answer.endedAt = stoppedAt + bound
    this.#answer.endStampError = 2 * bound
    return true
  }

  #tellWaiting(): void {
    for (const { count, resolve } of this.#waiting) if (this.#look.tokens >= count) resolve()
    this.#waiting = this.#waiting.filter(({ count }) => this.#look.tokens < count)
  }

  #inRunTime(at: number): number {
    return at + (this.#page?.clock.offset ?? 0)
  }
}
