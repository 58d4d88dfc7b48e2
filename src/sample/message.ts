import { z } from 'zod'

/** An instant: milliseconds with fraction since the run began, on the generator's monotonic clock. */
const instant = z.number()
const absent = instant.nullable()

/** Every way in which a message can fail; nothing a system under test does is an exception. `docs/glossary.md` says what each means. */
export const failureCodes = [
  'refused', 'connect-timeout', 'tls', 'reset', 'reset-mid-stream', 'truncated', 'empty', 'http-status', 'error-event',
  'malformed', 'no-first-token', 'silent', 'over-deadline', 'hung', 'cancelled', 'not-delivered',
] as const
export type FailureCode = (typeof failureCodes)[number]

const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('answered') }),
  z.object({ kind: z.literal('failed'), code: z.enum(failureCodes), detail: z.string(), afterTokens: z.number() }),
])
export type Outcome = z.infer<typeof outcome>

/** What became of the numbered tokens of our mock. `expected` is what was asked for. */
const integrity = z.object({
  expected: z.number(),
  received: z.number(),
  missing: z.number(),
  duplicated: z.number(),
  reordered: z.number(),
  foreign: z.number(),
  /** Whether the text is the text that the mock wrote; null where no checksum arrived. */
  checksumMatches: z.boolean().nullable(),
})
export type Integrity = z.infer<typeof integrity>

/** What the mock's journal says of the upstream request whose tokens came out, converted to the generator's clock. */
const upstream = z.object({
  receivedAt: instant,
  firstTokenDueAt: absent,
  firstTokenAt: absent,
  lastTokenAt: absent,
  clientGoneAt: absent,
  /** What our mock was asked to break, as in its marker, and from when on it was broken. Absent where nothing was. */
  fault: z.string().exactOptional(),
  faultAt: instant.exactOptional(),
  /** Number of the socket at the mock, and how many requests it had carried before. */
  socket: z.number(),
  requestsBefore: z.number(),
  tokensWritten: z.number(),
  /** Of those, the ones that the model itself wrote together with the token before; absent in older files. */
  tokensTogether: z.number().exactOptional(),
  /** Further upstream requests of the same message: title, tags, retries. */
  others: z.array(z.object({ kind: z.string(), receivedAt: instant, tokensWritten: z.number() })),
})
export type Upstream = z.infer<typeof upstream>

/** One message and what came back. */
export const messageRecord = z.object({
  type: z.literal('message'),
  id: z.string(),
  side: z.string(),
  round: z.number(),
  /** 1, or more where the round was spoilt and said again. Only the attempt that its `round` record keeps is judged. */
  attempt: z.number(),
  phase: z.string(),
  label: z.string(),
  /** `user`: one of several said at once. `anchor`: said past the system, for what the change cannot touch; its label is who was asked: `model` or `mock`. */
  part: z.enum(['probe', 'blocker', 'user', 'warm-up', 'anchor']),
  /** Of a `user`: how many of its label were said at once. */
  copies: z.number().exactOptional(),
  connection: z.object({ id: z.number(), kind: z.enum(['warm', 'fresh']), requestsBefore: z.number(), openedAt: absent }),
  dueAt: instant,
  startedAt: instant,
  sentAt: absent,
  headersAt: absent,
  firstEventAt: absent,
  firstTokenAt: absent,
  firstVisibleAt: absent,
  endedAt: instant,
  /** Slip plus how late the stamp of the first token may be: the truth lies in [firstTokenAt − errorBound, firstTokenAt]. */
  errorBound: z.number(),
  /** How late the stamp of the end may be, ms; `errorBound` where it is absent. */
  endErrorBound: z.number().exactOptional(),
  /** Tokens as the mock numbers them or `usage` counts them; null where neither is there. */
  tokens: z.number().nullable(),
  /** Events with content. A chunk is not a token. */
  chunks: z.number(),
  /**
   * `coalesced`: of the chunks, those that came less than 1 ms after the one before. `p50`, `p95`: of the answer's own gaps, ms; absent where it has none.
   * All three are absent in older files.
   */
  gaps: z.object({ count: z.number(), max: z.number(), pauses: z.number(), coalesced: z.number().exactOptional(), p50: z.number().exactOptional(), p95: z.number().exactOptional() }),
  /** Documents that a search is said to have found; absent where no search was asked for. */
  sources: z.number().exactOptional(),
  /** When the page was taken off the network, at the earliest, but not before the message was sent; absent where it was not. */
  offlineAt: instant.exactOptional(),
  /** How much later than `offlineAt` that may have been, ms; absent in older files. */
  offlineErrorBound: z.number().exactOptional(),
  /** When the page's socket broke before the answer was over, and when it was there again; absent where it was not. */
  lostAt: instant.exactOptional(),
  rejoinedAt: instant.exactOptional(),
  /** A picture of the page as the message ended, beside the run file: `screenshots/after-1x-2.png`. */
  screenshot: z.string().regex(/^screenshots\/[\w.-]+\.png$/).exactOptional(),
  outcome,
  integrity: integrity.nullable(),
  upstream: upstream.nullable(),
})
export type MessageRecord = z.infer<typeof messageRecord>

/** The connection kind that a probe was said on; stall comparisons keep them apart. */
export type ConnectionKind = MessageRecord['connection']['kind']
