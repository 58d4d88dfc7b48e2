import { afterEach, expect, test } from 'vitest'
import { sayBatch } from '../src/engine/node/batch.ts'
import { messageRecord } from '../src/engine/records.ts'
import type { MessageRecord } from '../src/sample/message.ts'
import { type Bench, startBench } from '../src/stack/control/test/bench.ts'
import { doneEvent, type ModelRequest, now, tokenEvent, until } from '../src/stack/control/test/scripted-model.ts'
import { targetOf } from '../src/target/chat-target.ts'
import { failed } from '../src/target/failure.ts'
import { PageExchange } from '../src/target/page-exchange.ts'
import type { Answer, Session, Target } from '../src/target/target.ts'
import { judgeSide } from '../src/verdict/claims.ts'
import { batchRun } from './fixtures/batches.ts'
import { type PagePosted, servePages, tellAnswer } from './fixtures/page-server.ts'
import { side } from './fixtures/run.ts'

// The target that does what Open WebUI's page does, and the control gateway, which says what Open WebUI says.

const clock = { now, stampError: () => 0 }
const sessions: Session[] = []
const benches: Bench[] = []
afterEach(async () => {
  // A page that closes waits a moment for what goes on in its chat.
  for (const { model } of benches) for (const { response } of model.chats) response.end()
  await Promise.all(sessions.splice(0).map((session) => session.close()))
  for (const one of benches.splice(0)) await one.remove()
})

async function bench(sets: readonly string[], onChat?: (chat: ModelRequest) => void): Promise<Bench> {
  const made = await startBench(sets, onChat)
  benches.push(made)
  return made
}

/** @param people how many sit at its pages, by turns. */
function pagesOf({ url }: Bench, people = 64): Target {
  const target = targetOf({ kind: 'open-webui-socket', url, model: 'm', headers: {}, people: Array.from({ length: people }, (_, index) => ({ authorization: `Bearer person-${index}` })), clock })
  return {
    ...target,
    open: (beside) => {
      const session = target.open(beside)
      sessions.push(session)
      return session
    },
  }
}

let count = 0
const hello = (text = 'Hello') => ({ id: `a-${(count += 1)}`, text, mock: undefined })
const tellThree = (chat: ModelRequest): void => chat.tell(3)
const failure = ({ outcome }: Answer): string => (outcome.kind === 'failed' ? outcome.code : '')

