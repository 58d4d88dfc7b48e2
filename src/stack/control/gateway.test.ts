import { afterEach, expect, test } from 'vitest'
import { Gateway } from './gateway.ts'
import { settingsOf } from './settings.ts'
import { RawClient } from './test/raw-client.ts'
import { doneEvent, type ModelRequest, now, ScriptedModel, tokenEvent, until } from './test/scripted-model.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Bench {
  readonly model: ScriptedModel
  readonly client: () => RawClient
  /** After two answers that need no slot, everything written before has been read. */
  readonly settled: () => Promise<void>
}

async function bench(sets: readonly string[], onChat?: (chat: ModelRequest) => void): Promise<Bench> {
  const model = await ScriptedModel.start(onChat)
  cleanups.push(() => model.stop())
  const gateway = new Gateway(model.url, settingsOf(undefined, sets))
  const port = await gateway.listen(0, '127.0.0.1')
  cleanups.push(() => gateway.close())
  const client = (): RawClient => {
    const made = new RawClient(port)
    cleanups.push(() => made.leave())
    return made
  }
  const settled = async (): Promise<void> => {
    for (let time = 0; time < 2; time += 1) {
      const one = client().get('/health')
      await until('/health answers', () => one.text.includes('{"status":true}'))
    }
  }
  return { model, client, settled }
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
  expect(model.chats.map((chat) => chat.body).sort()).toEqual(['hello 0', 'hello 2', 'hello 3', 'hello 4', 'hello 6', 'hello 7', 'story'])
  model.chat(0).tell(1)
  await until('the blocked hello is asked', () => model.chats.at(-1)?.body === 'hello 5')
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

test('keepsUpstream: the model goes on for a client that left, and the slot is held', async () => {
  const { model, client, settled } = await bench(['slots=1', 'keepsUpstream=true'])
  const leaver = client().post('story')
  await until('the story is asked', () => model.chats.length === 1)
  const chat = model.chat(0).head().write(tokenEvent('Once'))
  await until('it has begun', () => leaver.told === 'Once')
  leaver.leave()
  client().post('hello')
  await settled()
  expect(chat.goneAt).toBeUndefined()
  expect(model.chats).toHaveLength(1)
  chat.write(...Array.from({ length: 50 }, () => tokenEvent('x'.repeat(10_000)))).end()
  await until('the hello is asked', () => model.chats.length === 2)
  expect(chat.goneAt).toBeUndefined()
})

test('keepsUpstream: a model that waited for a slow reader goes on when that reader leaves', async () => {
  const { model, client } = await bench(['keepsUpstream=true'])
  const slow = client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  const chat = model.chat(0).head()
  slow.pause()
  for (let count = 0; count < 400; count += 1) chat.write(tokenEvent('Q'.repeat(60_000)))
  chat.end()
  let unread = -1
  await until('the model is kept waiting', () => {
    const before = unread
    unread = chat.response.writableLength
    return unread > 0 && unread === before
  })
  slow.leave()
  await until('the model has told all', () => chat.response.writableFinished)
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

test.each(['total:150', 'idle:150'])('upstreamTimeout=%s: a model that sends no head is a 504, and is told to stop', async (upstreamTimeout) => {
  const { model, client } = await bench(['slots=1', `upstreamTimeout=${upstreamTimeout}`])
  const askedAt = now()
  const one = client().post('{}')
  await until('it is answered', () => one.isWhole)
  expect(one.status).toBe(504)
  expect(one.text).toContain('"type":"upstream_timeout"')
  expect(one.readAt('504') - askedAt).toBeGreaterThanOrEqual(149)
  expect(one.readAt('504') - askedAt).toBeLessThan(400)
  await until('the model sees it', () => model.chat(0).goneAt !== undefined)
  client().post('{}')
  await until('the slot is free again', () => model.chats.length === 2)
})

test.each([{ upstreamTimeout: 'total:200', isCut: true }, { upstreamTimeout: 'idle:200', isCut: false }, { upstreamTimeout: 'none', isCut: false }])(
  'upstreamTimeout=$upstreamTimeout: a healthy answer of 400 ms is cut: $isCut',
  async ({ upstreamTimeout, isCut }) => {
    const { client } = await bench([`upstreamTimeout=${upstreamTimeout}`], (chat) => {
      chat.head()
      let tokens = 0
      const timer = setInterval(() => {
        tokens += 1
        if (tokens <= 8) chat.write(tokenEvent('x'))
        else {
          clearInterval(timer)
          chat.end()
        }
      }, 45)
    })
    const one = client().post('{}')
    await until('the answer is whole', () => one.isWhole)
    expect(one.status).toBe(200)
    expect(one.text.includes('data: {"error":{"message":"The model took longer than 200 ms."')).toBe(isCut)
    expect(one.isDone).toBe(!isCut)
  },
)

test('upstreamTimeout=idle: a model that falls silent in its answer is an error event, without one the client waits', async () => {
  const { model, client } = await bench(['upstreamTimeout=idle:100'])
  const patient = await bench([])
  const [one, other] = [client().post('{}'), patient.client().post('{}')]
  await until('both are asked', () => model.chats.length + patient.model.chats.length === 2)
  for (const chat of [model.chat(0), patient.model.chat(0)]) chat.head().write(tokenEvent('Once'))
  await until('the answer is whole', () => one.isWhole)
  expect(one.text).toContain('data: {"error":{"message":"The model said nothing for 100 ms.","type":"upstream_timeout"')
  expect(one.isDone).toBe(false)
  expect(other.isWhole).toBe(false)
})

/** Head, two tokens 100 ms apart, and the end: when the client read them after the model was asked, ms. */
async function timeline(sets: readonly string[]): Promise<{ readonly asked: number; readonly head: number; readonly first: number; readonly second: number; readonly end: number }> {
  const { model, client } = await bench(sets, (chat) => {
    chat.head()
    setTimeout(() => chat.write(tokenEvent('first')), 50)
    setTimeout(() => chat.write(tokenEvent('second')).end(), 150)
  })
  const askedAt = now()
  const one = client().post('{}')
  await until('the answer is whole', () => one.isWhole)
  const { arrivedAt } = model.chat(0)
  return { asked: arrivedAt - askedAt, head: one.readAt('200 OK') - arrivedAt, first: one.readAt('"first"') - arrivedAt, second: one.readAt('"second"') - arrivedAt, end: one.readAt('[DONE]') - arrivedAt }
}

test('without a defect head and tokens are forwarded when they come', async () => {
  const { asked, head, first, second } = await timeline([])
  expect(asked).toBeLessThan(40)
  expect(head).toBeLessThan(40)
  expect(first).toBeLessThan(90)
  expect(second - first).toBeGreaterThan(60)
})

test('delayBefore is before the model, delayAfter behind it, and both leave the distance between tokens alone', async () => {
  const [before, after] = [await timeline(['delayBefore=100']), await timeline(['delayAfter=100'])]
  expect(before.asked).toBeGreaterThanOrEqual(99)
  expect(before.first).toBeLessThan(90)
  expect(after.asked).toBeLessThan(40)
  expect(after.head).toBeGreaterThanOrEqual(100)
  expect(after.first).toBeGreaterThanOrEqual(149)
  expect(after.second - after.first).toBeGreaterThan(60)
  expect(after.second - after.first).toBeLessThan(140)
})

test('buffers=true: head and first token come with the last', async () => {
  const { head, first, end } = await timeline(['buffers=true'])
  expect(head).toBeGreaterThanOrEqual(149)
  expect(first).toBeGreaterThanOrEqual(149)
  expect(end - first).toBeLessThan(40)
})

test('cutsAfter: the answer ends normally but unfinished, and the model is told to stop', async () => {
  const { model, client } = await bench(['cutsAfter=80', 'slots=1'])
  const one = client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  model.chat(0).head().write(tokenEvent('Once'))
  await until('the answer is whole', () => one.isWhole)
  expect(one.told).toBe('Once')
  expect(one.text).not.toMatch(/DONE|error/)
  await until('the model sees it', () => model.chat(0).goneAt !== undefined)
  client().post('{}')
  await until('the slot is free again', () => model.chats.length === 2)
})

test.each([
  { sets: [], told: '0 1 2 3 4 5 6 7' },
  { sets: ['drops=tokens', 'dropEvery=4'], told: '0 1 2 4 5 6' },
  { sets: ['repeats=tokens', 'repeatEvery=4'], told: '0 1 2 3 3 4 5 6 7 7' },
])('$sets: of eight tokens the client is told $told', async ({ sets, told }) => {
  const { client } = await bench(sets, (chat) => chat.tell(8))
  const one = client().post('{}')
  await until('the answer is whole', () => one.isWhole)
  expect(one.told).toBe(told)
  expect(one.isDone).toBe(true)
})

test('swallowsErrors: a model that is not there is an empty answer that ends normally', async () => {
  const { model, client } = await bench(['swallowsErrors=true'])
  model.stop()
  const one = client().post('{}')
  await until('the answer is whole', () => one.isWhole)
  expect(one.status).toBe(200)
  expect(one.isDone).toBe(true)
  expect(one.text).not.toContain('error')
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
