import type { Settings } from '../settings.ts'
import { type Release, Slots } from '../slots.ts'

/** `oneAtATime`: whose messages wait until the one before is answered. */
export class Turns {
  readonly #per: Settings['oneAtATime']
  readonly #slots = new Map<string, Slots>()

  constructor(per: Settings['oneAtATime']) {
    this.#per = per
  }

  /** Whose turn it is, at once or when it has come; what gives the turn on. Undefined where the signal was aborted first. */
  take(chat: string, person: string, signal: AbortSignal): Promise<Release | undefined> {
    if (this.#per === 'none') return Promise.resolve(() => {})
    const key = this.#per === 'chat' ? chat : person
    const slots = this.#slots.get(key) ?? new Slots(1)
    this.#slots.set(key, slots)
    return slots.take(signal)
  }
}