test('a message is posted, its words come over the socket one by one, and its chat is deleted', async () => {
  const made = await bench([], (chat) => {
    chat.head().write(tokenEvent('0'))
    setTimeout(() => chat.write(tokenEvent(' 1'), tokenEvent(' 2')).end(), 30)
  })
  const session = pagesOf(made).open()
  const exchange = session.say(hello())
  const answer = await exchange.done
  expect(answer).toMatchObject({ text: '0 1 2', outcome: { kind: 'answered' }, chunks: 3, connection: { kind: 'fresh' } })
  const instants = [answer.startedAt, answer.sentAt, answer.headersAt, answer.firstTokenAt, answer.endedAt].map((at) => at ?? Number.NaN)
  expect(instants).toEqual([...instants].sort((one, other) => one - other))
  expect(answer.endedAt - (answer.firstTokenAt ?? 0)).toBeGreaterThan(20)
  expect(JSON.parse(made.model.chat(0).body)).toMatchObject({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hello' }] })
  const chat = `${made.url}/api/v1/chats/${exchange instanceof PageExchange ? exchange.chat ?? '' : ''}`
  expect((await fetch(chat)).status).toBe(200)
  await session.close()
  expect((await fetch(chat)).status).toBe(404)
})

test('a page that was opened before is warm, and each of two pages of one person reads what is meant for it', async () => {
  const made = await bench([], (chat) => chat.head().write(tokenEvent(chat.body.includes('first') ? '1' : '2')).end())
  const target = pagesOf(made, 1)
  const [one, other] = [target.open(), target.open()]
  await Promise.all([one.warm(), other.warm()])
  const [first, second] = await Promise.all([one.say(hello('first')).done, other.say(hello('second')).done])
  expect([first.text, second.text, first.connection.kind, second.connection.kind]).toEqual(['1', '2', 'warm', 'warm'])
})

test('a title is asked for with the answer, tags and follow-ups behind it, where the page wants them; the page is through with its chat when they are there', async () => {
  const made = await bench([], (chat) => { if (chat.body.includes('### Task')) setTimeout(() => chat.response.end('{}'), 60); else chat.tell(2) })
  const session = pagesOf(made).open()
  expect((await session.say({ ...hello(), background: true }).done).text).toBe('0 1')
  await session.close()
  const kinds = (): string[] => made.model.chats.map(({ body }) => /"(title|tags|follow_ups)\\"/.exec(body)?.[1] ?? 'chat')
  expect(kinds().toSorted()).toEqual(['chat', 'follow_ups', 'tags', 'title'])
  expect(kinds().indexOf('title')).toBeLessThan(2)
  await pagesOf(made).open().say(hello()).done
  expect(kinds()).toHaveLength(5)
})

/** Said by sixteen people at once, in the claim's words. */
async function delivered(sets: readonly string[]): Promise<{ verdict: string | undefined; reason: string | undefined; records: MessageRecord[] }> {
  const made = await bench(sets, tellThree)
  const target = pagesOf(made)
  const pages = Array.from({ length: 16 }, () => target.open())
  await Promise.all(pages.map((page) => page.warm()))
  const said = pages.map((page) => ({ utterance: hello(), page })).map(({ utterance, page }) => ({ utterance, exchange: page.say(utterance) }))
  const records = await Promise.all(said.map(async ({ utterance, exchange }, index) => {
    const answer = await exchange.done
    return messageRecord({ side: 'after', round: 1 + (index % 3), attempt: 1, phase: 'crowd', label: 'chat', part: 'user', copies: 8 }, utterance, answer.startedAt, answer, null)
  }))
  const run = batchRun(records, { it: { measure: 'deliveredShare', messages: ['chat'], unit: 'share', bounds: { pass: 1, fail: 1, atLeast: true } } }, { header: { sides: [side()] } })
  const [claim] = judgeSide(run, side())
  return { verdict: claim?.verdict, reason: claim?.reason, records }
}

test('four workers that share no sockets: the words of twelve of sixteen answers come to nobody, and the claim fails; where they share them it passes', async () => {
  const [broken, sound, single] = await Promise.all([delivered(['lanes=4', 'socketsInMemory=true']), delivered(['lanes=4']), delivered(['socketsInMemory=true'])])
  expect(broken).toMatchObject({ verdict: 'fail', reason: expect.stringMatching(/^12 of 16 chats got no tokens \(.*\), all of them though the answer was finished/) })
  expect(broken.records.filter(({ outcome }) => outcome.kind === 'failed').map(({ outcome }) => outcome)).toEqual(Array.from({ length: 12 }, () => failed('not-delivered', 'the server has finished, and no word of it came to the page', 0)))
  expect([sound.verdict, single.verdict]).toEqual(['pass', 'pass'])
})

test('what the server tells as an error is one, also without a word, and is no answer that was not delivered', async () => {
  const made = await bench([], (chat) => {
    if (chat.body.includes('refused')) chat.response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"mock 500"}}')
    else chat.head().write(tokenEvent('0'), 'data: {"error":{}}\n\n').end()
  })
  const target = pagesOf(made)
  const [refused, broken] = await Promise.all(['refused', 'broken'].map((text) => target.open().say(hello(text)).done))
  expect(refused?.outcome).toEqual(failed('error-event', 'mock 500', 0))
  expect(broken?.outcome).toEqual(failed('error-event', 'an error without a word', 1))
})

test('an error that the page is not told of is no error that came late, but none', async () => {
  const made = await bench(['lanes=2', 'socketsInMemory=true'], (chat) => { chat.response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"mock 500"}}') })
  const target = pagesOf(made)
  const pages = Array.from({ length: 4 }, () => target.open())
  await Promise.all(pages.map((page) => page.warm()))
  const outcomes = (await Promise.all(pages.map((page) => page.say(hello()).done))).map(({ outcome }) => outcome)
  expect(outcomes).toContainEqual(failed('not-delivered', 'the server has given up (mock 500), and the page was never told', 0))
  expect(outcomes).toContainEqual(failed('error-event', 'mock 500', 0))
})

