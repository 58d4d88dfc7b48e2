import { afterEach, expect, test } from 'vitest'
import { type Bench, startBench } from './test/bench.ts'
import type { RawClient } from './test/raw-client.ts'
import { now, tokenEvent, until } from './test/scripted-model.ts'

// What answers wait for, and what they make others wait for.

const benches: Bench[] = []
afterEach(async () => {
  for (const one of benches.splice(0)) await one.remove()
})

async function bench(...args: Parameters<typeof startBench>): Promise<Bench> {
  const made = await startBench(...args)
  benches.push(made)
  return made
}

const passed = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })

test('healthBlocks: /health waits for the slot of its lane, and holds none afterwards', async () => {
  const { model, client } = await bench(['slots=1', 'healthBlocks=true'])
  client().post('story')
  await until('the story is asked', () => model.chats.length === 1)
  const [health, leaver] = [client().get('/health'), client().get('/health')]
  await passed(30)
  expect(health.text).toBe('')
  leaver.leave()
  model.chat(0).tell(1)
  await until('health answers', () => health.isWhole)
  expect(health.text).toContain('{"status":true}')
  client().post('hello')
  await until('the slot is free again', () => model.chats.length === 2)
})

test('healthDelay: /health is late by a constant, and chats are not', async () => {
  const { model, client } = await bench(['healthDelay=100'])
  const askedAt = now()
  const health = client().get('/health')
  client().post('{}')
  await until('health answers', () => health.isWhole)
  expect(health.readAt('200') - askedAt).toBeGreaterThanOrEqual(99)
  expect(model.chat(0).arrivedAt - askedAt).toBeLessThan(90)
})

test.each(['/api/v1/chats/', '/health/db'])('databasePool: %s waits while every connection is held by an answer, and so does the next answer', async (path) => {
  const { model, client, settled } = await bench(['databasePool=2'])
  for (const name of ['first', 'second', 'third']) {
    client().post(name)
    await settled()
  }
  const query = client().get(path)
  await settled()
  expect([model.chats.length, query.text]).toEqual([2, ''])
  model.chat(0).tell(1)
  await until('the third is asked', () => model.chats.length === 3)
  expect(query.text).toBe('')
  model.chat(1).tell(1)
  await until('it answers', () => query.isWhole)
  expect(query.status).toBe(200)
})

test('without databasePool nothing waits for the database', async () => {
  const { model, client } = await bench([])
  client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  const query = client().get('/api/v1/chats/')
  await until('it answers', () => query.isWhole)
  expect(query.text).toMatch(/\[\]$/)
})

test('poolLimit: message N+1 waits for a connection while it holds its slot', async () => {
  const { model, client, settled } = await bench(['poolLimit=2', 'slots=3'])
  for (const name of ['first', 'second', 'third', 'fourth']) {
    client().post(name)
    await settled()
  }
  expect(model.chats.map((chat) => chat.body)).toEqual(['first', 'second'])
  model.chat(1).tell(1)
  await until('the third is asked', () => model.chats.length === 3)
  await settled()
  // The fourth had no slot while the third waited for its connection; now it waits itself.
  expect(model.chats).toHaveLength(3)
  model.chat(0).tell(1)
  await until('the fourth is asked', () => model.chats.length === 4)
  expect(new Set(model.chats.map((chat) => chat.socket)).size).toBe(2)
})

/** So many messages in turn: how long after it was sent each came to the model, ms. */
async function lateness({ model, client }: Bench, messages: number): Promise<number[]> {
  const late: number[] = []
  for (let message = 0; message < messages; message += 1) {
    const [before, sentAt] = [model.chats.length, now()]
    const one = client().post('{}')
    await until('it is answered', () => one.isWhole)
    late.push(model.chat(before).arrivedAt - sentAt)
  }
  return late
}

test('tailEvery: every N-th answer goes to the model late', async () => {
  const late = await lateness(await bench(['tailEvery=3', 'tailDelay=100'], (chat) => chat.tell(1)), 6)
  expect(late.map((time) => time >= 99)).toEqual([false, false, true, false, false, true])
})

