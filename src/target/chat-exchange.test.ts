import { expect, test } from 'vitest'
import { targetOf } from './chat-target.ts'
import type { Exchange, Utterance } from './target.ts'
import { chunk, clock, finished, head, said, serve, token } from './test/raw-server.ts'

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })
const mock = { tokens: 9, firstTokenAfter: 0, gap: 0 }

/** Says one message whose answer the test writes bit by bit. */
async function slowly(utterance: Partial<Utterance> = {}): Promise<{ exchange: Exchange; write: (text: string) => void }> {
  let write: ((text: string) => void) | undefined
  const url = await serve((socket) => { write = (text) => socket.write(text) })
  const session = targetOf({ kind: 'openai', url: `${url}/v1`, model: 'm', headers: {}, clock }).open()
  const exchange = session.say({ id: 'a-1', text: 'Hello', mock: undefined, ...utterance })
  await expect.poll(() => write).toBeDefined()
  if (write === undefined) throw new Error('nobody asked')
  return { exchange, write }
}

/** Whether it has come about by now. */
const isSettled = (event: Promise<void>): Promise<boolean> => Promise.race([event.then(() => true), pause(30).then(() => false)])

test('so many tokens are waited for, and no longer than the answer goes on', async () => {
  const { exchange, write } = await slowly()
  const [none, two, nine] = [exchange.afterTokens(0), exchange.afterTokens(2), exchange.afterTokens(9)]
  write(head + token('a'))
  await exchange.firstToken
  expect(await isSettled(none)).toBe(true)
  expect(await isSettled(two)).toBe(false)
  write(token('b'))
  await two
  expect(await isSettled(exchange.afterTokens(1))).toBe(true)
  expect(await isSettled(nine)).toBe(false)
  write(finished)
  await nine
  await exchange.afterTokens(100)
})

test('an abort ends the waiting for tokens', async () => {
  const { exchange } = await slowly()
  const five = exchange.afterTokens(5)
  exchange.abort({ kind: 'failed', code: 'cancelled', detail: '', afterTokens: 0 })
  expect(await isSettled(five)).toBe(true)
})

test('numbered tokens count one by one, however many a gateway puts into an event or splits in two', async () => {
  const { exchange, write } = await slowly({ mock })
  const [four, five] = [exchange.afterTokens(4), exchange.afterTokens(5)]
  write(head + token('a-1.0 a-1.1 a-1.2'))
  await exchange.firstToken
  expect(await isSettled(four)).toBe(false)
  write(token(' a-'))
  expect(await isSettled(four)).toBe(false)
  write(token('1.3'))
  await four
  expect(await isSettled(five)).toBe(false)
  write(chunk('data: {"choices":[{"delta":{"reasoning_content":"a-1-r.0"}}]}\n\n'))
  await five
})

test('chunks that come in one piece are coalesced, those with a gap between them are not', async () => {
  const url = await serve((socket) => {
    socket.write(head + token('a') + token('b') + token('c'))
    setTimeout(() => socket.write(token('d')), 30)
    setTimeout(() => socket.write(token('e') + finished), 60)
  })
  expect(await said({ url: `${url}/v1` })).toMatchObject({ chunks: 5, coalesced: 2, text: 'abcde' })
})

test('the stamp of the end has its own bound, that of the read which held the last word', async () => {
  const bounds = [1, 2]
  const errors = new Map<number, number>()
  // Bounds by the order of stamps: the first two reads have their own, whatever is asked later is 99 ms late.
  const late = { now: () => performance.now(), stampError: (at: number) => errors.get(at) ?? errors.set(at, bounds.shift() ?? 99).get(at) ?? 0 }
  const url = await serve((socket) => {
    socket.write(head + token('a'))
    setTimeout(() => socket.write(chunk('data: [DONE]\n\n')), 30)
    setTimeout(() => socket.write('0\r\n\r\n'), 60)
  })
  expect(await said({ url: `${url}/v1`, clock: late })).toMatchObject({ stampError: 1, endStampError: 2 })
})

test('the bound of an end that somebody made is that of its instant', async () => {
  const late = { now: () => performance.now(), stampError: () => 7 }
  const url = await serve((socket) => socket.resetAndDestroy())
  expect(await said({ url: `${url}/v1`, clock: late })).toMatchObject({ stampError: 7, endStampError: 7, outcome: { code: 'reset' } })
})
