import { failed } from './failure.ts'
import type { Session, Target, Utterance } from './target.ts'

/** What became of a hello that was said to see whether somebody answers. */
export interface HelloAnswer {
  readonly startedAt: number
  readonly firstTokenAt: number | null
  readonly endedAt: number
  /** How late the stamp of the first token may be; of the end, where none came. */
  readonly stampError: number
  /** Code and detail; null where it was answered. */
  readonly failure: string | null
}

/** Says hellos to a target whenever it is asked, each over a session that is free, opening another where none is. */
export function hellos(target: Target, utterance: () => Utterance): { readonly ask: (signal: AbortSignal) => Promise<HelloAnswer>; readonly close: () => void } {
  const free: Session[] = []
  const all = new Set<Session>()
  const open = (): Session => {
    const session = target.open()
    all.add(session)
    return session
  }
  const ask = async (signal: AbortSignal): Promise<HelloAnswer> => {
    const session = free.pop() ?? open()
    const exchange = session.say(utterance())
    const onAbort = (): void => exchange.abort(failed('hung', signal.reason instanceof Error ? signal.reason.message : 'given up', 0))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const { startedAt, firstTokenAt, endedAt, stampError, outcome } = await exchange.done
    signal.removeEventListener('abort', onAbort)
    if (outcome.kind === 'answered') free.push(session)
    else {
      all.delete(session)
      void session.close()
    }
    return { startedAt, firstTokenAt, endedAt, stampError, failure: outcome.kind === 'failed' ? `${outcome.code} (${outcome.detail})` : null }
  }
  return { ask, close: () => { for (const session of all) void session.close() } }
}
