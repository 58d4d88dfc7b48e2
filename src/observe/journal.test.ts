import { createServer, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { mockJournal } from './journal.ts'

let server: Server | undefined
afterEach(() => { server?.close() })

const entry = (seq: number): object => ({ seq, id: `a-${seq}`, kind: 'chat', socket: 1, requestsBefore: 0, receivedAt: seq, firstTokenDueAt: null, firstTokenWrittenAt: null, lastTokenWrittenAt: null, tokensWritten: 1, clientGoneAt: null })

/** A journal of `last` entries that gives ten at a time, as the mock gives ten thousand. */
async function journalOf(ledger: { last: number }): Promise<ReturnType<typeof mockJournal>> {
  server = createServer((request, response) => {
    const after = Number(new URL(request.url ?? '', 'http://a').searchParams.get('after'))
    const to = Math.min(ledger.last, after + 10)
    response.end(JSON.stringify({ next: to, open: 0, entries: Array.from({ length: Math.max(0, to - after) }, (_, index) => entry(after + index + 1)) }))
  })
  await new Promise<void>((resolve) => { server?.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return mockJournal(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, () => performance.now())
}

test('what the mock had seen before nobody asked is not ours, and every page of what it sees then is', async () => {
  const ledger = { last: 25 }
  const journal = await journalOf(ledger)
  expect(await journal.collect()).toEqual([])
  ledger.last = 58
  expect((await journal.collect()).map(({ id }) => id)).toEqual(Array.from({ length: 33 }, (_, index) => `a-${index + 26}`))
  expect(await journal.collect()).toEqual([])
  await journal.close()
})

test('a mock that is gone is an error, and not an empty journal', async () => {
  const journal = await journalOf({ last: 0 })
  server?.close()
  server?.closeAllConnections()
  await expect(journal.collect()).rejects.toThrow(/ECONNREFUSED|other side closed/)
  await journal.close()
})