test('a page whose worker is busy gets its words late, and none is said to be lost; one whose worker is at leisure and says nothing gets none', async () => {
  const posts: PagePosted[] = []
  const server = await servePages((posted) => { posts.push(posted); posted.accept('c') }, { isAwake: false })
  const target = targetOf({ kind: 'open-webui-socket', url: server.url, model: 'm', headers: {}, people: [{ authorization: 'Bearer one' }], clock })
  const [late, never] = [target.open(), target.open()]
  const said = late.say(hello())
  await new Promise((resolve) => { setTimeout(resolve, 1_600) })
  server.wake()
  await new Promise((resolve) => { setTimeout(resolve, 50) })
  for (const posted of posts) tellAnswer(posted, ['Hi'])
  expect(await said.done).toMatchObject({ text: 'Hi', outcome: { kind: 'answered' } })
  expect((await never.say(hello()).done).outcome).toEqual(failed('not-delivered', 'the server has finished, and no word of it came to the page', 0))
  await Promise.all([late.close(), never.close()])
  await server.close()
})

test('a message in a chat that the server has not named yet waits for the name, and begins no other chat', async () => {
  const posts: PagePosted[] = []
  const server = await servePages((posted) => { posts.push(posted) })
  const target = targetOf({ kind: 'open-webui-socket', url: server.url, model: 'm', headers: {}, people: [{ authorization: 'Bearer one' }], clock })
  const first = target.open()
  const second = target.open({ session: first, as: 'same chat' })
  const [one, other] = [first.say(hello()), second.say(hello())]
  await until('the first is posted', () => posts.length === 1)
  await new Promise((resolve) => { setTimeout(resolve, 100) })
  expect(posts).toHaveLength(1)
  posts[0]?.accept('named-late')
  await until('the second is posted', () => posts.length === 2)
  expect(posts[1]?.body.chat_id).toBe('named-late')
  posts[1]?.accept('named-late')
  for (const posted of posts) tellAnswer(posted, ['Hi'])
  expect((await Promise.all([one.done, other.done])).map(({ outcome }) => outcome.kind)).toEqual(['answered', 'answered'])
  await Promise.all([first.close(), second.close()])
  await server.close()
})

test('who leaves stays until the model\'s side of it is known: what deleting a chat stops, Stop has not stopped', async () => {
  const made = await bench(['lanes=8', 'socketsInMemory=true'], (chat) => { chat.head().write(tokenEvent('0'), tokenEvent(' 1')) })
  const later: Session[] = []
  const utterance = hello()
  await sayBatch({
    target: pagesOf(made), messages: [{ label: 'stopper', utterance, leave: { afterTokens: 1, from: 'another page' }, loses: undefined }],
    idleBefore: 0, patience: 5_000, closeLater: (session) => later.push(session), clock, signal: new AbortController().signal,
  })
  await new Promise((resolve) => { setTimeout(resolve, 700) })
  expect(made.model.chat(0).goneAt).toBeUndefined()
  await Promise.all(later.map((session) => session.close()))
  await until('the chat is deleted', () => made.model.chat(0).goneAt !== undefined)
})

test.each([
  { what: 'its own page', from: undefined, sets: [], stops: true },
  { what: 'another page', from: 'another page', sets: [], stops: true },
  { what: 'another page, whose worker does not tell the answer', from: 'another page', sets: ['lanes=8', 'socketsInMemory=true'], stops: false },
  { what: 'its own page, where the gateway does not care', from: undefined, sets: ['keepsUpstream=true'], stops: false },
] as const)('Stop from $what reaches the model: $stops', async ({ from, sets, stops }) => {
  const made = await bench(sets, (chat) => { chat.head().write(tokenEvent('0'), tokenEvent(' 1')) })
  // A page that has its socket with the worker that answers it.
  const exchange = pagesOf(made).open().say(hello())
  await exchange.afterTokens(2)
  exchange.abort(failed('cancelled', 'left', 0), from)
  expect(failure(await exchange.done)).toBe('cancelled')
  await new Promise((resolve) => { setTimeout(resolve, 100) })
  expect(made.model.chat(0).goneAt !== undefined).toBe(stops)
})

