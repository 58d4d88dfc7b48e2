/** Gives a slot back; a second call does nothing. */
export type Release = () => void

/** How many answers are told at a time, and who waits for one to end: first come, first served. */
export class Slots {
  #free: number
  readonly #waiting = new Set<() => void>()

  /** @param limit how many there are; infinite for no limit. */
  constructor(limit: number) {
    this.#free = limit
  }

  /** As a setting says it. */
  static of(limit: number | 'none'): Slots {
    return new Slots(limit === 'none' ? Number.POSITIVE_INFINITY : limit)
  }

  /** A slot, at once or when it is this asker's turn; undefined where the signal was aborted first: who left the queue does not hold it up. */
  take(signal: AbortSignal): Promise<Release | undefined> {
    if (signal.aborted) return Promise.resolve(undefined)
    if (this.#free > 0) return Promise.resolve(this.#hold())
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(start)
        resolve(undefined)
      }
      const start = (): void => {
        signal.removeEventListener('abort', leave)
        resolve(this.#hold())
      }
      this.#waiting.add(start)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #hold(): Release {
    this.#free -= 1
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#free += 1
      const [next] = this.#waiting
      if (next === undefined) return
      this.#waiting.delete(next)
      next()
    }
  }
}
