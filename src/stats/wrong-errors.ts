import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { failures, wasRepaired } from './failures.ts'
import { type Offences, offences } from './offences.ts'
import { said } from './said.ts'

export interface WrongErrors extends Offences {
  readonly unexposed: number
  /** Frames of garbage that the system got over: the whole answer came. */
  readonly repaired: number
}

/** Below this an HTTP status says that whoever asked has made a mistake. */
const firstServerError = 500
const tooManyRequests = 429
/** Meant for a request that came too slowly, and what gateways also answer where the model was silent too long: still a time-out told as one. */
const requestTimeout = 408
const silences = ['silence', 'heartbeat', 'hang']

/**
 * Failures of the model, really carried out, that the person is told of as something else: as a normal end of the answer, as a mistake of his own.
 * One of which nothing is told at all is no wrong error; the time to the error counts it.
 */
export function wrongErrors(run: Run, side: string, labels: readonly string[]): WrongErrors {
  const { exposed, unexposed } = failures(run, said(run, side), labels)
  return { ...offences(exposed, (message) => misled(run, message)), unexposed, repaired: exposed.filter(({ message }) => wasRepaired(run, message)).length }
}

function misled(run: Run, message: MessageRecord): string | undefined {
  const { outcome } = message
  if (wasRepaired(run, message)) return undefined
  if (outcome.kind === 'answered') return `${message.label} told as a complete answer`
  const fault = run.header.scenario.messages[message.label]?.fault
  switch (outcome.code) {
    case 'empty': return `${message.label} told as an empty answer`
    case 'truncated': return `${message.label} told as the end of the answer`
    case 'malformed': return fault?.kind === 'garbage' ? undefined : `${message.label} told as something that is no answer (malformed)`
    case 'http-status': {
      const status = Number.parseInt(outcome.detail, 10)
      const passedOn = status === tooManyRequests && fault?.kind === 'status' && fault.status === tooManyRequests
      const timedOut = status === requestTimeout && fault !== undefined && silences.includes(fault.kind)
      return status < firstServerError && !passedOn && !timedOut ? `${message.label} told as HTTP ${status}` : undefined
    }
    default: return undefined
  }
}
