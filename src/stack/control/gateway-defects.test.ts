import { afterEach, expect, test } from 'vitest'
import { type Bench, startBench } from './test/bench.ts'
import { now, tokenEvent, until } from './test/scripted-model.ts'

const benches: Bench[] = []
afterEach(async () => {
  for (const one of benches.splice(0)) await one.remove()
})

async function bench(...args: Parameters<typeof startBench>): Promise<Bench> {
  const made = await startBench(...args)
  benches.push(made)
  return made
}

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
  expect(chat.goneAt).toBeUndefined()
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

test('swallowsErrors: a model that is not there is an empty answer that ends normally', async () => {
  const { model, client } = await bench(['swallowsErrors=true'])
  model.stop()
  const one = client().post('{}')
  await until('the answer is whole', () => one.isWhole)
  expect(one.status).toBe(200)
  expect(one.isDone).toBe(true)
  expect(one.text).not.toContain('error')
})
