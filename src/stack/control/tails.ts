import type { Settings } from './settings.ts'
import type { Release } from './slots.ts'

/** `tailEvery`, `tailWhen`: which answers of a gateway are late. Nothing is drawn: it is every N-th of those that count. */
export class Tails {
  readonly #every: Settings['tailEvery']
  readonly #when: Settings['tailWhen']
  #told = 0
  #counted = 0

  constructor({ tailEvery, tailWhen }: Pick<Settings, 'tailEvery' | 'tailWhen'>) {
    this.#every = tailEvery
    this.#when = tailWhen
  }

  /** Asked once by each answer when it begins. */
  isHit(): boolean {
    if (this.#every === 'none' || (this.#when === 'busy' && this.#told === 0)) return false
    this.#counted += 1
    return this.#counted % this.#every === 0
  }

  /** An answer is told from now until the release. */
  tell(): Release {
    this.#told += 1
    return () => { this.#told -= 1 }
  }
}
