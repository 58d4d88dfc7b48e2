import type { Sink } from '../sink.ts'

const now = (): number => Number(process.hrtime.bigint()) / 1e6

/**
 * `delayAfter`: everything reaches the client `milliseconds` after it came, in order. Each piece has its own due time, so that a stream is late by a
 * constant; never early, because Node's timers may fire up to a millisecond before their time.
 */
export function delay(next: Sink, milliseconds: number): Sink {
  const held: { readonly dueAt: number; readonly give: () => void }[] = []
  const giveDue = (): void => {
    for (let first = held[0]; first !== undefined; first = held[0]) {
      const early = first.dueAt - now()
      if (early > 0) {
        setTimeout(giveDue, early)
        return
      }
      held.shift()
      first.give()
    }
  }
  const hold = (give: () => void): void => {
    held.push({ dueAt: now() + milliseconds, give })
    if (held.length === 1) setTimeout(giveDue, milliseconds)
  }
  return {
    head: (status, fields) => hold(() => next.head(status, fields)),
    write: (bytes) => hold(() => next.write(bytes)),
    end: () => hold(() => next.end()),
    fail: (failure) => hold(() => next.fail(failure)),
  }
}
