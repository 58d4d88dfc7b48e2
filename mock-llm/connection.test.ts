import { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { now } from './clock.ts'
import { Connection } from './connection.ts'
import { chat, contents, post } from './test/raw-client.ts'
import { runningMock } from './test/running-mock.ts'

test('t0 is the first byte, even of a client that sends its head in drips; nothing is due before the request is whole', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const request = chat('id=drip tokens=2 first=10 gap=1')
  const before = now()
  client.socket.write(request.slice(0, 5))
  await pause(60)
  client.socket.write(request.slice(5, 30))
  await pause(60)
  const wholeAt = now()
  await client.ask(request.slice(30))
  const entry = await mock.entry('drip')
  expect(entry.receivedAt).toBeGreaterThanOrEqual(before)
  expect(entry.receivedAt).toBeLessThan(wholeAt - 55)
  expect(entry.firstTokenDueAt).toBeGreaterThanOrEqual(wholeAt)
  expect(entry.bytesIn).toBe(request.length)
})

test('t0 of a later request on the same connection is its own first byte, and the body counts as part of it', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await client.ask(chat('id=one'))
  await pause(30)
  const request = chat('id=two first=150 gap=0')
  const before = now()
  client.socket.write(request.slice(0, -10))
  await pause(50)
  await client.ask(request.slice(-10))
  const [one, two] = [await mock.entry('one'), await mock.entry('two')]
  expect(two.receivedAt).toBeGreaterThanOrEqual(before)
  expect(two.receivedAt).toBeLessThan(before + 40)
  // Read 50 ms after its first byte, yet due 150 ms after that first byte.
  expect((two.firstTokenDueAt ?? 0) - two.receivedAt).toBeCloseTo(150, 6)
  expect(two.bytesIn).toBe(request.length)
  expect([one.socket === two.socket, one.requestsBefore, two.requestsBefore]).toEqual([true, 0, 1])
})

test('sockets are numbered as they are accepted, and another socket is another number', async () => {
  const mock = await runningMock()
  const [first, second] = [await mock.client(), await mock.client()]
  await first.ask(chat('id=a'))
  await second.ask(chat('id=b'))
  const [a, b] = [await mock.entry('a'), await mock.entry('b')]
  expect(a.socket).not.toBe(b.socket)
  expect((await mock.journal()).sockets).toBeGreaterThanOrEqual(2)
})

test('a client that pipelines gets its answers one after another', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(chat('id=p1 tokens=3') + chat('id=p2 tokens=2') + 'GET /mock/clock HTTP/1.1\r\nHost: mock\r\n\r\n')
  const text = await client.until((all) => all.includes('bootId'))
  expect(contents(text).map((token) => token.trim().split('/')[0])).toEqual(['p1.0', 'p1.1', 'p1.2', 'p2.0', 'p2.1'])
})

test('tokens are frames of their own: no delay of TCP holds a small one back', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await client.ask(chat('id=nodelay tokens=20 first=5 gap=5'))
  // Nagle with delayed acknowledgement would gather tokens for 40 ms.
  expect(client.reads.length).toBeGreaterThanOrEqual(15)
})

test('HTTP/1.0 gets an answer without chunks, ended by the connection', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(post('/v1/chat/completions', { model: 'mock', stream: true, messages: [{ role: 'user', content: '[[ft1 id=old tokens=2]]' }] }, '1.0'))
  await client.closed()
  expect(client.text).toMatch(/\r\n\r\ndata: \{/)
  expect(client.text).toMatch(/data: \[DONE\]\n\n$/)
  expect((await mock.entry('old')).clientGoneAt).toBeNull()
})

test('what is no HTTP gets 400 as JSON', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write('nonsense\r\n\r\n')
  await client.closed()
  expect(client.text).toMatch(/^HTTP\/1.1 400 [^]*"type":"invalid_request_error"/)
})

test('a client is seen to leave once, by its FIN or by the close, whichever comes first', () => {
  const socket = new Socket()
  const connection = new Connection(socket, 1)
  const seen: number[] = []
  connection.onGone = (at) => seen.push(at)
  socket.emit('end')
  expect(seen).toEqual([connection.goneAt])
  socket.emit('close')
  expect(seen).toHaveLength(1)
})
