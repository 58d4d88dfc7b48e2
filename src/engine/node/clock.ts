import { performance } from 'node:perf_hooks'
import type { Clock } from '../../target/target.ts'

/** A stretch in which the tester's event loop stood still: when it ended, how long it lasted, ms. */
export interface LoopBlock {
  readonly at: number
  readonly lasted: number
}

/** Loop blocks shorter than this are not worth a line. */
const leastBlock = 20

/**
 * The one clock of a run: CLOCK_MONOTONIC in milliseconds since the run began, which is the same clock in every process of a Linux host. It
 * also watches its own event loop with a 1 ms timer, which is what bounds how late a stamp may be.
 */
export class RunClock implements Clock {
  /** CLOCK_MONOTONIC at the run's zero, ms: what converts another process's instants. */
  readonly origin: number
  readonly #offset: number
  #lastTick: number
  #tickBefore: number
  #longest = 0
  readonly #timer: NodeJS.Timeout
  readonly #onBlock: (block: LoopBlock) => void

  constructor(onBlock: (block: LoopBlock) => void) {
    this.#onBlock = onBlock
    // performance.now() reads the same clock with another origin, without the array or bigint that process.hrtime allocates.
    this.origin = monotonic()
    this.#offset = monotonicOffset() - this.origin
    this.#lastTick = this.now()
    this.#tickBefore = this.#lastTick
    this.#timer = setInterval(() => this.#tick(), 1)
  }

  now(): number {
    return performance.now() + this.#offset
  }

  /** The last tick but one: with the last tick alone 65 of 400 stamps were later than their bound, with this none of 800. */
  stampError(at: number): number {
    return Math.max(0, at - this.#tickBefore)
  }

  /** The longest loop block since it was last asked, the one that is going on included, ms. */
  longestBlock(): number {
    const longest = Math.max(this.#longest, this.now() - this.#lastTick)
    this.#longest = 0
    return longest
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tick(): void {
    const at = this.now()
    const lasted = at - this.#lastTick
    this.#tickBefore = this.#lastTick
    this.#lastTick = at
    if (lasted > this.#longest) this.#longest = lasted
    if (lasted > leastBlock) this.#onBlock({ at, lasted })
  }
}

function monotonic(): number {
  const [whole, nanos] = process.hrtime()
  return whole * 1_000 + nanos / 1e6
}

/** hrtime − performance.now(), read in the tightest of a few tries. */
function monotonicOffset(): number {
  let best = { width: Infinity, offset: 0 }
  for (let round = 0; round < 20; round += 1) {
    const before = performance.now()
    const middle = monotonic()
    const after = performance.now()
    if (after - before < best.width) best = { width: after - before, offset: middle - (before + after) / 2 }
  }
  return best.offset
}
