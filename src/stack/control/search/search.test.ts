import type { ServerResponse } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type Bench, startBench } from '../test/bench.ts'
import { type ModelRequest, now, type ScriptedModel, tokenEvent, until } from '../test/scripted-model.ts'

const benches: Bench[] = []
afterEach(async () => {
  for (const one of benches.splice(0)) await one.remove()
})

async function bench(...args: Parameters<typeof startBench>): Promise<Bench> {
  const made = await startBench(...args)
  benches.push(made)
  return made
}

const prompt = 'What is new? "Grüße"\n[[ft1 id=a-1]]'
const messages = [{ role: 'system', content: 's' }, { role: 'user', content: prompt }]
const wish = JSON.stringify({ model: 'm', stream: true, messages, features: { web_search: true } })
const tells = (chat: ModelRequest): void => chat.tell(2)

/** An engine that finds so many pages, which say their number. */
function findPages(model: ScriptedModel, count: number): { readonly queries: (string | null)[] } {
  const queries: (string | null)[] = []
  model.routes.set('/search', (query, response) => {
    queries.push(query.get('q'))
    expect(query.get('format')).toBe('json')
    response.end(JSON.stringify({ query: query.get('q'), results: Array.from({ length: count }, (_, page) => ({ url: `${model.url.origin}/page/${page}`, title: `Page ${page}`, content: 'snippet' })) }))
  })
  for (let page = 0; page < count; page += 1) model.routes.set(`/page/${page}`, (_, response) => response.end(`<html><body><p>This is page ${page}.</p></body></html>`))
  return { queries }
}

/** The text and the place of the sources event. */
function sourcesIn(text: string): unknown {
  const [, data] = /data: (\{"sources":.*\})\n\n/.exec(text) ?? []
  return data === undefined ? undefined : (JSON.parse(data) as { readonly sources: unknown }).sources
}

test('a search shows its sources before the first word, and asks the model with them, the prompt verbatim at the end', async () => {
  const { model, client } = await bench([], tells)
  const { queries } = findPages(model, 7)
  const one = client().post(wish)
  await until('the answer is whole', () => one.isWhole)
  const urls = [0, 1, 2, 3, 4].map((page) => `${model.url.origin}/page/${page}`)
  expect(queries).toEqual([prompt])
  expect(one.text).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream\r\n/i)
  expect(sourcesIn(one.text)).toEqual([{ source: { name: prompt, type: 'web_search', urls }, document: urls.map((_, page) => `This is page ${page}.`), metadata: urls.map((url) => ({ source: url })) }])
  expect(one.text.indexOf('"sources"')).toBeLessThan(one.text.indexOf('"content":"0"'))
  expect(one.told).toBe('0 1')
  const asked = JSON.parse(model.chat(0).body) as { readonly messages: { readonly content: string }[] }
  expect(asked).toMatchObject({ model: 'm', stream: true, messages: [{ role: 'system', content: 's' }, { role: 'user' }] })
  expect(asked).not.toHaveProperty('features')
  expect(asked.messages[1]?.content).toMatch(/^### Task:\n[^]*<context>\n<source id="1" name="[^"]*\/page\/0">This is page 0\.<\/source>\n[^]*<\/context>\n\n/)
  expect(asked.messages[1]?.content.endsWith(`</context>\n\n${prompt}`)).toBe(true)
})

test('pages are fetched all at once, while the slot is held and everything else goes on', async () => {
  const { model, client, settled } = await bench(['slots=1', 'connections=fresh'], tells)
  findPages(model, 3)
  const fetched: ServerResponse[] = []
  for (let page = 0; page < 3; page += 1) model.routes.set(`/page/${page}`, (_, response) => fetched.push(response))
  const one = client().post(wish)
  await until('all pages are asked for', () => fetched.length === 3)
  client().post('hello')
  await settled()
  expect([model.chats.length, one.text]).toEqual([0, ''])
  for (const response of fetched) response.end('page')
  await until('the answer is whole', () => one.isWhole && one.isDone)
  await until('the hello is asked', () => model.chats.length === 2)
  expect(model.chat(1).body).toBe('hello')
})

