import type { MessageRecord } from '../../sample/message.ts'
import { failed } from '../../target/failure.ts'
import type { Clock, Session, Target, Utterance } from '../../target/target.ts'
import type { GentleOrder } from '../engine.ts'
import { leastInterval, type SingleStep } from '../gentle-plan.ts'
import { abortAll, toldToItsEnd } from './phase.ts'
import { before, prepareAll, rest, type SaidMessage, say } from './window.ts'

/**
 * Lets messages begin one by one, at least a second apart, whoever they are said to; and a second after the last one ended: a system that makes messages wait
 * for each other would hand them to its model in a bunch.
 */
export class Pace {
  readonly #clock: Clock
  #lastAt: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#lastAt = clock.now()
  }

  /** Resolves when the next message may begin, with the instant at which it was due, `wantedAt` or as soon after it as may be; earlier where the run is stopped. */
  async turn(signal: AbortSignal, wantedAt = this.#clock.now()): Promise<number> {
    const dueAt = Math.max(wantedAt, this.#lastAt + leastInterval)
    // A timer may go off a little early.
    while (this.#clock.now() < dueAt && !signal.aborted) await rest(Math.max(1, dueAt - this.#clock.now()), signal)
    return dueAt
  }

  /** A message began, or ended. */
  touched(): void {
    this.#lastAt = this.#clock.now()
  }
}

export interface GentleRequest {
  readonly target: Target
  readonly order: GentleOrder & { readonly step: SingleStep }
  readonly utterance: (label: string) => Utterance
  /** After how many tokens the person leaves; undefined for one who stays. */
  readonly leaveAfter: (label: string) => number | undefined
  /** A message from which nothing has come for so long is hung, ms. */
  readonly patience: number
  readonly pace: Pace
  readonly clock: Clock
  readonly signal: AbortSignal
}

interface SaidGently {
  readonly from: number
  readonly windowAt: number
  readonly to: number
  readonly drained: boolean
  readonly said: readonly { readonly message: SaidMessage; readonly label: string; readonly part: MessageRecord['part']; readonly copies: undefined }[]
}

type Said = SaidGently['said'][number]

/** One step of a gentle run, begun with nothing in flight and waited for to its end. Each message has a connection of its own, quiet or not. */
export async function sayGently(request: GentleRequest): Promise<SaidGently> {
  const { order: { step }, clock, signal } = request
  const from = clock.now()
  const said: Said[] = []
  const onAbort = (): void => abortAll(said.map(({ message }) => message), 'cancelled', 'the run was interrupted')
  signal.addEventListener('abort', onAbort)
  try {
    let drained = true
    if (step.kind === 'pair') drained = await sayPair(request, step, said)
    else {
      const part = step.kind === 'discarded' ? 'warm-up' : step.kind === 'quiet' ? 'probe' : 'user'
      for (let count = 0; count < (step.kind === 'quiet' ? step.count : 1) && !signal.aborted; count += 1) {
        const message = await sayOne(request, step.label, part, said)
        if (message !== undefined) drained = await toldToItsEnd([message], request.patience, request) && drained
      }
    }
    await Promise.all(said.map(({ message }) => message.exchange.done))
    return { from, windowAt: said[0]?.message.dueAt ?? from, to: clock.now(), drained, said }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** The blocker, and the message in the middle of it. Where the blocker has ended by then nothing more is said: behind it nobody would wait. */
async function sayPair(request: GentleRequest, step: Extract<SingleStep, { kind: 'pair' }>, said: Said[]): Promise<boolean> {
  const { order: { delay }, patience, clock, signal } = request
  // A page takes seconds to load, and the machine's whole attention: both are there before the first of them says anything.
  const behind = await prepared(request, step.label)
  const blocker = await sayOne(request, step.blocker, 'blocker', said)
  if (blocker === undefined) {
    behind.session.close()
    return true
  }
  const dueAt = clock.now() + delay
  const hasEnded = await before(blocker.exchange.done, delay, signal)
  if (!hasEnded && !signal.aborted) await sayPrepared(request, behind, 'probe', said, dueAt)
  else behind.session.close()
  return toldToItsEnd(said.map(({ message }) => message), patience, request)
}

/** A message that only has to be sent. */
interface Prepared {
  readonly label: string
  readonly session: Session
  readonly said: Utterance
}

async function prepared({ target, utterance, signal }: GentleRequest, label: string): Promise<Prepared> {
  const ready = { label, session: target.open(), said: utterance(label) }
  await prepareAll([ready], signal)
  return ready
}

async function sayOne(request: GentleRequest, label: string, part: MessageRecord['part'], said: Said[]): Promise<SaidMessage | undefined> {
  return sayPrepared(request, await prepared(request, label), part, said)
}

/** Says it when its turn has come; undefined where the run was stopped first. */
async function sayPrepared({ leaveAfter, pace, signal }: GentleRequest, { label, session, said: utterance }: Prepared, part: MessageRecord['part'], said: Said[], wantedAt?: number): Promise<SaidMessage | undefined> {
  const dueAt = await pace.turn(signal, wantedAt)
  if (signal.aborted) {
    session.close()
    return undefined
  }
  const message = say(session, utterance, dueAt)
  pace.touched()
  said.push({ message, label, part, copies: undefined })
  void message.exchange.done.then(() => {
    session.close()
    pace.touched()
  })
  const tokens = part === 'user' ? leaveAfter(label) : undefined
  if (tokens !== undefined) void message.exchange.afterTokens(tokens).then(() => message.exchange.abort(failed('cancelled', `left after ${tokens} tokens`, 0)))
  return message
}
