import { formatMilliseconds } from '../../duration.ts'
import type { Settings } from './settings.ts'
import type { Failure } from './sink.ts'

/** `upstreamTimeout` of one answer: `total` runs from its making, `idle` from the last `touch`. Expires once, or never. */
export class Deadline {
  readonly #timer: NodeJS.Timeout | undefined
  readonly #isIdle: boolean

  /** @param isExcused asked when an idle deadline expires: whether it is not the model that is waited for. Then it begins anew. */
  constructor(setting: Settings['upstreamTimeout'], isExcused: () => boolean, onExpiry: (failure: Failure) => void) {
    const [kind, length] = setting.split(':')
    this.#isIdle = kind === 'idle'
    if (length === undefined) return
    const said = this.#isIdle ? `The model said nothing for ${formatMilliseconds(Number(length))}.` : `The model took longer than ${formatMilliseconds(Number(length))}.`
    this.#timer = setTimeout(() => {
      if (this.#isIdle && isExcused()) this.touch()
      else onExpiry({ status: 504, type: 'upstream_timeout', message: said })
    }, Number(length))
  }

  /** The model was heard of. */
  touch(): void {
    if (this.#isIdle) this.#timer?.refresh()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}
