import type { Upstream } from './message.ts'

/** One upstream request as the model's journal tells it, instants on the model's clock (ms, monotonic). */
export interface JournalEntry extends Omit<Upstream, 'others' | 'fault' | 'faultAt'> {
  /** The message it belongs to; null where the request carried no marker. */
  readonly id: string | null
  /** `chat` where the marker set the answer; `title`, `tags`, `follow_ups`, `queries`, `task`, `search`, `page` and the like for what a gateway asks besides. */
  readonly kind: string
  /** What went wrong at the model, as it was asked to, and when; null where nothing did. */
  readonly fault: string | null
  readonly faultAt: number | null
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
  /** Entries of the requests that have not ended, as far as they have come. None where the mock is too old to tell. Takes nothing from `collect`. */
  open(): Promise<JournalEntry[]>
  ping(): Promise<ClockPing>
  readonly sameBoot: boolean
  /** Written − due of its tokens so far, ms. */
  lateness(): Promise<{ p50: number; p99: number }>
}
