import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { z } from 'zod'
import type { ClockPing, Journal, JournalEntry } from '../sample/journal.ts'

const instant = z.number()
const entrySchema = z.object({
  seq: z.number(),
  id: z.string().nullable(),
  kind: z.string(),
  // Mocks before that told all tasks alike.
  task: z.string().nullable().default(null),
  socket: z.number(),
  requestsBefore: z.number(),
  receivedAt: instant,
  firstTokenDueAt: instant.nullable(),
  firstTokenWrittenAt: instant.nullable(),
  lastTokenWrittenAt: instant.nullable(),
  tokensWritten: z.number(),
  tokensTogether: z.number().default(0),
  clientGoneAt: instant.nullable(),
  // Mocks before faults know neither, nor can they list what is open.
  fault: z.string().nullable().default(null),
  faultAt: instant.nullable().default(null),
})
const journalSchema = z.object({ next: z.number(), open: z.number(), entries: z.array(entrySchema), openEntries: z.array(entrySchema).default([]) })
const clockSchema = z.object({ now: instant, bootId: z.string() })
const latenessSchema = z.object({ p50: z.number(), p99: z.number() })

/** How long a journal may be behind before it is read as it is, ms. */
const patience = 250
/** A mock that does not answer for so long is gone, ms. */
const longestAnswer = 5_000
/** A sequence number that no journal reaches. */
const beyondAll = 999_999_999_999_999

/** Asks the journal of our mock at `url`. Its own connection is kept open, so that a clock ping costs no handshake. */
export function mockJournal(url: string, now: () => number): Journal & { close(): Promise<void> } {
  const agent = new Agent({ connections: 1, pipelining: 1, keepAliveTimeout: 600_000 })
  let after: number | undefined
  let boot = ''
  const get = async (path: string): Promise<unknown> => {
    const { statusCode, body } = await request(`${url}${path}`, { dispatcher: agent, headersTimeout: longestAnswer, bodyTimeout: longestAnswer })
    if (statusCode !== 200) {
      await body.dump()
      throw new Error(`the mock answered ${statusCode} to ${path}`)
    }
    return body.json()
  }
  /** What the journal holds from before the first question is nobody's business here. */
  const begin = async (): Promise<void> => { after ??= journalSchema.parse(await get(`/mock/journal?after=${beyondAll}`)).next }
  const ping = async (): Promise<ClockPing> => {
    await begin()
    const sentAt = now()
    const answer = await get('/mock/clock')
    const receivedAt = now()
    const clock = clockSchema.parse(answer)
    boot = clock.bootId
    return { sentAt, receivedAt, modelAt: clock.now }
  }
  const collect = async (): Promise<JournalEntry[]> => {
    const entries: JournalEntry[] = []
    await begin()
    const giveUpAt = now() + patience
    for (;;) {
      const from = after ?? 0
      const page = journalSchema.parse(await get(`/mock/journal?after=${from}`))
      entries.push(...page.entries.map(journalEntry))
      after = page.next
      // A page has an end; what follows it is asked for at once.
      if (page.next > from) continue
      if (page.open === 0 || now() > giveUpAt) return entries
      await new Promise((resolve) => { setTimeout(resolve, 10) })
    }
  }
  const open = async (): Promise<JournalEntry[]> => {
    await begin()
    return journalSchema.parse(await get(`/mock/journal?after=${after ?? 0}&open=1`)).openEntries.map(journalEntry)
  }
  return {
    ping,
    collect,
    open,
    get sameBoot() { return boot !== '' && boot === ownBootId() },
    lateness: async () => latenessSchema.parse(await get('/mock/lateness')),
    close: () => agent.close(),
  }
}

function journalEntry(entry: z.infer<typeof entrySchema>): JournalEntry {
  const { id, kind, task, socket, requestsBefore, receivedAt, firstTokenDueAt, firstTokenWrittenAt, lastTokenWrittenAt, tokensWritten, tokensTogether, clientGoneAt, fault, faultAt } = entry
  return { id, kind: task ?? kind, socket, requestsBefore, receivedAt, firstTokenDueAt, firstTokenAt: firstTokenWrittenAt, lastTokenAt: lastTokenWrittenAt, tokensWritten, tokensTogether, clientGoneAt, fault, faultAt }
}

/** Identifies one boot of one kernel: equal on both ends where both run on one host. Empty where the system has none. */
function ownBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
