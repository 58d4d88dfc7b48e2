import { afterEach, expect, test } from 'vitest'
import type { RawClient } from './test/raw-client.ts'
import { type Bench, startBench } from './test/bench.ts'
import { doneEvent, type ModelRequest, now, tokenEvent, until } from './test/scripted-model.ts'

const benches: Bench[] = []
afterEach(async () => {
  for (const one of benches.splice(0)) await one.remove()
})

async function bench(...args: Parameters<typeof startBench>): Promise<Bench> {
  const made = await startBench(...args)
  benches.push(made)
  return made
}

test('prompts and answers pass verbatim on both routes, and only three fields of the client pass', async () => {
  const body = '{"model":"m", "messages":[{"role":"user","content":"Grüße\\n[[ft1 id=a-1]]"}],\n"unknown": 1e3}'
  const answer = [': a comment\n\n', tokenEvent('Grüße'), 'event: odd\r\ndata: {}\r\n\r\n', doneEvent]
  const { model, client } = await bench([], (chat) => { chat.head().write(...answer).response.end() })
  for (const path of ['/v1/chat/completions', '/api/chat/completions?x=1']) {
    const one = client().post(body, path, 'Authorization: Bearer b\r\nAccept: text/event-stream\r\nX-Private: p\r\n')
    await until('the answer is whole', () => one.isWhole)
    expect(one.text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '')).toContain(answer.join(''))
  }
  expect(model.chats.map((chat) => chat.body)).toEqual([body, body])
  const { authorization, accept, 'content-type': type, 'x-private': secret } = model.chat(0).request.headers
  expect({ authorization, accept, type, secret }).toEqual({ authorization: 'Bearer b', accept: 'text/event-stream', type: 'application/json', secret: undefined })
})

test('an answer that is no stream, and an error of the model, pass with their status', async () => {
  const { client } = await bench([], (chat) => { chat.response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '7' }).end('{"error":{"message":"full"}}') })
  const one = client().post('{}')
  await until('the answer is whole', () => one.isWhole)
  expect(one.status).toBe(429)
  expect(one.text).toMatch(/retry-after: 7/i)
  expect(one.text).toContain('{"error":{"message":"full"}}')
})

test('health, models and settings need no slot', async () => {
  const { model, client } = await bench(['slots=1', 'dropEvery=7'])
  client().post('{}')
  await until('the slot is taken', () => model.chats.length === 1)
  const answers = ['/health', '/v1/models', '/api/models', '/control/settings', '/nothing'].map((path) => client().get(path))
  await until('all are answered', () => answers.every((answer) => answer.isWhole))
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 404])
  expect(answers[0]?.text).toContain('{"status":true}')
  expect(answers[2]?.text).toContain('"asked":"/v1/models"')
  expect(answers[3]?.text).toContain('"slots":1')
  expect(answers[3]?.text).toContain('"dropEvery":7')
})

test('with four slots the fifth answer waits until one has ended, with five it does not', async () => {
  const { model, client, settled } = await bench(['slots=4'])
  const clients = Array.from({ length: 5 }, () => client().post('{}'))
  await until('four are asked', () => model.chats.length === 4)
  await settled()
  expect(model.chats).toHaveLength(4)
  model.chat(2).tell(1)
  await until('the fifth is asked', () => model.chats.length === 5)
  expect(clients.filter((one) => one.isDone)).toHaveLength(1)

  const wider = await bench(['slots=5'])
  for (let one = 0; one < 5; one += 1) wider.client().post('{}')
  await until('all five are asked', () => wider.model.chats.length === 5)
})

test('who waits for a slot is served in the order of coming', async () => {
  const { model, client, settled } = await bench(['slots=1'])
  for (const name of ['first', 'second', 'third']) {
    client().post(name)
    await settled()
  }
  model.chat(0).tell(1)
  await until('the second is asked', () => model.chats.length === 2)
  model.chat(1).tell(1)
  await until('the third is asked', () => model.chats.length === 3)
  expect(model.chats.map((chat) => chat.body)).toEqual(['first', 'second', 'third'])
})

test('with four lanes of one slot a story blocks the connections of its own lane alone', async () => {
  const { model, client, settled } = await bench(['lanes=4', 'slots=1'])
  const connections: RawClient[] = []
  for (let one = 0; one < 8; one += 1) {
    const made = client()
    await made.connected
    connections.push(made)
  }
  connections[1]?.post('story')
  await until('the story is asked', () => model.chats.length === 1)
  for (const [index, one] of connections.entries()) if (index !== 1) one.post(`hello ${index}`)
  await settled()
  const answered = new Set<ModelRequest>()
  await until('six hellos are answered', () => {
    for (const chat of model.chats.slice(1)) {
      if (!answered.has(chat)) {
        answered.add(chat)
        chat.tell(1)
      }
    }
    return answered.size === 6
  })
  await settled()
  expect(model.chats.map((chat) => chat.body).sort()).toEqual(['hello 0', 'hello 2', 'hello 3', 'hello 5', 'hello 6', 'hello 7', 'story'])
  model.chat(0).tell(1)
  await until('the blocked hello is asked', () => model.chats.at(-1)?.body === 'hello 4')
})

