import { setTimeout as pause } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { createMock, type MockOptions } from '../server.ts'
import { changed, defaultSettings, type Settings } from '../settings.ts'
import { RawClient } from './raw-client.ts'

const instant = z.number().nullable()

/** The wire contract of the journal, written down once more: readers in other processes have nothing else. */
const journalEntry = z.strictObject({
  seq: z.number(),
  id: z.string().nullable(),
  kind: z.enum(['chat', 'task', 'search', 'page']),
  task: z.enum(['title', 'follow_ups', 'tags', 'queries']).nullable(),
  model: z.string(),
  stream: z.boolean(),
  socket: z.number(),
  requestsBefore: z.number(),
  receivedAt: z.number(),
  bytesIn: z.number(),
  startedAt: instant,
  headersDueAt: instant,
  headersWrittenAt: instant,
  firstTokenDueAt: instant,
  firstTokenWrittenAt: instant,
  lastTokenDueAt: instant,
  lastTokenWrittenAt: instant,
  tokensPlanned: z.number(),
  tokensWritten: z.number(),
  tokensTogether: z.number(),
  clientGoneAt: instant,
  tokensAfterGone: z.number(),
  endedAt: z.number(),
  status: z.number(),
  fault: z.string().nullable(),
  faultAt: instant,
})
type Entry = z.infer<typeof journalEntry>

const journalPage = z.strictObject({ next: z.number(), open: z.number(), sockets: z.number(), dropped: z.number(), entries: z.array(journalEntry), openEntries: z.array(journalEntry.extend({ endedAt: z.null() })).optional() })
type JournalPage = z.infer<typeof journalPage>
type OpenEntry = NonNullable<JournalPage['openEntries']>[number]

const delays = z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() })
const latenessReport = z.strictObject({ count: z.number(), ...delays.shape, loopDelay: delays })
type LatenessReport = z.infer<typeof latenessReport>

/** A mock on a free port for one test. Quick unless told otherwise: first token after 2 ms, 2 ms gaps, 3 tokens. */
export interface RunningMock {
  readonly port: number
  readonly url: string
  client(): Promise<RawClient>
  entry(id: string): Promise<Entry>
  /** The request of that id that is in flight, once `isThere` says so. */
  openEntry(id: string, isThere?: (entry: OpenEntry) => boolean): Promise<OpenEntry>
  journal(after?: number): Promise<JournalPage>
  lateness(): Promise<LatenessReport>
  set(patch: object): Promise<Response>
  /** Polls until `isTrue`. */
  until(isTrue: () => Promise<boolean>): Promise<void>
}

export async function runningMock(patch: object = {}, options: Omit<MockOptions, 'settings'> = {}): Promise<RunningMock> {
  const mock = createMock({ settings: settingsOf({ first: 2, gap: 2, tokens: 3, ...patch }), ...options })
  await new Promise<void>((resolve) => mock.server.listen(0, '127.0.0.1', resolve))
  const address = mock.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const clients: RawClient[] = []
  onTestFinished(async () => {
    for (const client of clients) client.socket.destroy()
    await mock.close()
  })
  const get = async (path: string): Promise<unknown> => (await fetch(url + path)).json()
  const journal = async (after = 0): Promise<JournalPage> => journalPage.parse(await get(`/mock/journal?after=${after}`))
  const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
    while (!(await isTrue())) await pause(2)
  }
  const entry = async (id: string): Promise<Entry> => {
    for (;;) {
      const found = (await journal()).entries.find((candidate) => candidate.id === id)
      if (found !== undefined) return found
      await pause(2)
    }
  }
  const openEntry = async (id: string, isThere: (entry: OpenEntry) => boolean = () => true): Promise<OpenEntry> => {
    for (;;) {
      const found = journalPage.parse(await get('/mock/journal?open=1')).openEntries?.find((candidate) => candidate.id === id && isThere(candidate))
      if (found !== undefined) return found
      await pause(2)
    }
  }
  return {
    port: address.port,
    url,
    client: () => {
      const client = new RawClient(address.port)
      clients.push(client)
      return client.connected()
    },
    entry,
    openEntry,
    journal,
    lateness: async () => latenessReport.parse(await get('/mock/lateness')),
    set: (change) => fetch(`${url}/mock/settings`, { method: 'PATCH', body: JSON.stringify(change) }),
    until,
  }
}

function settingsOf(patch: object): Settings {
  const outcome = changed(defaultSettings, patch)
  if (outcome.kind === 'refused') throw new Error(outcome.problems.join('; '))
  return outcome.settings
}
