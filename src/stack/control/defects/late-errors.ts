import type { Sink } from '../sink.ts'
import { delay } from './delay.ts'
import { eventwise } from './eventwise.ts'

/** `delaysErrors`: an error status, an error event or a failure, and what comes behind it, reaches the client `milliseconds` later. */
export function lateErrors(next: Sink, milliseconds: number): Sink {
  const late = delay(next, milliseconds)
  let to = next
  const forked: Sink = {
    head(status, fields) {
      if (status >= 400) to = late
      to.head(status, fields)
    },
    write: (bytes) => to.write(bytes),
    end: () => to.end(),
    fail: (failure) => late.fail(failure),
  }
  return eventwise(forked, (event, kind) => {
    if (kind === 'error') to = late
    return [event]
  })
}
