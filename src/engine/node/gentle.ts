import type { MessageRecord } from '../../sample/message.ts'
import type { LeaveSpec } from '../../scenario/spec.ts'
import type { Beside, Clock, Session, Target, Utterance } from '../../target/target.ts'
import type { GentleOrder } from '../engine.ts'
import { leastInterval, type SingleStep } from '../gentle-plan.ts'
import { leaveInTime } from './batch.ts'
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
  /** By whom the message of a pair is said, seen from whoever hears the blocker; undefined: by anybody. */
  readonly as: Beside['as'] | undefined
  /** When the person leaves; undefined for one who stays. */
  readonly leaveOf: (label: string) => LeaveSpec | undefined
  /** A message from which nothing has come for so long is hung, ms. */
  readonly patience: number
  readonly pace: Pace
  /** As of a batch; takes besides what shares a chat with another message, which goes with the chat. */
  readonly closeLater: (session: Session) => void
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

/** Every session is closed when its message has ended; what that takes goes on beside the next message, and is waited for at the end of the step. */
interface Step extends GentleRequest {
  readonly closings: Promise<void>[]
}

/** One step of a gentle run, begun with nothing in flight and waited for to its end. Each message has a connection of its own, quiet or not. */
export async function sayGently(asked: GentleRequest): Promise<SaidGently> {
  const request: Step = { ...asked, closings: [] }
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
    await Promise.all(request.closings)
  }
}

/** The blocker, and the message in the middle of it. Where the blocker has ended by then nothing more is said: behind it nobody would wait. */
async function sayPair(request: Step, step: Extract<SingleStep, { kind: 'pair' }>, said: Said[]): Promise<boolean> {
  const { order: { delay }, as, patience, clock, signal } = request
  const heard = await opened(request, step.blocker)
  // A page takes seconds to load, and the machine's whole attention: both are there before the first of them says anything.
  const early = heard.session.prepare === undefined ? undefined : await opened(request, step.label)
  const blocker = await sayOpened(request, heard, 'blocker', said)
  const dueAt = clock.now() + delay
  const hasEnded = blocker === undefined || await before(blocker.exchange.done, delay, signal)
  if (hasEnded || signal.aborted) await early?.session.close()
  else await sayOpened(request, early ?? await opened(request, step.label, as === undefined ? undefined : { session: heard.session, as }), 'probe', said, dueAt)
  return toldToItsEnd(said.map(({ message }) => message), patience, request)
}

/** A message that has only to be sent. */
interface Opened {
  readonly label: string
  readonly session: Session
  readonly utterance: Utterance
}

async function opened({ target, utterance, signal }: Step, label: string, beside?: Beside): Promise<Opened> {
  const message = { label, session: target.open(beside), utterance: utterance(label) }
  await prepareAll([message], signal)
  return message
}

async function sayOne(request: Step, label: string, part: MessageRecord['part'], said: Said[]): Promise<SaidMessage | undefined> {
  return sayOpened(request, await opened(request, label), part, said)
}

/** Says it when its turn has come; undefined where the run was stopped first. */
async function sayOpened({ as, leaveOf, pace, closeLater, signal, closings }: Step, { label, session, utterance }: Opened, part: MessageRecord['part'], said: Said[], wantedAt?: number): Promise<SaidMessage | undefined> {
  const dueAt = await pace.turn(signal, wantedAt)
  if (signal.aborted) {
    await session.close()
    return undefined
  }
  const message = say(session, utterance, dueAt)
  pace.touched()
  said.push({ message, label, part, copies: undefined })
  const leave = part === 'user' ? leaveOf(label) : undefined
  const isClosedLater = leave !== undefined || as !== undefined
  if (isClosedLater) closeLater(session)
  closings.push(message.exchange.done.then(async () => {
    pace.touched()
    if (!isClosedLater) await session.close()
  }))
  if (leave !== undefined) leaveInTime(message.exchange, leave)
  return message
}
