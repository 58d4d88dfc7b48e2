/** Whoever waits for a slot: called when it has one. */
export type Starter = () => void

/** How many answers may be told at once, and who waits, first come first served. Null is no limit. */
export class Slots {
  #limit: number | null
  #queueLimit: number | null
  #taken = 0
  readonly #waiting = new Set<Starter>()

  constructor(limit: number | null, queueLimit: number | null) {
    this.#limit = limit
    this.#queueLimit = queueLimit
  }

  get running(): number {
    return this.#taken
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** `start` is called at once where a slot is free, later where it has to wait, never where the queue is full. */
  ask(start: Starter): 'started' | 'waiting' | 'full' {
    if (this.#waiting.size === 0 && this.#isFree()) {
      this.#taken += 1
      start()
      return 'started'
    }
    if (this.#queueLimit !== null && this.#waiting.size >= this.#queueLimit) return 'full'
    this.#waiting.add(start)
    return 'waiting'
  }

  /** A waiter that left: it never runs. */
  leave(start: Starter): void {
    this.#waiting.delete(start)
  }

  /** Gives a slot back; the first in the queue has it next. */
  release(): void {
    this.#taken -= 1
    this.#admit()
  }

  /** More slots start waiters at once; fewer take effect as answers end. */
  resize(limit: number | null, queueLimit: number | null): void {
    this.#limit = limit
    this.#queueLimit = queueLimit
    this.#admit()
  }

  #isFree(): boolean {
    return this.#limit === null || this.#taken < this.#limit
  }

  #admit(): void {
    while (this.#isFree()) {
      const [start] = this.#waiting
      if (start === undefined) return
      this.#waiting.delete(start)
      this.#taken += 1
      start()
    }
  }
}
