import { exitCodes } from '../errors.ts'

/** Turns SIGINT and SIGTERM into an abort: the run stops, what was measured is written and reported, the processes that we started are stopped. */
export class StopSignal {
  readonly #controller = new AbortController()
  readonly #onSignal: (signal: NodeJS.Signals) => void
  #signals = 0
  #exitCode: number | undefined

  constructor() {
    this.#onSignal = (signal) => {
      this.#signals += 1
      this.#exitCode = signal === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted
      // A third request to stop is meant: the side processes notice by themselves that their parent is gone.
      if (this.#signals >= 3) process.exit(this.#exitCode)
      this.abort(signal)
    }
    process.on('SIGINT', this.#onSignal)
    process.on('SIGTERM', this.#onSignal)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** 130 or 143 where a signal stopped us; undefined otherwise. */
  get exitCode(): number | undefined {
    return this.#exitCode
  }

  abort(reason: string): void {
    if (!this.#controller.signal.aborted) this.#controller.abort(reason)
  }

  release(): void {
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }
}
