import { type Cadence, type Look, observe, type Observer } from './observation.ts'

/** What came back to a hello, as a target tells it. */
export interface ModelAnswer {
  readonly startedAt: number
  readonly firstTokenAt: number | null
  readonly endedAt: number
  /** How late the stamp of the first token may be; of the end, where none came. */
  readonly stampError: number
  readonly failure: string | null
}

export interface ModelOptions extends Omit<Cadence, 'what'> {
  /** Says hello to the model itself, past the system under test, each time over a connection that is free. Ends when the signal says so, and never rejects. */
  readonly ask: (signal: AbortSignal) => Promise<ModelAnswer>
  /** A hello that is not over by then is given up, ms. */
  readonly patience: number
}

/** Says hello directly to the model at a cadence: what is slow here as well is not the doing of the stack in front of it. */
export function observeModel({ ask, patience, every, clock }: ModelOptions): Observer {
  const look = async (): Promise<Look> => {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(new Error(`no end within ${patience} ms`)), patience)
    const { startedAt, firstTokenAt, endedAt, stampError, failure } = await ask(controller.signal)
    clearTimeout(timer)
    return { startedAt, firstTokenAt, endedAt, stampError, status: null, failure }
  }
  return observe({ what: 'model', every, clock }, look)
}
