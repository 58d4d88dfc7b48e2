import type { ObservationRecord } from '../sample/run-file.ts'
import type { Integrity, MessageRecord, Upstream } from '../sample/message.ts'
import { rankQuantile } from '../stats/quantile.ts'
import { numberedTokens } from '../target/numbered-tokens.ts'
import type { Observation } from './engine.ts'
import { failed } from '../target/failure.ts'
import type { Answer, Utterance } from '../target/target.ts'

/** Where in a run a message belongs. */
export interface Place {
  readonly side: string
  readonly round: number
  readonly attempt: number
  readonly phase: string
  readonly label: string
  readonly part: MessageRecord['part']
  /** Of a `user`: how many of its label were said at once. */
  readonly copies?: number
}

/** A gap longer than this, and than ten times the median gap, is a pause that a reader notices, ms. */
const leastPause = 1_000

/** Instants are kept to the microsecond: finer is noise, and the file stays small. */
export const toMicrosecond = (instant: number): number => Math.round(instant * 1_000) / 1_000

const orNull = (instant: number | null): number | null => (instant === null ? null : toMicrosecond(instant))

/** One message as the run file keeps it. The text is not kept: only what became of its numbered tokens. */
export function messageRecord(place: Place, utterance: Utterance, dueAt: number, answer: Answer, upstream: Upstream | null): MessageRecord {
  const integrity = utterance.mock === undefined ? null : numberedTokens(answer.text, utterance.id, utterance.mock.tokens)
  return {
    type: 'message',
    id: utterance.id,
    ...place,
    connection: { ...answer.connection, openedAt: orNull(answer.connection.openedAt) },
    dueAt: toMicrosecond(dueAt),
    startedAt: toMicrosecond(answer.startedAt),
    sentAt: orNull(answer.sentAt),
    headersAt: orNull(answer.headersAt),
    firstEventAt: orNull(answer.firstEventAt),
    firstTokenAt: orNull(answer.firstTokenAt),
    firstVisibleAt: orNull(answer.firstVisibleAt),
    endedAt: toMicrosecond(answer.endedAt),
    errorBound: toMicrosecond(Math.max(0, answer.startedAt - dueAt) + answer.stampError),
    tokens: tokenCount(answer, integrity),
    chunks: answer.chunks,
    gaps: { ...gapSummary(answer.gaps), coalesced: answer.coalesced },
    ...(utterance.search === true ? { sources: answer.sources } : {}),
    endErrorBound: toMicrosecond(Math.max(0, answer.startedAt - dueAt) + answer.endStampError),
    ...(answer.offlineAt === undefined ? {} : { offlineAt: toMicrosecond(answer.offlineAt) }),
    ...(answer.lostAt === undefined ? {} : { lostAt: toMicrosecond(answer.lostAt) }),
    ...(answer.rejoinedAt === undefined ? {} : { rejoinedAt: toMicrosecond(answer.rejoinedAt) }),
    ...(answer.offlineStampError === undefined ? {} : { offlineErrorBound: toMicrosecond(answer.offlineStampError) }),
    ...(answer.screenshot === undefined ? {} : { screenshot: answer.screenshot }),
    outcome: answer.outcome,
    integrity,
    upstream: upstream === null ? null : upstreamRecord(upstream),
  }
}

/** What a page waited for in vain, as the model's own ledger has it: an answer that was told to its end was told to somebody else. */
export function pageOutcome({ outcome, firstTokenAt }: Answer, { mock }: Utterance, upstream: Upstream | null): Answer['outcome'] {
  const wasTold = mock !== undefined && upstream !== null && upstream.tokensWritten >= mock.tokens
  if (outcome.kind === 'answered' || outcome.code !== 'hung' || firstTokenAt !== null || !wasTold) return outcome
  return failed('not-delivered', `the model has finished, and no word of it came to the page (${outcome.detail})`, 0)
}

function tokenCount(answer: Answer, integrity: Integrity | null): number | null {
  return integrity?.received ?? answer.usageTokens
}

function upstreamRecord(upstream: Upstream): Upstream {
  return {
    ...upstream,
    receivedAt: toMicrosecond(upstream.receivedAt),
    firstTokenDueAt: orNull(upstream.firstTokenDueAt),
    firstTokenAt: orNull(upstream.firstTokenAt),
    lastTokenAt: orNull(upstream.lastTokenAt),
    clientGoneAt: orNull(upstream.clientGoneAt),
    ...(upstream.faultAt === undefined ? {} : { faultAt: toMicrosecond(upstream.faultAt) }),
    others: upstream.others.map((other) => ({ ...other, receivedAt: toMicrosecond(other.receivedAt) })),
  }
}

function gapSummary(gaps: readonly number[]): MessageRecord['gaps'] {
  const [p50, p95, max] = [0.5, 0.95, 1].map((quantile) => rankQuantile(gaps, quantile))
  if (p50 === undefined || p95 === undefined || max === undefined) return { count: 0, max: 0, pauses: 0 }
  const pause = Math.max(leastPause, 10 * p50)
  return { count: gaps.length, max: toMicrosecond(max), pauses: gaps.filter((gap) => gap > pause).length, p50: toMicrosecond(p50), p95: toMicrosecond(p95) }
}

/** An observation as the run file keeps it. */
export function observationRecord(place: Pick<ObservationRecord, 'side' | 'round' | 'attempt' | 'phase'>, what: ObservationRecord['what'], seen: Observation): ObservationRecord {
  const { dueAt, startedAt, endedAt, status, failure, errorBound } = seen
  return {
    type: 'observation', ...place, what, dueAt: toMicrosecond(dueAt), startedAt: toMicrosecond(startedAt), endedAt: toMicrosecond(endedAt), status, failure,
    errorBound: toMicrosecond(errorBound),
  }
}
