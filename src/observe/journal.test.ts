import { createServer, type Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { mockJournal } from './journal.ts'

let server: Server | undefined
afterEach(() => { server?.close() })

const entry = (seq: number, more: object = {}): object => ({ seq, id: `a-${seq}`, kind: 'chat', socket: 1, requestsBefore: 0, receivedAt: seq, firstTokenDueAt: null, firstTokenWrittenAt: null, lastTokenWrittenAt: null, tokensWritten: 1, clientGoneAt: null, ...more })

/** A journal of `last` entries that gives ten at a time, as the mock gives ten thousand. */
async function journalOf(ledger: { last: number; open?: readonly object[]; more?: object }): Promise<ReturnType<typeof mockJournal>> {
  server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://a')
    const after = Number(searchParams.get('after'))
    const to = Math.min(ledger.last, after + 10)
    const entries = Array.from({ length: Math.max(0, to - after) }, (_, index) => entry(after + index + 1, ledger.more))
    response.end(JSON.stringify({ next: to, open: 0, entries, ...(searchParams.get('open') === '1' ? { openEntries: ledger.open } : {}) }))
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

test('faults and requests besides the chat are passed through, and a mock that knows no faults has none', async () => {
  const ledger: Parameters<typeof journalOf>[0] = { last: 0, more: { kind: 'search', fault: 'silence@headers', faultAt: 7, endedAt: 9 } }
  const journal = await journalOf(ledger)
  await journal.collect()
  ledger.last = 1
  expect(await journal.collect()).toMatchObject([{ id: 'a-1', kind: 'search', fault: 'silence@headers', faultAt: 7 }])
  delete ledger.more
  ledger.last = 2
  expect(await journal.collect()).toMatchObject([{ id: 'a-2', kind: 'chat', fault: null, faultAt: null }])
  await journal.close()
})

test('open requests are read beside those that ended, and take nothing from them', async () => {
  const ledger: Parameters<typeof journalOf>[0] = { last: 3 }
  const journal = await journalOf(ledger)
  expect(await journal.open()).toEqual([])
  ledger.last = 5
  ledger.open = [entry(0, { id: 'b-1', endedAt: null, fault: 'silence@headers', faultAt: 4 })]
  expect(await journal.open()).toMatchObject([{ id: 'b-1', fault: 'silence@headers', faultAt: 4, firstTokenAt: null }])
  expect((await journal.collect()).map(({ id }) => id)).toEqual(['a-4', 'a-5'])
  await journal.close()
})
