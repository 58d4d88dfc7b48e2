import type { Answer, Clock, Exchange, Session, Utterance } from '../../target/target.ts'

/** One message of a window: when the plan wants it said, and over which session. */
export interface PlannedProbe {
  readonly dueAt: number
  /** Asked when it is due: by then it is known which connection is warm. */
  readonly session: () => Session
  readonly utterance: Utterance
}

/** A message that was said, or is being said. */
export interface SaidMessage {
  readonly dueAt: number
  readonly utterance: Utterance
  readonly exchange: Exchange
  answer: Answer | null
}

/** Says it and keeps the answer when it comes. */
export function say(session: Session, utterance: Utterance, dueAt: number): SaidMessage {
  const exchange = session.say(utterance)
  const said: SaidMessage = { dueAt, utterance, exchange, answer: null }
  void exchange.done.then((answer) => { said.answer = answer })
  return said
}

/**
 * Says each probe at its due time, never early, whatever became of those before it: an open model, so that a slow answer hides nobody's wait.
 * Resolves when the last one is said. `onSaid` is called for each, so that an abort can reach them all.
 */
export function sayWindow(probes: readonly PlannedProbe[], clock: Clock, onSaid: (said: SaidMessage) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let next = 0
    let timer: NodeJS.Timeout | undefined
    const stop = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const step = (): void => {
      for (;;) {
        const probe = probes[next]
        if (probe === undefined || signal.aborted) {
          signal.removeEventListener('abort', stop)
          resolve()
          return
        }
        const wait = probe.dueAt - clock.now()
        if (wait > 0) {
          timer = setTimeout(step, Math.ceil(wait))
          return
        }
        next += 1
        onSaid(say(probe.session(), probe.utterance, probe.dueAt))
      }
    }
    signal.addEventListener('abort', stop, { once: true })
    step()
  })
}

/** Evenly spaced due times: `count` of them from `from` on, at `rate` per second. */
export function dueTimes(from: number, count: number, rate: number): number[] {
  return Array.from({ length: count }, (_, index) => from + (index * 1_000) / rate)
}

/** Resolves true when all are answered, false when the time is up or the run is stopped first. */
export async function answered(messages: readonly SaidMessage[], milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (messages.every((message) => message.answer !== null)) return true
  return before(Promise.all(messages.map((message) => message.exchange.done)), milliseconds, signal)
}

/** A system that does not even answer the opening request must not hold anything up: what it does to the messages is the data. */
const warmUpTime = 5_000

/** Opens all of them at once, each by a request in flight together with the others. Resolves when all are open, or after 5 s; `onWarm` is told of each. */
export async function warmAll(sessions: readonly Session[], signal: AbortSignal, onWarm: (session: Session) => void = () => {}): Promise<void> {
  await before(Promise.all(sessions.map(async (session) => {
    await session.warm()
    onWarm(session)
  })), warmUpTime, signal)
}

/** A page that has not come by then is said to all the same, and its message fails, ms. */
const longestPreparation = 120_000

/** Lets every session that is a page get ready for what it is going to say. @throws {UsageError} where no browser can be started. */
export async function prepareAll(messages: readonly { readonly session: Session; readonly utterance: Utterance }[], signal: AbortSignal): Promise<void> {
  const preparing = messages.flatMap(({ session, utterance }) => (session.prepare === undefined ? [] : [session.prepare(utterance)]))
  if (preparing.length > 0) await before(Promise.all(preparing), longestPreparation, signal)
}

/** Rests for so long, or until the run is stopped. */
export async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await before(new Promise(() => {}), milliseconds, signal)
}

/** Whether it comes about before the time is up and before the run is stopped. */
export async function before(event: Promise<unknown>, milliseconds: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  let stop = (): void => {}
  const stopped = new Promise<false>((resolve) => {
    const timer = setTimeout(() => resolve(false), milliseconds)
    const onAbort = (): void => resolve(false)
    signal.addEventListener('abort', onAbort)
    stop = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
  })
  try {
    return await Promise.race([event.then(() => true), stopped])
  } finally {
    stop()
  }
}
