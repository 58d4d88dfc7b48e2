import { afterEach, expect, test } from 'vitest'
import { type Bench, startBench } from './test/bench.ts'
import { type ModelRequest, now, tokenEvent, until } from './test/scripted-model.ts'

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
  { sets: ['reorders=tokens', 'reorderEvery=4'], told: '0 1 2 4 3 5 6 7' },
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

test('mixes=tokens: every Nth token is followed by one of another answer that is being told', async () => {
  const { model, client } = await bench(['mixes=tokens', 'mixEvery=3'])
  const story = client().post('story')
  await until('the story is asked', () => model.chats.length === 1)
  model.chat(0).head().write(tokenEvent('Once'))
  await until('it has begun', () => story.told === 'Once')
  const hello = client().post('hello')
  await until('the hello is asked', () => model.chats.length === 2)
  model.chat(1).tell(4)
  await until('the answer is whole', () => hello.isWhole)
  expect(hello.told).toBe('0 1 2Once 3')
  model.chat(0).write(tokenEvent(' upon'), tokenEvent(' a')).end()
  await until('the story is whole', () => story.isWhole)
  // Nobody else speaks any more: the answer that was told last does.
  expect(story.told).toBe('Once upon a 3')
})

test('coalesces: tokens come in bursts of so many, the last with the end', async () => {
  const { model, client } = await bench(['coalesces=3'])
  const one = client().post('{}')
  await until('it is asked', () => model.chats.length === 1)
  const chat = model.chat(0).head().write(tokenEvent('0'), tokenEvent('1'))
  await until('the head has come', () => one.status === 200)
  await new Promise((resolve) => { setTimeout(resolve, 20) })
  expect(one.told).toBe('')
  chat.write(tokenEvent('2'), tokenEvent('3'))
  await until('the burst has come', () => one.told !== '')
  expect(one.told).toBe('012')
  expect(one.reads.at(-1)?.text).toContain(tokenEvent('0') + tokenEvent('1') + tokenEvent('2'))
  chat.end()
  await until('the answer is whole', () => one.isWhole)
  expect([one.told, one.isDone]).toEqual(['0123', true])
})

test.each([{ sets: ['stallsEvery=2', 'stallFor=400'], paused: [false, true, false, true] }, { sets: ['stallsEvery=none'], paused: [false, false, false, false] }])(
  '$sets: of four answers those pause before their third token: $paused',
  async ({ sets, paused }) => {
    const { client } = await bench(sets, (chat) => chat.tell(5))
    const pauses: number[] = []
    for (const _ of paused) {
      const one = client().post('{}')
      await until('the answer is whole', () => one.isWhole)
      expect(one.told).toBe('0 1 2 3 4')
      pauses.push(one.readAt('" 2"') - one.readAt('" 1"'))
    }
    // What is read late shortens a pause, or makes one: half of it tells the two apart.
    expect(pauses.map((pause) => pause >= 200)).toEqual(paused)
  },
)

test('cutsEvery: only every Nth answer is cut', async () => {
  const { model, client } = await bench(['cutsAfter=30', 'cutsEvery=2'])
  const ends: boolean[] = []
  for (let answer = 0; answer < 4; answer += 1) {
    const one = client().post('{}')
    await until('it is asked', () => model.chats.length === answer + 1)
    const chat = model.chat(answer).head().write(tokenEvent('Once'))
    setTimeout(() => chat.end(), 80)
    await until('the answer is whole', () => one.isWhole)
    ends.push(one.isDone)
  }
  expect(ends).toEqual([true, false, true, false])
})

const refusing = (chat: ModelRequest): void => { chat.response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"broken"}}') }
const breaking = (chat: ModelRequest): void => { chat.head().write(tokenEvent('Once'), 'data: {"error":{"message":"broken"}}\n\n').response.end() }

const leaving = (chat: ModelRequest): void => { chat.request.socket.destroy() }

test.each([{ fails: refusing, status: 500 }, { fails: breaking, status: 200 }, { fails: leaving, status: 502 }])('delaysErrors: a failure with status $status comes, but late', async ({ fails, status }) => {
  const { client } = await bench(['delaysErrors=120'], fails)
  const sentAt = now()
  const one = client().post('{}')
  await until('the answer is whole', () => one.isWhole)
  expect(one.status).toBe(status)
  expect(one.readAt('"error"') - sentAt).toBeGreaterThanOrEqual(119)
  if (status === 200) expect(one.readAt('Once') - sentAt).toBeLessThan(110)
})

test('apologises: a failure is an answer that says so in words alone, and ends normally', async () => {
  for (const [fails, told] of [[refusing, 'Sorry, something went wrong.'], [breaking, 'OnceSorry, something went wrong.']] as const) {
    const { client } = await bench(['apologises=true'], fails)
    const one = client().post('{}')
    await until('the answer is whole', () => one.isWhole)
    expect([one.status, one.told]).toEqual([200, told])
    expect(one.text).not.toContain('error')
  }
})

test('wrongStatus: every failure before the head is a 401, those behind it are told as they are', async () => {
  const [refused, broken, gone] = [await bench(['wrongStatus=true'], refusing), await bench(['wrongStatus=true'], breaking), await bench(['wrongStatus=true'])]
  gone.model.stop()
  const answers = [refused, broken, gone].map(({ client }) => client().post('{}'))
  await until('all are answered', () => answers.every((one) => one.isWhole))
  expect(answers.map((one) => one.status)).toEqual([401, 200, 401])
  expect(answers[1]?.text).toContain('"error":{"message":"broken"}')
})
