import { failed } from './failure.ts'
import type { Answer, Beside, Exchange, Session, Target, Utterance } from './target.ts'

/** The most that may be said to targets that we did not start, and that may come back; absent ones have no limit. */
export interface Ceilings {
  readonly messages?: number | undefined
  /** Of answers, counted as the chunks that were seen, or as `usage` counts them where that is more. */
  readonly tokens?: number | undefined
}

/** So many failures in a row that no fault explains, and a target has enough. */
const mostFailures = 3
/** "Not now": a target that says so is not asked again. */
const refusals = /^(429|503)\b/

/**
 * Keeps count of everything that is said to targets that have users of their own, or cost money, over all scenarios of a command. Its signal is aborted
 * once and for good, with the reason as the run file keeps it, where a ceiling is reached (`ceiling: …`) or a target has enough (`breaker: …`). Whoever
 * runs the messages breaks off those in flight.
 */
export class Guard {
  readonly #controller = new AbortController()
  readonly #ceilings: Ceilings
  readonly #onTrip: (reason: string) => void
  /** Per target, by the name of its side: failures since the last answer. */
  readonly #failures = new Map<string, number>()
  #messages = 0
  #tokens = 0

  constructor(ceilings: Ceilings = {}, onTrip: (reason: string) => void = () => {}) {
    this.#ceilings = ceilings
    this.#onTrip = onTrip
  }

  /** Aborted with the reason when nothing more is to be said. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** What was said and what came back so far. */
  get counts(): { readonly messages: number; readonly tokens: number } {
    return { messages: this.#messages, tokens: this.#tokens }
  }

  /** Whether one more message may be said, which is then counted. */
  admits(): boolean {
    const { messages } = this.#ceilings
    if (messages !== undefined && this.#messages >= messages) this.#trip(`ceiling: ${this.#messages} messages were said, as many as --max-messages allows`)
    if (this.signal.aborted) return false
    this.#messages += 1
    return true
  }

  /** How many more tokens may come; undefined where there is no ceiling. */
  get tokensLeft(): number | undefined {
    return this.#ceilings.tokens === undefined ? undefined : Math.max(0, this.#ceilings.tokens - this.#tokens)
  }

  /** One answer that is under way has had all that was left. */
  usedUp(): void {
    this.#trip(`ceiling: ${this.#ceilings.tokens ?? 0} answer tokens came, as many as --max-tokens allows`)
  }

  /** A message to `side` has ended. What a fault of ours explains, and what we ended ourselves, says nothing of the target. */
  ended(side: string, utterance: Utterance, { outcome, chunks, usageTokens }: Pick<Answer, 'outcome' | 'chunks' | 'usageTokens'>): void {
    this.#tokens += Math.max(chunks, usageTokens ?? 0)
    if (this.tokensLeft === 0) this.usedUp()
    if (utterance.mock?.fault !== undefined || utterance.offline !== undefined) return
    if (outcome.kind === 'answered') {
      this.#failures.set(side, 0)
      return
    }
    // One that was answered, and told to somebody else, is no sign that the target has enough.
    if (outcome.code === 'cancelled' || outcome.code === 'not-delivered') return
    const what = `${outcome.code}${outcome.detail === '' ? '' : ` (${outcome.detail})`}`
    if (outcome.code === 'http-status' && refusals.test(outcome.detail)) this.breaks(`${side} answered ${outcome.detail}`)
    const failures = (this.#failures.get(side) ?? 0) + 1
    this.#failures.set(side, failures)
    if (failures >= mostFailures) this.breaks(`${failures} messages to ${side} failed in a row, the last one with ${what}`)
  }

  /** A target has enough, for the reason given: a part of a sentence. */
  breaks(reason: string): void {
    this.#trip(`breaker: ${reason}`)
  }

  #trip(reason: string): void {
    if (this.signal.aborted) return
    this.#controller.abort(reason)
    this.#onTrip(reason)
  }
}

/** The target, with each message's start and end told to the guard; a message that the guard does not admit is not said. `side` is what its reasons call the target. */
export function guarded(target: Target, guard: Guard, side: string): Target {
  const inside = new WeakMap<Session, Session>()
  const seen = (beside: Beside | undefined): Beside | undefined => (beside === undefined ? undefined : { ...beside, session: inside.get(beside.session) ?? beside.session })
  return {
    kind: target.kind,
    url: target.url,
    ...(target.close === undefined ? {} : { close: async () => target.close?.() }),
    open: (beside) => {
      const session = target.open(seen(beside))
      const made = guardedSession(session, guard, side)
      inside.set(made, session)
      return made
    },
  }
}

function guardedSession(session: Session, guard: Guard, side: string): Session {
  return {
    warm: () => session.warm(),
    ...(session.prepare === undefined ? {} : { prepare: async (utterance: Utterance) => session.prepare?.(utterance) }),
    close: () => session.close(),
    say: (utterance) => {
      if (!guard.admits()) return unsaid()
      const exchange = session.say(utterance)
      let isOver = false
      void exchange.done.then((answer) => {
        isOver = true
        guard.ended(side, utterance, answer)
      })
      const left = guard.tokensLeft
      // Resolves at the end too: an answer that has ended by itself was counted above.
      if (left !== undefined) void exchange.afterTokens(left).then(() => { setTimeout(() => { if (!isOver) guard.usedUp() }, 0) })
      return exchange
    },
  }
}

/** What a message that was not said comes to. Nobody keeps it: the run is over. */
function unsaid(): Exchange {
  const answer: Answer = {
    connection: { id: 0, kind: 'fresh', requestsBefore: 0, openedAt: null }, startedAt: 0, sentAt: null, headersAt: null, firstEventAt: null, firstTokenAt: null, firstVisibleAt: null, endedAt: 0,
    stampError: 0, chunks: 0, gaps: [], text: '', usageTokens: null, sources: 0, coalesced: 0, endStampError: 0, outcome: failed('cancelled', 'not said: the run was stopped', 0),
  }
  return { done: Promise.resolve(answer), firstToken: Promise.resolve(), afterTokens: () => Promise.resolve(), lastReadAt: () => 0, abort: () => {} }
}