test('tailEvery: a late answer holds up nothing but its slot', async () => {
  const made = await bench(['tailEvery=2', 'tailDelay=150', 'databasePool=1', 'poolLimit=1'], (chat) => chat.tell(1))
  const { model, client } = made
  await lateness(made, 1)
  client().post('late')
  await made.settled()
  const [onTime] = await lateness(made, 1)
  expect(onTime).toBeLessThan(130)
  await until('the late one is asked', () => model.chats.length === 3)
  expect(model.chat(2).body).toBe('late')
})

test('tailWhen=busy: only answers that begin while another is told are counted, and hit', async () => {
  const made = await bench(['tailEvery=2', 'tailDelay=100', 'tailWhen=busy'], (chat) => { if (chat.body !== 'story') chat.tell(1) })
  const hit = async (): Promise<boolean[]> => (await lateness(made, 4)).map((time) => time >= 99)
  expect(await hit()).toEqual([false, false, false, false])
  made.client().post('story')
  await until('the story is asked', () => made.model.chats.at(-1)?.body === 'story')
  expect(await hit()).toEqual([false, true, false, true])
  made.model.chats.find((chat) => chat.body === 'story')?.tell(1)
  await made.settled()
  expect(await hit()).toEqual([false, false, false, false])
})

/** Two answers in turn by one client: the first is told and its connection then ended by the model as `end` says. The status of the second. */
async function statusAfter(sets: readonly string[], end: (made: Bench, first: RawClient) => Promise<void>): Promise<number> {
  const made = await bench(sets, (chat) => { if (chat.body === 'second') chat.tell(1) })
  const { model, client } = made
  const first = client().post('first')
  await until('the first is asked', () => model.chats.length === 1)
  await end(made, first)
  await passed(20)
  const second = client().post('second')
  await until('the second is answered', () => second.isWhole)
  client().post('third')
  await until('the third is asked', () => model.chats.at(-1)?.body === 'third')
  return second.status
}

const whole = async ({ model }: Bench, first: RawClient): Promise<void> => {
  model.chat(0).tell(1)
  await until('the first is whole', () => first.isWhole)
}

test.each<[string, number, (made: Bench, first: RawClient) => Promise<void>]>([
  ['closed its idle connection', 502, async (made, first) => {
    await whole(made, first)
    made.model.chat(0).request.socket.end()
  }],
  ['reset its connection in an answer', 502, async ({ model }, first) => {
    model.chat(0).head().write(tokenEvent('Once'))
    await until('it has begun', () => first.told === 'Once')
    model.chat(0).request.socket.resetAndDestroy()
    await until('the first is over', () => first.isWhole)
  }],
  ['kept its connection', 200, whole],
  ['said that it would close', 200, async (made, first) => {
    // Then the end of the answer is the end of the connection.
    made.model.chat(0).response.useChunkedEncodingByDefault = false
    await whole(made, first)
  }],
  ['was left by its client', 200, async ({ model }, first) => {
    first.leave()
    await until('the model sees it', () => model.chat(0).goneAt !== undefined)
  }],
])('reusesDead: after the model %s the next message is a %i, and only that one; without it never', async (_, status, end) => {
  expect(await statusAfter(['reusesDead=true'], end)).toBe(status)
  expect(await statusAfter([], end)).toBe(200)
})

test('cancelsLate: the model is told that the client left, and the slot is free, only that much later', async () => {
  const { model, client } = await bench(['cancelsLate=150', 'slots=1'])
  const leaver = client().post('story')
  await until('the story is asked', () => model.chats.length === 1)
  const leftAt = now()
  leaver.leave()
  client().post('hello')
  await until('the model sees it', () => model.chat(0).goneAt !== undefined)
  expect((model.chat(0).goneAt ?? 0) - leftAt).toBeGreaterThanOrEqual(149)
  await until('the hello is asked', () => model.chats.length === 2)
  expect(model.chat(1).arrivedAt - leftAt).toBeGreaterThanOrEqual(149)
})
