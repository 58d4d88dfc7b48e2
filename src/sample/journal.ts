import type { Upstream } from './message.ts'

/** One upstream request as the model's journal tells it, instants on the model's clock (ms, monotonic). */
export interface JournalEntry extends Omit<Upstream, 'others'> {
  /** The message it belongs to; null where the request carried no marker. */
  readonly id: string | null
  readonly kind: string
}

/** One reading of the model's clock: our clock before and after, the model's in between. */
export interface ClockPing {
  readonly sentAt: number
  readonly receivedAt: number
  readonly modelAt: number
}

/** The ledger of our mock behind a target. Implemented by an observer; the engine only needs to ask. */
export interface Journal {
  /** Entries of the requests that ended since it was last asked; waits a moment for those that are still open. */
  collect(): Promise<JournalEntry[]>
  /** Requests that are still in flight. */
  open(): Promise<JournalEntry[]>
  ping(): Promise<ClockPing>
  readonly sameBoot: boolean
  /** Written − due of its tokens so far, ms. */
  lateness(): Promise<{ p50: number; p99: number }>
}
