import type { Answer, Clock, Exchange, Session, Utterance } from '../../target/target.ts'

/** One message of a window: when the plan wants it said, and over which session. */
export interface PlannedProbe {
  readonly dueAt: number
  readonly session: Session
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
        onSaid(say(probe.session, probe.utterance, probe.dueAt))
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

/** Resolves true when all are answered, false when the time is up first. */
export async function answered(messages: readonly SaidMessage[], milliseconds: number): Promise<boolean> {
  if (messages.every((message) => message.answer !== null)) return true
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<false>((resolve) => { timer = setTimeout(() => resolve(false), milliseconds) })
  const all = Promise.all(messages.map((message) => message.exchange.done)).then(() => true)
  const result = await Promise.race([all, timeUp])
  clearTimeout(timer)
  return result
}
