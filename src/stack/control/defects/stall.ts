import type { Sink } from '../sink.ts'
import { eventwise } from './eventwise.ts'

/** In front of this token an answer pauses: it has begun for certain, and all but hellos have it. */
const pausedToken = 3

/** `stallsEvery`: the third token and all behind it wait once for `milliseconds`; then what has come is told at once, and the rest as it comes. */
export function stall(next: Sink, milliseconds: number): Sink {
  let held: (() => void)[] | undefined
  let tokens = 0
  const pause = (): void => {
    held = []
    setTimeout(() => {
      const due = held ?? []
      held = undefined
      for (const give of due) give()
    }, milliseconds)
  }
  const pass = (give: () => void): void => {
    if (held === undefined) give()
    else held.push(give)
  }
  const gate: Sink = {
    head: (status, fields) => next.head(status, fields),
    write: (bytes) => pass(() => next.write(bytes)),
    end: () => pass(() => next.end()),
    fail: (failure) => pass(() => next.fail(failure)),
  }
  return eventwise(gate, (event, kind) => {
    if (kind === 'token') tokens += 1
    if (kind === 'token' && tokens === pausedToken) pause()
    return [event]
  })
}
