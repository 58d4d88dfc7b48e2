import { eventKind, EventSplitter } from '../events.ts'
import { type HeadFields, isEventStream, type Sink } from '../sink.ts'

/** Asked once for each token of an answer, in order. */
export type TokenChoice = () => boolean

/** Of so many answers one loses its first token: a hello of one token then comes empty, yet too few of them to look like hellos that wait. */
const answersPerFirstToken = 200

/**
 * Every `every`-th token of an answer, so that each long answer is hit for certain; and the first token of every 200th answer, so that the answers
 * of one token are hit too. Nothing is drawn: the same run is hurt in the same places.
 * @param answer which answer of the gateway this is, counted from 1.
 */
export function everyNth(every: number, answer: number): TokenChoice {
  let token = 0
  return () => {
    token += 1
    return token % every === 0 || (token === 1 && answer % answersPerFirstToken === 0)
  }
}

/**
 * A sink that gives an event stream on event by event, as `change` would have it. Answers that are not streams pass as they are.
 * @param finish called once, before the end or the failure is told: what `change` has kept back so far.
 */
export function eventwise(next: Sink, change: (event: Buffer, kind: ReturnType<typeof eventKind>) => readonly Buffer[], finish: () => readonly Buffer[] = () => []): Sink {
  const splitter = new EventSplitter()
  let isStream = false
  const passRest = (): void => {
    for (const kept of finish()) next.write(kept)
    const rest = splitter.rest()
    if (rest.length > 0) next.write(rest)
  }
  return {
    head(status: number, fields: HeadFields) {
      isStream = isEventStream(fields)
      next.head(status, fields)
    },
    write(bytes) {
      if (!isStream) return next.write(bytes)
      for (const event of splitter.push(bytes)) for (const given of change(event, eventKind(event))) next.write(given)
    },
    end() {
      passRest()
      next.end()
    },
    fail(failure) {
      passRest()
      next.fail(failure)
    },
  }
}
