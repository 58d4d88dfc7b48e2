import { expect, test } from 'vitest'
import { z } from 'zod'
import { post } from './test/raw-client.ts'
import { type RunningMock, runningMock } from './test/running-mock.ts'

const hits = z.object({ results: z.array(z.object({ url: z.string(), title: z.string(), content: z.string(), score: z.number() })) })

async function search(mock: RunningMock, query: string): Promise<z.infer<typeof hits>['results']> {
  const reply = await fetch(`${mock.url}/search?${new URLSearchParams({ q: query, format: 'json', pageno: '1', theme: 'simple' }).toString()}`)
  expect(reply.headers.get('content-type')).toMatch('application/json')
  return hits.parse(await reply.json()).results
}

test('a search finds three pages of 5,000 bytes at the address that was asked, best first', async () => {
  const mock = await runningMock()
  const found = await search(mock, 'weather new york')
  expect(found.map((hit) => hit.url)).toEqual([0, 1, 2].map((number) => `${mock.url}/page/${number}?id=&bytes=5000&takes=0`))
  expect(found.map((hit) => hit.score)).toEqual(found.map((hit) => hit.score).toSorted((a, b) => b - a))
  const page = await fetch(found[1]?.url ?? '')
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect((await page.text()).length).toBe(5_000)
  const entries = (await mock.journal()).entries
  expect(entries).toMatchObject([{ kind: 'search', id: null, status: 200 }, { kind: 'page', id: null, status: 200 }])
})

test.each([
  ['in its last line', 'Weather?\n[[ft1 id=w-1 tokens=5 search=60 pages=2 pagebytes=7000 pagetakes=40]]'],
  ['on one line with other words', 'about [[ft1 id=w-1 search=60 pages=2 pagebytes=7000 pagetakes=40]] weather'],
])('a marker in the query says whose it is, how long it takes and what it finds: %s', async (_name, query) => {
  const mock = await runningMock()
  const found = await search(mock, query)
  expect(found.map((hit) => hit.url)).toEqual([0, 1].map((number) => `${mock.url}/page/${number}?id=w-1&bytes=7000&takes=40`))
  await Promise.all(found.map(async (hit) => expect((await (await fetch(hit.url)).text()).length).toBe(7_000)))
  const entries = (await mock.journal()).entries
  expect(entries.map((entry) => [entry.kind, entry.id, entry.status])).toEqual([['search', 'w-1', 200], ['page', 'w-1', 200], ['page', 'w-1', 200]])
  const took = entries.map((entry) => (entry.headersWrittenAt ?? NaN) - entry.receivedAt)
  expect(took[0]).toBeGreaterThanOrEqual(60)
  expect(took[1]).toBeGreaterThanOrEqual(40)
  expect(Math.max(...took)).toBeLessThan(500)
})

test('settings give the defaults: time, number, length, and a status that fails', async () => {
  const mock = await runningMock({ searchTakes: 30, pages: 1, pageBytes: 900, pageTakes: 20 })
  expect((await search(mock, 'x')).map((hit) => hit.url)).toEqual([`${mock.url}/page/0?id=&bytes=900&takes=20`])
  await mock.set({ pages: 0 })
  expect(await search(mock, 'x')).toEqual([])
  await mock.set({ searchStatus: 500 })
  expect((await fetch(`${mock.url}/search?q=x`)).status).toBe(500)
  const entries = (await mock.journal()).entries
  expect(entries.map((entry) => entry.status)).toEqual([200, 200, 500])
  for (const entry of entries) expect(entry.endedAt - entry.receivedAt).toBeGreaterThanOrEqual(30)
})

test.each(['/search', '/tavily/search'])('POST %s answers as Tavily does, with no more than max_results', async (path) => {
  const mock = await runningMock()
  const ask = (body: object) => fetch(mock.url + path, { method: 'POST', body: JSON.stringify(body) })
  const reply: unknown = await (await ask({ query: 'x [[ft1 id=t-1 pages=9]]', max_results: 2, search_depth: 'basic' })).json()
  expect(reply).toMatchObject({ query: expect.any(String), response_time: expect.any(Number), results: [{ url: `${mock.url}/page/0?id=t-1&bytes=5000&takes=0`, title: 'Page 0', content: expect.any(String), raw_content: null }, {}] })
  expect(hits.parse(reply).results.map((hit) => hit.score <= 1)).toEqual([true, true])
  expect(hits.parse(await (await ask({ query: '[[ft1 id=t-2 pages=9]]' })).json()).results).toHaveLength(5)
  expect((await ask({ query: '' })).status).toBe(400)
  expect((await ask({ query: 'x', max_results: 'all' })).status).toBe(400)
  expect((await mock.journal()).entries.map((entry) => [entry.kind, entry.id, entry.status])).toEqual([['search', 't-1', 200], ['search', 't-2', 200], ['search', null, 400], ['search', null, 400]])
})

test.each(['/search', '/search?q=', '/search?q=%5B%5Bft1%20id%3Da%20speed%3D1%5D%5D', '/page/x', '/page/0?bytes=-1', '/page/0?bytes=99999999999', '/page/0?takes=x'])('GET %s is refused and in the journal', async (path) => {
  const mock = await runningMock()
  const reply = await fetch(mock.url + path)
  expect(reply.status).toBeGreaterThanOrEqual(400)
  expect((await mock.journal()).entries).toMatchObject([{ status: reply.status }])
})

test('a question mark within the query, which aiohttp does not escape, is part of it', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  expect(await client.ask('GET /search?q=Rain?%0A%5B%5Bft1+id%3Dw-1+pages%3D1%5D%5D&format=json HTTP/1.1\r\nHost: mock\r\n\r\n')).toContain('"query":"Rain?\\n[[ft1 id=w-1 pages=1]]"')
  expect((await mock.entry('w-1')).kind).toBe('search')
})

test('a client that leaves while the engine searches is seen, and the search is over', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write('GET /search?q=%5B%5Bft1+id%3Dgone+search%3D60000%5D%5D HTTP/1.1\r\nHost: mock\r\n\r\n')
  expect(await mock.openEntry('gone')).toMatchObject({ kind: 'search', status: 499 })
  client.socket.destroy()
  const entry = await mock.entry('gone')
  expect(entry).toMatchObject({ status: 499, headersWrittenAt: null, endedAt: entry.clientGoneAt })
})

test('searches are no chat requests: the metrics do not count them, and a chat passes over their keys in its marker', async () => {
  const mock = await runningMock()
  await search(mock, 'x')
  expect(await (await fetch(`${mock.url}/metrics`)).text()).not.toContain('mock_llm_requests_total{')
  const client = await mock.client()
  expect(await client.ask(post('/v1/chat/completions', { model: 'mock', messages: [{ role: 'user', content: '[[ft1 id=c tokens=2 search=9000 pages=2 pagebytes=10]]' }] }))).toContain('c.0 c.1/2~')
})
