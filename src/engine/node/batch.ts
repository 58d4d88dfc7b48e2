import type { LeaveSpec, MessageSpec } from '../../scenario/spec.ts'
import { failed } from '../../target/failure.ts'
import type { Clock, Exchange, Session, Target, Utterance } from '../../target/target.ts'
import { abortAll, toldToItsEnd } from './phase.ts'
import { prepareAll, rest, type SaidMessage, say, warmAll } from './window.ts'

/** One message of a batch. */
export interface BatchMessage {
  readonly label: string
  readonly utterance: Utterance
  /** When the person leaves; undefined for one who stays. */
  readonly leave: LeaveSpec | undefined
  /** When the page loses its connection, and for how long; undefined where it keeps it. */
  readonly loses: MessageSpec['loses']
}

export interface BatchRequest {
  readonly target: Target
  readonly messages: readonly BatchMessage[]
  /** How long the connections that are open already say nothing before, ms. */
  readonly idleBefore: number
  /** One from which nothing has come for so long is hung, ms. */
  readonly patience: number
  /** Is to close the session of a person who left, when the model's side of it is known: what closing does must not be taken for what leaving did. */
  readonly closeLater: (session: Session) => void
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface SaidBatch {
  readonly from: number
  /** When all of them were due. */
  readonly dueAt: number
  readonly to: number
  readonly drained: boolean
  readonly said: readonly { readonly label: string; readonly message: SaidMessage }[]
}

/** Says all of them at one instant, every other one over a connection that is open already, and waits until nothing is in flight. */
export async function sayBatch(request: BatchRequest): Promise<SaidBatch> {
  const { target, messages, idleBefore, patience, closeLater, clock, signal } = request
  const from = clock.now()
  const sessions = messages.map(() => target.open())
  const said: { label: string; message: SaidMessage }[] = []
  const onAbort = (): void => abortAll(said.map(({ message }) => message), 'cancelled', 'the run was interrupted')
  signal.addEventListener('abort', onAbort)
  try {
    await prepareAll(sessions.flatMap((session, index) => messages.slice(index, index + 1).map(({ utterance }) => ({ session, utterance }))), signal)
    await warmAll(sessions.filter((session, index) => index % 2 === 0 && session.prepare === undefined), signal)
    if (idleBefore > 0) await rest(idleBefore, signal)
    const dueAt = clock.now()
    for (const [index, message] of messages.entries()) if (!signal.aborted) said.push({ label: message.label, message: sayOne(sessions[index], message, dueAt) })
    const drained = await toldToItsEnd(said.map(({ message }) => message), patience, request)
    await Promise.all(said.map(({ message }) => message.exchange.done))
    return { from, dueAt, to: clock.now(), drained, said }
  } finally {
    signal.removeEventListener('abort', onAbort)
    const isLeft = (_: Session, index: number): boolean => messages[index]?.leave !== undefined
    for (const session of sessions.filter(isLeft)) closeLater(session)
    await Promise.all(sessions.filter((session, index) => !isLeft(session, index)).map((session) => session.close()))
  }
}

function sayOne(session: Session | undefined, { utterance, leave, loses }: BatchMessage, dueAt: number): SaidMessage {
  if (session === undefined) throw new RangeError('every message of a batch has a session')
  const said = say(session, utterance, dueAt)
  if (leave !== undefined) leaveInTime(said.exchange, leave)
  if (loses !== undefined) void said.exchange.afterTokens(loses.afterTokens).then(() => said.exchange.lose?.(loses.forTime))
  return said
}

/** After so many tokens, or so much later where they do not come. */
export function leaveInTime(exchange: Exchange, { afterTokens, afterTime, from }: LeaveSpec): void {
  const leave = (when: string): void => exchange.abort(failed('cancelled', `left after ${when}`, 0), from)
  const timer = afterTime === undefined ? undefined : setTimeout(() => leave(`${afterTime} ms`), afterTime)
  void exchange.afterTokens(afterTokens).then(() => {
    clearTimeout(timer)
    leave(`${afterTokens} tokens`)
  })
}
