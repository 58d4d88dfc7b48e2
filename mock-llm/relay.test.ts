import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { contents, post } from './test/raw-client.ts'
import { type RunningMock, runningMock } from './test/running-mock.ts'

/** A mock that speaks Ollama's dialect as well as a real one, and a relay before it. */
async function relayed(patch: object = {}): Promise<{ readonly real: RunningMock; readonly relay: RunningMock }> {
  const real = await runningMock(patch)
  return { real, relay: await runningMock({}, { behind: real.url }) }
}

const ask = (text: string, more: object = {}): string => post('/api/chat', { model: 'mock', messages: [{ role: 'user', content: text }], ...more })

test('an answer is passed back token by token as it comes, and is in the journal under the word that the message began with', async () => {
  const { real, relay } = await relayed({ first: 30, gap: 40, tokens: 3 })
  const client = await relay.client()
  const answer = await client.ask(ask('abcdefgh: Hello'))
  expect(contents(answer)).toHaveLength(3)
  expect(client.reads.length).toBeGreaterThanOrEqual(3)
  const entry = await relay.entry('abcdefgh')
  expect(entry).toMatchObject({ kind: 'chat', model: 'mock', stream: true, tokensWritten: 3, tokensTogether: 0, status: 200, clientGoneAt: null, firstTokenDueAt: null, requestsBefore: 0 })
  const [own] = (await real.journal()).entries
  expect(entry.receivedAt).toBeLessThanOrEqual(own?.receivedAt ?? 0)
  expect(entry.firstTokenWrittenAt).toBeGreaterThanOrEqual(own?.firstTokenWrittenAt ?? Infinity)
  expect((entry.lastTokenWrittenAt ?? 0) - (entry.firstTokenWrittenAt ?? 0)).toBeGreaterThan(60)
})

test('what begins otherwise is a request of the gateway, also where it quotes the message', async () => {
  const { relay } = await relayed()
  const client = await relay.client()
  await client.ask(ask('Give a title to: abcdefgh: Hello'))
  expect((await relay.journal()).entries).toMatchObject([{ kind: 'task', id: null }])
})

test('an answer in one piece counts as one, and lists are passed on without being anybody\'s answer', async () => {
  const { relay } = await relayed()
  const client = await relay.client()
  expect(contents(await client.ask(ask('abcdefgh: Hello', { stream: false })))).toHaveLength(1)
  expect(await client.ask('GET /api/version HTTP/1.1\r\nHost: mock\r\n\r\n')).toContain('{"version":"0.13.0"}')
  const { entries, open } = await relay.journal()
  expect(entries).toMatchObject([{ id: 'abcdefgh', stream: false, tokensWritten: 1, requestsBefore: 0 }])
  expect(open).toBe(0)
})

test('what is not below /api is the mock\'s own', async () => {
  const { real, relay } = await relayed()
  const client = await relay.client()
  expect(await client.ask(post('/v1/chat/completions', { model: 'mock', messages: [{ role: 'user', content: 'Hello' }] }))).toContain('chat.completion')
  expect((await real.journal()).entries).toEqual([])
})

test('a client that leaves is gone for the model behind as well', async () => {
  const { real, relay } = await relayed({ first: 1, gap: 5, tokens: 1_000 })
  const client = await relay.client()
  client.socket.write(ask('abcdefgh: Hello'))
  await client.until((text) => contents(text).length > 2)
  client.socket.destroy()
  const entry = await relay.entry('abcdefgh')
  expect(entry.clientGoneAt).not.toBeNull()
  await real.until(async () => (await real.journal()).entries.length > 0)
  const [own] = (await real.journal()).entries
  expect((own?.clientGoneAt ?? Infinity) - (entry.clientGoneAt ?? 0)).toBeLessThan(100)
})

test('a refusal is passed back as it is; an answer that breaks is broken', async () => {
  const { real, relay } = await relayed({ tokens: 5, gap: 5 })
  const client = await relay.client()
  expect(await client.ask(ask('abcdefgh: Hello', { model: 'none' }))).toMatch(/^HTTP\/1\.1 404 .*model 'none' not found/s)
  await real.set({ fault: 'rst@3' })
  const broken = await relay.client()
  broken.socket.write(ask('bcdefghi: Hello'))
  await broken.closed()
  expect(broken.endedWith).toBe('rst')
  expect(contents(broken.text)).toHaveLength(3)
  expect(await relay.entry('bcdefghi')).toMatchObject({ tokensWritten: 3, clientGoneAt: null })
})

test('a model that is not there is a bad gateway', async () => {
  const nobody = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => { nobody.once('listening', resolve) })
  const { port } = nobody.address() as AddressInfo
  await new Promise((resolve) => { nobody.close(resolve) })
  const relay = await runningMock({}, { behind: `http://127.0.0.1:${port}` })
  expect(await (await relay.client()).ask(ask('abcdefgh: Hello'))).toMatch(/^HTTP\/1\.1 502 .*does not answer/s)
  expect(await relay.entry('abcdefgh')).toMatchObject({ status: 502 })
})

test('a line that comes in two pieces is one token', async () => {
  const halves = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.write('{"message":{"role":"assistant","content":" wo')
    setTimeout(() => response.end('rd"},"done":false}\n{"message":{"content":""},"done":true}\n'), 20)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => new Promise<void>((resolve) => { halves.close(() => resolve()); halves.closeAllConnections() }))
  while (!halves.listening) await pause(1)
  const relay = await runningMock({}, { behind: `http://127.0.0.1:${(halves.address() as AddressInfo).port}` })
  await (await relay.client()).ask(ask('abcdefgh: Hello'))
  expect(await relay.entry('abcdefgh')).toMatchObject({ tokensWritten: 1 })
})
