import { failed } from '../../target/failure.ts'
import type { Clock, Session, Target, Utterance } from '../../target/target.ts'
import { abortAll, toldToItsEnd } from './phase.ts'
import { prepareAll, type SaidMessage, say, warmAll } from './window.ts'

/** One message of a batch. */
export interface BatchMessage {
  readonly label: string
  readonly utterance: Utterance
  /** After how many tokens the person leaves; undefined for one who stays. */
  readonly leaveAfter: number | undefined
}

export interface BatchRequest {
  readonly target: Target
  readonly messages: readonly BatchMessage[]
  /** One from which nothing has come for so long is hung, ms. */
  readonly patience: number
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
  const { target, messages, patience, clock, signal } = request
  const from = clock.now()
  const sessions = messages.map(() => target.open())
  const said: { label: string; message: SaidMessage }[] = []
  const onAbort = (): void => abortAll(said.map(({ message }) => message), 'cancelled', 'the run was interrupted')
  signal.addEventListener('abort', onAbort)
  try {
    await prepareAll(sessions.flatMap((session, index) => messages.slice(index, index + 1).map(({ utterance }) => ({ session, said: utterance }))), signal)
    await warmAll(sessions.filter((session, index) => index % 2 === 0 && session.prepare === undefined), signal)
    const dueAt = clock.now()
    for (const [index, message] of messages.entries()) if (!signal.aborted) said.push({ label: message.label, message: sayOne(sessions[index], message, dueAt) })
    const drained = await toldToItsEnd(said.map(({ message }) => message), patience, request)
    await Promise.all(said.map(({ message }) => message.exchange.done))
    return { from, dueAt, to: clock.now(), drained, said }
  } finally {
    signal.removeEventListener('abort', onAbort)
    for (const session of sessions) session.close()
  }
}

function sayOne(session: Session | undefined, { utterance, leaveAfter }: BatchMessage, dueAt: number): SaidMessage {
  if (session === undefined) throw new RangeError('every message of a batch has a session')
  const said = say(session, utterance, dueAt)
  if (leaveAfter !== undefined) void said.exchange.afterTokens(leaveAfter).then(() => said.exchange.abort(failed('cancelled', `left after ${leaveAfter} tokens`, 0)))
  return said
}
