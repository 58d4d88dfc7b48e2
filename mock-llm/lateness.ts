import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'

/** Per power of two so many buckets: values are told to within 1/32. */
const subBuckets = 32
const subBits = 5

/** Counts of lengths by logarithmic bucket over whole microseconds: constant memory, no allocation per value, quantiles to within 3.2 % or 1 µs. */
export class Histogram {
  readonly #counts = new Float64Array((32 - subBits + 1) * subBuckets)
  #count = 0
  #sum = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** Sum of all values, ms. */
  get sum(): number {
    return this.#sum
  }

  get max(): number {
    return this.#max
  }

  add(milliseconds: number): void {
    const value = Math.min(0xffff_ffff, Math.max(0, Math.round(milliseconds * 1_000)))
    this.#counts[bucketOf(value)] = (this.#counts[bucketOf(value)] ?? 0) + 1
    this.#count += 1
    this.#sum += milliseconds
    if (milliseconds > this.#max) this.#max = milliseconds
  }

  /** The value of rank ⌈qn⌉ in ms, as the upper end of its bucket; 0 where there is none. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#count))
    let seen = 0
    for (let bucket = 0; bucket < this.#counts.length; bucket += 1) {
      seen += this.#counts[bucket] ?? 0
      if (seen >= rank) return Math.min(upperEnd(bucket) / 1_000, this.#max)
    }
    return this.#max
  }

  clear(): void {
    this.#counts.fill(0)
    this.#count = 0
    this.#sum = 0
    this.#max = 0
  }
}

/** Below 32 µs a bucket each; above, the top five bits after the first choose the bucket within the power of two. */
function bucketOf(micros: number): number {
  const exponent = 31 - Math.clz32(micros)
  if (exponent < subBits) return micros
  return (exponent - subBits + 1) * subBuckets + ((micros >>> (exponent - subBits)) & (subBuckets - 1))
}

function upperEnd(bucket: number): number {
  if (bucket < subBuckets) return bucket
  const shift = Math.floor(bucket / subBuckets) - 1
  return (subBuckets + (bucket % subBuckets) + 1) * 2 ** shift - 1
}

export interface LatenessReport {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** How late the event loop itself came to a timer: what the mock cannot help. */
  readonly loopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
}

/** The loop is asked every 10 ms: 1 ms would see no more of what matters and cost the idle mock a percent of a core. */
const resolution = 10

/** The mock's check on itself: written − due of every token, ms, since the start or the last `clear`. */
export class Lateness {
  readonly #written = new Histogram()
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution })

  constructor() {
    this.#loop.enable()
  }

  add(milliseconds: number): void {
    this.#written.add(milliseconds)
  }

  get written(): Pick<Histogram, 'count' | 'sum' | 'max' | 'quantile'> {
    return this.#written
  }

  report(): LatenessReport {
    const { count, max } = this.#written
    return { count, p50: rounded(this.#written.quantile(0.5)), p99: rounded(this.#written.quantile(0.99)), max: rounded(max), loopDelay: this.#loopDelay() }
  }

  clear(): void {
    this.#written.clear()
    this.#loop.reset()
  }

  stop(): void {
    this.#loop.disable()
  }

  /** Node counts the time between two of its ticks, its own resolution included: that is taken off. */
  #loopDelay(): LatenessReport['loopDelay'] {
    const delay = (nanos: number): number => rounded(Math.max(0, nanos / 1e6 - resolution))
    if (this.#loop.count === 0) return { p50: 0, p99: 0, max: 0 }
    return { p50: delay(this.#loop.percentile(50)), p99: delay(this.#loop.percentile(99)), max: delay(this.#loop.max) }
  }
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 1_000) / 1_000
