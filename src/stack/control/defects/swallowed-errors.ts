import type { Sink } from '../sink.ts'
import { eventwise } from './eventwise.ts'

const fields = { 'content-type': 'text/event-stream; charset=utf-8' }
const done = Buffer.from('data: [DONE]\n\n')

/** `swallowsErrors=true`: a status, an error event, a model that is gone or late: to the client each is an answer that ended normally, with less in it. */
export function swallowedErrors(next: Sink): Sink {
  const passing = eventwise(next, (event, kind) => (kind === 'error' ? [] : [event]))
  let state: 'before head' | 'answering' | 'swallowing' = 'before head'
  const swallow = (): void => {
    if (state === 'before head') next.head(200, fields)
    next.write(done)
    next.end()
  }
  return {
    head(status, given) {
      if (status >= 400) {
        next.head(200, fields)
        state = 'swallowing'
      } else {
        passing.head(status, given)
        state = 'answering'
      }
    },
    write(bytes) { if (state === 'answering') passing.write(bytes) },
    end() {
      if (state === 'swallowing') swallow()
      else passing.end()
    },
    fail: swallow,
  }
}
