import { failed } from '../../target/failure.ts'
import type { Clock, Target, Utterance } from '../../target/target.ts'
import { abortAll } from './phase.ts'
import { answered, rest, type SaidMessage, say } from './window.ts'

export interface AnchorRequest {
  readonly target: Target
  readonly utterance: () => Utterance
  /** How many hellos, and how long from the beginning of one to the beginning of the next at least, ms. */
  readonly count: number
  readonly every: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** A model that takes its time is asked no longer than this, ms, once it has been asked three times: the median of three is one too. */
const longestAsking = 10_000
const fewest = 3
/** A hello to the model that takes longer is hung, ms. */
const longestHello = 60_000

/** Hellos to what the change cannot touch, one after another over one connection that is open already. An abort ends them. */
export async function sayAnchors({ target, utterance, count, every, clock, signal }: AnchorRequest): Promise<SaidMessage[]> {
  const session = target.open()
  const said: SaidMessage[] = []
  const onAbort = (): void => abortAll(said, 'cancelled', 'the run was interrupted')
  signal.addEventListener('abort', onAbort)
  const from = clock.now()
  try {
    await session.warm()
    while (said.length < count && !signal.aborted && (said.length < fewest || clock.now() - from < longestAsking)) {
      const dueAt = clock.now()
      const message = say(session, utterance(), dueAt)
      said.push(message)
      if (!await answered([message], longestHello, signal)) message.exchange.abort(failed('hung', `no end after ${longestHello / 1_000} s`, 0))
      await message.exchange.done
      await rest(Math.ceil(Math.max(0, dueAt + every - clock.now())), signal)
    }
    return said
  } finally {
    signal.removeEventListener('abort', onAbort)
    await session.close()
  }
}
