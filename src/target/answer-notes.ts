import type { Outcome } from '../sample/message.ts'
import { failed, withoutSecrets } from './failure.ts'
import type { Answer, Clock, Utterance } from './target.ts'

/** When something was read, and how late that stamp may be, ms. */
export interface Stamp {
  readonly at: number
  readonly stampError: number
}

/** Content chunks that are closer together than this came in one piece, ms. */
const leastGap = 1

/** What is noted of an answer while it comes, whatever it comes over. Everything is told with the stamp of the read that it was in; after the end nothing changes any more. */
export class AnswerNotes {
  readonly answer: Answer
  readonly done: Promise<Answer>
  readonly firstToken: Promise<void>
  /** Events with content or something hidden. */
  tokens = 0
  isOver = false
  readonly #secrets: readonly string[]
  /** What the mock's numbered tokens begin with; undefined where no mock of ours answers. */
  readonly #tokenStart: string | undefined
  #resolveDone: (answer: Answer) => void = () => {}
  #resolveFirstToken: () => void = () => {}
  #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  #lastContentAt = 0
  #hidden = 0

  /** @param secrets what must be in no outcome. */
  constructor(clock: Clock, utterance: Utterance, secrets: readonly string[]) {
    this.#secrets = secrets
    this.#tokenStart = utterance.mock === undefined ? undefined : `${utterance.id}.`
    this.done = new Promise((resolve) => { this.#resolveDone = resolve })
    this.firstToken = new Promise((resolve) => { this.#resolveFirstToken = resolve })
    this.answer = {
      connection: { id: 0, kind: 'fresh', requestsBefore: 0, openedAt: null },
      startedAt: clock.now(), sentAt: null, headersAt: null, firstEventAt: null, firstTokenAt: null, firstVisibleAt: null, endedAt: 0,
      stampError: 0, endStampError: 0, chunks: 0, coalesced: 0, gaps: [], sources: 0, text: '', usageTokens: null, outcome: { kind: 'answered' },
    }
  }

  /** Resolves when so many tokens have come, and at the end. Numbered ones are counted themselves: a gateway may put several into one event. */
  afterTokens(count: number): Promise<void> {
    if (this.isOver || this.#counted >= count) return Promise.resolve()
    return new Promise((resolve) => { this.#waiting.push({ count, resolve }) })
  }

  onEvent({ at }: Stamp): void {
    this.answer.firstEventAt ??= at
  }

  onSources(count: number): void {
    this.answer.sources += count
  }

  onDelta(delta: { readonly content: string; readonly hidden: string }, stamp: Stamp): void {
    const answer = this.answer
    this.tokens += 1
    if (answer.firstTokenAt === null) {
      answer.firstTokenAt = stamp.at
      answer.stampError = stamp.stampError
      this.#resolveFirstToken()
    }
    if (delta.content === '') this.#hidden += 1
    else this.#onContent(delta.content, stamp)
    if (this.#waiting.length > 0) this.#tellWaiting()
  }

  /** All of the text at once, in place of a part with holes. */
  onWholeText(whole: string, stamp: Stamp): void {
    this.onDelta({ content: whole, hidden: '' }, stamp)
    this.answer.text = whole
  }

  /** The first end is the answer's. */
  end({ at, stampError }: Stamp, outcome: Outcome, usageTokens: number | null): void {
    if (this.isOver) return
    this.isOver = true
    const answer = this.answer
    answer.endedAt = at
    answer.endStampError = stampError
    answer.outcome = withoutSecrets(outcome.kind === 'failed' ? failed(outcome.code, outcome.detail, this.tokens) : outcome, this.#secrets)
    answer.usageTokens = usageTokens
    if (answer.firstTokenAt === null) answer.stampError = stampError
    this.#resolveFirstToken()
    for (const { resolve } of this.#waiting) resolve()
    this.#resolveDone(answer)
  }

  #onContent(content: string, { at, stampError }: Stamp): void {
    const answer = this.answer
    // A line break that a model begins with is no word yet.
    if (answer.firstVisibleAt === null && /\S/.test(content)) {
      answer.firstVisibleAt = at
      answer.stampError = Math.max(answer.stampError, stampError)
    }
    if (answer.chunks > 0) {
      const gap = at - this.#lastContentAt
      answer.gaps.push(gap)
      if (gap < leastGap) answer.coalesced += 1
    }
    this.#lastContentAt = at
    answer.chunks += 1
    answer.text += content
  }

  get #counted(): number {
    return this.#tokenStart === undefined ? this.tokens : this.#hidden + this.answer.text.split(this.#tokenStart).length - 1
  }

  #tellWaiting(): void {
    const tokens = this.#counted
    for (const { count, resolve } of this.#waiting) if (tokens >= count) resolve()
    this.#waiting = this.#waiting.filter(({ count }) => tokens < count)
  }
}