test.each([
  { sets: [], until: 'before the end', text: '0 1 2 3' },
  { sets: [], until: 'after the end', text: '0 1 2 3' },
  { sets: ['forgetsMissed=true'], until: 'before the end', text: '0 3' },
])('a page that loses its connection in mid-answer, back $until, has in the end: $text ($sets)', async ({ sets, until: back, text }) => {
  const made = await bench(sets, (chat) => { chat.head().write(tokenEvent('0')) })
  const exchange = pagesOf(made).open().say(hello())
  await exchange.afterTokens(1)
  exchange.lose?.(back === 'before the end' ? 40 : 400)
  made.model.chat(0).write(tokenEvent(' 1'), tokenEvent(' 2'))
  setTimeout(() => made.model.chat(0).write(tokenEvent(' 3'), doneEvent).response.end(), back === 'before the end' ? 400 : 40)
  expect(await exchange.done).toMatchObject({ text, outcome: { kind: 'answered' } })
})

test('a message in the same chat follows the one before, another tab is of the same person, another user is not', async () => {
  const made = await bench([], (chat) => { chat.head().write(tokenEvent(chat.body.includes('story') ? 'Once' : 'Hello')); if (!chat.body.endsWith('story"}]}')) chat.end() })
  const target = pagesOf(made, 2)
  const heard = target.open()
  const story = heard.say(hello('story'))
  await story.firstToken
  const askers: (string | undefined)[] = []
  for (const as of ['same chat', 'other tab', 'other user'] as const) {
    await target.open({ session: heard, as }).say(hello(as)).done
    askers.push(made.model.chats.at(-1)?.request.headers.authorization)
  }
  const [teller] = made.model.chats.map(({ request }) => request.headers.authorization)
  expect(askers.map((asker) => asker === teller)).toEqual([true, true, false])
  expect(made.model.chats.map(({ body }) => (JSON.parse(body) as { messages: { content: string }[] }).messages.map(({ content }) => content))).toEqual([['story'], ['story', 'Once', 'same chat'], ['other tab'], ['other user']])
})

test.each([
  { per: 'chat', waiting: ['same chat'] }, { per: 'person', waiting: ['same chat', 'other tab'] }, { per: 'none', waiting: [] },
])('oneAtATime=$per: $waiting waits', async ({ per, waiting }) => {
  const made = await bench([`oneAtATime=${per}`], (chat) => { chat.head().write(tokenEvent('x')); if (!chat.body.endsWith('story"}]}')) chat.end() })
  const target = pagesOf(made, 2)
  const heard = target.open()
  await heard.say(hello('story')).firstToken
  const others = (['same chat', 'other tab', 'other user'] as const).map((as) => ({ as, exchange: target.open({ session: heard, as }).say(hello(as)) }))
  const isWaiting = async ({ done }: { done: Promise<Answer> }): Promise<boolean> => Promise.race([done.then(() => false), new Promise<boolean>((resolve) => { setTimeout(() => resolve(true), 150) })])
  const seen = await Promise.all(others.map(async ({ as, exchange }) => ((await isWaiting(exchange)) ? [as] : [])))
  expect(seen.flat()).toEqual(waiting)
  made.model.chat(0).end()
  await until('all are answered', async () => (await Promise.all(others.map(({ exchange }) => isWaiting(exchange)))).every((waits) => !waits))
})

test('forgetsIdle: a page that said nothing for so long is not told, nor heard; without it both', async () => {
  const after = async (sets: readonly string[]): Promise<string[]> => {
    const target = pagesOf(await bench(sets, tellThree))
    const [rested, fresh] = [target.open(), target.open()]
    await rested.warm()
    await new Promise((resolve) => { setTimeout(resolve, 120) })
    return (await Promise.all([rested.say(hello()).done, fresh.say(hello()).done])).map(failure)
  }
  expect(await Promise.all([after(['forgetsIdle=100']), after([])])).toEqual([['reset', ''], ['', '']])
})
