import type { ClockPing, JournalEntry } from '../sample/journal.ts'
import type { Upstream } from '../sample/message.ts'

/** How the model's clock agrees with ours: `offset` = model − ours, from the fastest ping, known to ± `bound`. */
export interface ClockAgreement {
  readonly offset: number
  readonly bound: number
  readonly oneClock: boolean
}

/** @param origin our clock's zero on CLOCK_MONOTONIC: on one host the model's instants minus it are run time. */
export function clockAgreement(pings: readonly ClockPing[], origin: number, sameBoot: boolean): ClockAgreement {
  let best = { roundTrip: Infinity, offset: 0 }
  for (const { sentAt, receivedAt, modelAt } of pings) {
    const roundTrip = receivedAt - sentAt
    if (roundTrip < best.roundTrip) best = { roundTrip, offset: modelAt - origin - (sentAt + receivedAt) / 2 }
  }
  const bound = best.roundTrip / 2
  return { offset: best.offset, bound, oneClock: sameBoot && Math.abs(best.offset) <= bound }
}

/** Converts an entry's instants to run time. On one clock only the origin differs; else the measured offset is taken out too. */
export function inRunTime(entry: JournalEntry, origin: number, agreement: ClockAgreement): JournalEntry {
  const shift = origin + (agreement.oneClock ? 0 : agreement.offset)
  const at = (instant: number | null): number | null => (instant === null ? null : instant - shift)
  return {
    ...entry,
    receivedAt: entry.receivedAt - shift,
    firstTokenDueAt: at(entry.firstTokenDueAt),
    firstTokenAt: at(entry.firstTokenAt),
    lastTokenAt: at(entry.lastTokenAt),
    clientGoneAt: at(entry.clientGoneAt),
    faultAt: at(entry.faultAt),
  }
}

/** The upstream request whose tokens came out, of several for one message (title, tags, retries); the others are listed with it. */
export function upstreamOf(entries: readonly JournalEntry[], firstTokenAt: number | null): Upstream | null {
  const chats = entries.filter((entry) => entry.kind === 'chat')
  const inTime = chats.filter((entry) => entry.firstTokenAt !== null && (firstTokenAt === null || entry.firstTokenAt <= firstTokenAt + 1))
  const chosen = inTime.at(-1) ?? chats.at(-1)
  if (chosen === undefined) return null
  const { id: _id, kind: _kind, fault, faultAt: _faultAt, ...upstream } = chosen
  // A stack that asks again waits from the first failure on, and so does the person.
  const faults = chats.flatMap((entry) => (entry.faultAt === null ? [] : [entry.faultAt]))
  const faultAt = faults.length === 0 ? null : Math.min(...faults)
  const broken = { ...(fault === null ? {} : { fault }), ...(faultAt === null ? {} : { faultAt }) }
  const others = entries.filter((entry) => entry !== chosen)
  return { ...upstream, ...broken, others: others.map(({ kind, receivedAt, tokensWritten }) => ({ kind, receivedAt, tokensWritten })) }
}
