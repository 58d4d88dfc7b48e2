import type { Sink } from '../sink.ts'
import { eventwise } from './eventwise.ts'

const fields = { 'content-type': 'text/event-stream; charset=utf-8' }
const done = Buffer.from('data: [DONE]\n\n')

const chunk = (delta: { readonly content?: string }, reason: string | null): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-0', object: 'chat.completion.chunk', created: 0, model: 'control', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`
const sorry = Buffer.from(`${chunk({ content: 'Sorry, something went wrong.' }, null)}${chunk({}, 'stop')}`)

/** `swallowsErrors=true`: a status, an error event, a model that is gone or late: to the client each is an answer that ended normally, with less in it. */
export const swallowedErrors = (next: Sink): Sink => disguisedErrors(next, undefined)

/** `apologises=true`: to the client each of these is an answer that ended normally, with an apology at its end. */
export const apologies = (next: Sink): Sink => disguisedErrors(next, sorry)

function disguisedErrors(next: Sink, words: Buffer | undefined): Sink {
  let state: 'before head' | 'answering' | 'swallowing' = 'before head'
  let unsaid = words === undefined ? [] : [words]
  const apology = (): readonly Buffer[] => {
    const said = unsaid
    unsaid = []
    return said
  }
  const passing = eventwise(next, (event, kind) => (kind === 'error' ? apology() : [event]))
  const swallow = (): void => {
    if (state === 'before head') next.head(200, fields)
    for (const event of apology()) next.write(event)
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