test.each<[string, (model: ScriptedModel) => void]>([
  ['an engine that is broken', (model) => { model.routes.set('/search', (_, response) => response.writeHead(500).end('{"results":[]}')) }],
  ['an engine that says something else', (model) => { model.routes.set('/search', (_, response) => response.end('<html>')) }],
  ['nothing found', (model) => { findPages(model, 0) }],
  ['pages that cannot be had', (model) => {
    findPages(model, 2)
    model.routes.set('/page/0', (_, response) => response.writeHead(404).end('no'))
    model.routes.set('/page/1', (_, response) => response.destroy())
  }],
  ['addresses that are none', (model) => { model.routes.set('/search', (_, response) => response.end('{"results":[{"url":"/page"},{"url":"ftp://127.0.0.1/page"}]}')) }],
])('%s: the answer comes without sources', async (_, arrange) => {
  const { model, client } = await bench([], tells)
  arrange(model)
  const one = client().post(wish)
  await until('the answer is whole', () => one.isWhole)
  expect(sourcesIn(one.text)).toBeUndefined()
  expect(one.told).toBe('0 1')
  expect(JSON.parse(model.chat(0).body)).toEqual({ model: 'm', stream: true, messages })
})

test.each([
  { sets: ['search=none'], shown: undefined },
  { sets: ['fakesSources=true'], shown: [{ source: { name: prompt, type: 'web_search' } }] },
  { sets: ['search=none', 'fakesSources=true'], shown: [{ source: { name: prompt, type: 'web_search' } }] },
])('$sets: nothing is searched, and the client is shown $shown', async ({ sets, shown }) => {
  const { model, client } = await bench(sets, tells)
  const { queries } = findPages(model, 2)
  const one = client().post(wish)
  await until('the answer is whole', () => one.isWhole)
  expect(queries).toEqual([])
  if (shown === undefined) expect(sourcesIn(one.text)).toBeUndefined()
  else expect(sourcesIn(one.text)).toMatchObject(shown)
  expect(one.told).toBe('0 1')
  expect(JSON.parse(model.chat(0).body)).toEqual({ model: 'm', stream: true, messages })
})

test('a late search comes when the answer is over, and its sources are made up', async () => {
  const { model, client } = await bench(['search=late'], (chat) => { chat.head().write(tokenEvent('0')) })
  const { queries } = findPages(model, 2)
  const one = client().post(wish)
  await until('the model is asked', () => model.chats.length === 1)
  expect(sourcesIn(one.text)).toMatchObject([{ source: { name: prompt, type: 'web_search' } }])
  expect(queries).toEqual([])
  model.chat(0).end()
  await until('the engine is asked', () => queries.length === 1)
  expect(one.isWhole).toBe(true)
})

test('an answer that is no stream is searched for too, and passes as the model gave it', async () => {
  const { model, client } = await bench([], (chat) => { chat.response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}') })
  findPages(model, 1)
  const one = client().post(JSON.stringify({ ...JSON.parse(wish) as object, stream: false }))
  await until('the answer is whole', () => one.isWhole)
  expect(one.text).toMatch(/application\/json[^]*\{"choices":\[\]\}/)
  expect(model.chat(0).body).toContain('### Task:')
})

test('a model that refuses after the sources is an error event', async () => {
  const { model, client } = await bench([], (chat) => { chat.response.writeHead(429).end('{"error":{"message":"full"}}') })
  findPages(model, 1)
  const one = client().post(wish)
  await until('the answer is whole', () => one.isWhole)
  expect(one.status).toBe(200)
  expect(one.text).toContain('data: {"error":{"message":"The model answered with status 429 and no stream.","type":"upstream_refused"')
})

test('a client that leaves during its search ends it, and frees its slot', async () => {
  const { model, client } = await bench(['slots=1'])
  let engineGoneAt = 0
  let isAsked = false
  model.routes.set('/search', (_, response) => {
    isAsked = true
    response.once('close', () => { engineGoneAt = now() })
  })
  const leaver = client().post(wish)
  await until('the engine is asked', () => isAsked)
  leaver.leave()
  await until('the engine sees it', () => engineGoneAt > 0)
  client().post('hello')
  await until('the hello is asked', () => model.chats.length > 0)
  expect(model.chats.map((chat) => chat.body)).toEqual(['hello'])
})

test('searchThreads: a search waits for the one before, and what is no search waits for neither', async () => {
  const { model, client } = await bench(['searchThreads=1'], tells)
  const { queries } = findPages(model, 1)
  const held: ServerResponse[] = []
  model.routes.set('/page/0', (_, response) => { held.push(response) })
  const searches = [client().post(wish), client().post(wish)]
  await until('the first search reads its page', () => held.length === 1)
  const hello = client().post('{}')
  await until('hello is answered', () => hello.isWhole)
  expect(queries).toHaveLength(1)
  held[0]?.end('<p>one</p>')
  await until('the second search reads its page', () => held.length === 2)
  held[1]?.end('<p>two</p>')
  await until('both are answered', () => searches.every((search) => search.isWhole))
})