test.each([{ connections: 'fresh', sockets: 6 }, { connections: 'pooled', sockets: 1 }])('six messages in turn come on $sockets upstream connections where they are $connections', async ({ connections, sockets }) => {
  const { model, client } = await bench([`connections=${connections}`], (chat) => chat.tell(2))
  const one = client()
  for (let message = 1; message <= 6; message += 1) {
    one.post('{}')
    await until('it is answered', () => one.text.split('[DONE]').length === message + 1 && one.isWhole)
  }
  expect(new Set(model.chats.map((chat) => chat.socket)).size).toBe(sockets)
  expect(model.connections).toHaveLength(sockets)
})

test('a pool has no limit: 300 messages at once are 300 requests at once, and none is kept waiting', async () => {
  const { model, client } = await bench([])
  for (let one = 0; one < 300; one += 1) client().post('{}')
  await until('all are asked', () => model.chats.length === 300)
  expect(new Set(model.chats.map((chat) => chat.socket)).size).toBe(300)
})

test('a fresh connection pays its handshake before the slot is taken', async () => {
  const { model, client } = await bench(['slots=1', 'connections=fresh', 'handshakeCost=150'])
  const startedAt = now()
  client().post('first')
  client().post('second')
  await until('the first is asked', () => model.chats.length === 1)
  expect(model.chat(0).arrivedAt - startedAt).toBeGreaterThanOrEqual(149)
  await until('both have dialled', () => model.connections.length === 2)
  // The second's handshake has run while the first's did: nothing but the slot is between them.
  expect((model.connections[1]?.acceptedAt ?? 0) - startedAt).toBeLessThan(140)
  const endedAt = now()
  model.chat(0).tell(1)
  await until('the second is asked', () => model.chats.length === 2)
  expect(model.chat(1).arrivedAt - endedAt).toBeLessThan(100)
})

test('a pool pays the handshake once', async () => {
  const { model, client } = await bench(['connections=pooled', 'handshakeCost=150'], (chat) => chat.tell(1))
  const one = client().post('{}')
  await until('it is answered', () => one.isWhole)
  const askedAt = now()
  one.post('{}')
  await until('the second is asked', () => model.chats.length === 2)
  expect(model.chat(1).arrivedAt - askedAt).toBeLessThan(100)
})

test('a client that leaves aborts its answer at the model and frees its slot', async () => {
  const { model, client } = await bench(['slots=1'])
  const leaver = client().post('story')
  await until('the story is asked', () => model.chats.length === 1)
  model.chat(0).head().write(tokenEvent('Once'))
  await until('it has begun', () => leaver.told === 'Once')
  client().post('hello')
  const leftAt = now()
  leaver.leave()
  await until('the model sees it', () => model.chat(0).goneAt !== undefined)
  expect((model.chat(0).goneAt ?? 0) - leftAt).toBeLessThan(200)
  await until('the hello is asked', () => model.chats.length === 2)
})

test('a client that leaves the queue, or its handshake, is never asked about at the model', async () => {
  const { model, client, settled } = await bench(['slots=1', 'connections=fresh', 'handshakeCost=50'])
  client().post('story')
  await until('the story is asked', () => model.chats.length === 1)
  const waiting = client().post('in the queue')
  await until('it has dialled', () => model.connections.length === 2)
  const dialling = client().post('in its handshake')
  await until('it has dialled', () => model.connections.length === 3)
  dialling.leave()
  await new Promise((resolve) => { setTimeout(resolve, 60) })
  waiting.leave()
  await settled()
  client().post('hello')
  model.chat(0).tell(1)
  await until('the hello is asked', () => model.chats.length === 2)
  expect(model.chat(1).body).toBe('hello')
})

test('a slot is held until the client has the end of its answer', async () => {
  const { model, client } = await bench(['slots=1', 'delayAfter=100'])
  client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  client().post('{}')
  const toldAt = now()
  model.chat(0).tell(1)
  await until('the second is asked', () => model.chats.length === 2)
  expect(model.chat(1).arrivedAt - toldAt).toBeGreaterThanOrEqual(99)
})

test('a slow reader slows the model down and loses nothing', async () => {
  const { model, client } = await bench(['upstreamTimeout=idle:300'])
  const one = client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  const chat = model.chat(0).head()
  const token = tokenEvent('Q'.repeat(60_000))
  one.pause()
  for (let count = 0; count < 400; count += 1) chat.write(token)
  await until('the idle deadline would be over', (() => { const at = now() + 500; return () => now() > at })())
  expect(chat.response.writableLength).toBeGreaterThan(1_000_000)
  one.resume()
  chat.end()
  await until('the answer is whole', () => one.isWhole && one.isDone)
  expect(one.text.replaceAll(/[^Q]/g, '').length).toBe(400 * 60_000)
})

test('a model that refuses is a 502, and one that breaks off in the stream an error event without [DONE]', async () => {
  const { model, client } = await bench([])
  const broken = client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  model.chat(0).head().write(tokenEvent('Once'))
  await until('it has begun', () => broken.told === 'Once')
  model.chat(0).response.destroy()
  await until('the answer is whole', () => broken.isWhole)
  expect(broken.text).toContain('data: {"error":{"message":"The connection to the model broke off')
  expect(broken.isDone).toBe(false)
  model.stop()
  const refused = client().post('{}')
  await until('it is answered', () => refused.isWhole)
  expect(refused.status).toBe(502)
  expect(refused.text).toContain('"type":"upstream_unreachable"')
})
