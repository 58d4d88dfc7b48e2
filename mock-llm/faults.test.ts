import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { now } from './clock.ts'
import { chat, contents, events, post, type RawClient } from './test/raw-client.ts'
import { runningMock } from './test/running-mock.ts'

/** What is asserted here is what is on the wire. Answers of 4 tokens, the first after 10 ms, 10 ms apart. */
const asked = (id: string, fault: string, more: object = {}): string => chat(`id=${id} tokens=4 first=10 gap=10 ${fault}`, more)
const whole = { stream: false }
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4)

/** Long enough for three more tokens and the end. */
const aWhile = 60

async function quiet(client: RawClient): Promise<string> {
  const reads = client.reads.length
  const before = client.text
  await pause(aWhile)
  expect(client.reads.length).toBe(reads)
  expect(client.hasEnded).toBe(false)
  return before
}

test('silence before the head: nothing at all is written, the connection stays, and the entry is open until the client leaves', async () => {
  const mock = await runningMock({ slots: 1 })
  const [client, next] = [await mock.client(), await mock.client()]
  client.socket.write(asked('s', 'fault=silence@headers'))
  const open = await mock.openEntry('s', (entry) => entry.faultAt !== null)
  expect(await quiet(client)).toBe('')
  expect(open).toMatchObject({ fault: 'silence@headers', headersWrittenAt: null, status: 499 })
  expect(open.faultAt).toBeGreaterThanOrEqual(open.headersDueAt ?? NaN)
  expect(open.faultAt).toBeLessThan(open.receivedAt + 50)
  const leftAt = now()
  client.socket.destroy()
  // The slot that it held is free again.
  await next.ask(chat('id=next tokens=1'))
  const entry = await mock.entry('s')
  expect(entry).toMatchObject({ tokensWritten: 0, faultAt: open.faultAt, endedAt: entry.clientGoneAt })
  expect(entry.clientGoneAt).toBeGreaterThanOrEqual(leftAt)
})

test.each([['first', 0], ['2', 2], ['end', 4]])('silence at %s: after the head and %i tokens nothing more is written', async (place, tokens) => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(asked('s', `fault=silence@${place}`))
  const open = await mock.openEntry('s', (entry) => entry.faultAt !== null)
  const text = await quiet(client)
  expect(text).toMatch(/^HTTP\/1\.1 200 [^]*"role":"assistant"/)
  expect(contents(text)).toHaveLength(tokens)
  expect(text).not.toMatch(/"finish_reason":"|\[DONE\]|\r\n0\r\n/)
  expect(open).toMatchObject({ tokensWritten: tokens, tokensPlanned: 4, status: 200 })
  // In force from when the next write was due: a gap after the last token, but at the end, which is due with it.
  expect((open.faultAt ?? NaN) - (open.lastTokenDueAt ?? open.receivedAt)).toBeGreaterThanOrEqual(tokens === 4 ? 0 : 10)
  if (tokens === 4) expect((open.faultAt ?? NaN) - (open.lastTokenWrittenAt ?? NaN)).toBeLessThan(50)
})

test('hang: all tokens, then neither finish nor end, whatever place is named', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(asked('h', 'fault=hang@first'))
  await mock.openEntry('h', (entry) => entry.faultAt !== null)
  const text = await quiet(client)
  expect(contents(text).at(-1)).toMatch(/^ h\.3\/4~/)
  expect(text).not.toMatch(/"finish_reason":"|\[DONE\]/)
})

test('heartbeat: nothing but a comment every second', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(asked('b', 'fault=heartbeat@1'))
  const open = await mock.openEntry('b', (entry) => entry.faultAt !== null)
  const text = await client.until((all) => all.split(': keep-alive\n\n').length === 3)
  expect(contents(text)).toHaveLength(1)
  const beats = client.reads.filter((read) => read.text.includes(': keep-alive\n')).map((read) => read.at - (open.faultAt ?? NaN))
  expect(beats[0]).toBeGreaterThanOrEqual(1_000)
  expect(beats[1]).toBeGreaterThanOrEqual(2_000)
  expect(beats[1]).toBeLessThan(2_500)
  client.socket.destroy()
  expect(await mock.entry('b')).toMatchObject({ tokensWritten: 1, fault: 'heartbeat@1' })
})

test.each([[500, ''], [429, '1'], [503, '1'], [404, '']])('status %i comes instead of the answer, Retry-After is %j', async (status, retry) => {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(asked('c', `fault=status:${status}@headers`))
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(/\r\nretry-after: (.*)\r\n/i.exec(text)?.[1] ?? '').toBe(retry)
  expect(JSON.parse(bodyOf(text))).toMatchObject({ error: { message: expect.any(String), type: status < 500 ? 'invalid_request_error' : 'server_error' } })
  const entry = await mock.entry('c')
  expect(entry).toMatchObject({ status, tokensWritten: 0, fault: `status:${status}@headers`, clientGoneAt: null })
  expect(entry.faultAt).toBeLessThanOrEqual(entry.endedAt)
  // The connection is as good as before.
  expect(contents(await client.ask(chat('id=after')))).toHaveLength(3)
})

test.each([['rst', 'headers', 0], ['rst', 'first', 0], ['rst', '2', 2], ['rst', 'end', 4], ['fin', 'headers', 0], ['fin', 'first', 0], ['fin', '3', 3], ['fin', 'end', 4]] as const)('%s at %s ends the connection after %i tokens', async (kind, place, tokens) => {
  const mock = await runningMock({ slots: 1 })
  const [client, next] = [await mock.client(), await mock.client()]
  client.socket.write(asked('r', `fault=${kind}@${place}`))
  await client.closed()
  expect(client.endedWith).toBe(kind)
  expect(contents(client.text)).toHaveLength(tokens)
  expect(client.text.startsWith('HTTP/1.1 200 ')).toBe(place !== 'headers')
  expect(client.text).not.toMatch(/"finish_reason":"|\r\n0\r\n/)
  const entry = await mock.entry('r')
  expect(entry).toMatchObject({ tokensWritten: tokens, status: place === 'headers' ? 0 : 200, clientGoneAt: null })
  expect(entry.faultAt).toBeLessThanOrEqual(entry.endedAt)
  expect(contents(await next.ask(chat('id=next tokens=1')))).toHaveLength(1)
})

test.each([['first', 0], ['2', 2], ['end', 4]])('garbage at %s is one broken frame after %i tokens, and the answer goes on', async (place, tokens) => {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(asked('g', `fault=garbage@${place}`))
  const all = events(text)
  // The role comes first.
  expect(all.indexOf('{"choices":[{"delta":{"con')).toBe(tokens + 1)
  expect(text).toContain('data: {"choices":[{"delta":{"con\n\n')
  expect(contents(text)).toHaveLength(4)
  expect(all.at(-1)).toBe('[DONE]')
  expect(await mock.entry('g')).toMatchObject({ tokensWritten: 4, status: 200, fault: `garbage@${place}`, faultAt: expect.any(Number) })
})

test.each([['first', 0], ['2', 2], ['end', 4]])('error at %s is an error event after %i tokens, [DONE] and a clean end', async (place, tokens) => {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(asked('e', `fault=error@${place}`))
  expect(contents(text)).toHaveLength(tokens)
  expect(JSON.parse(events(text).at(-2) ?? '')).toMatchObject({ error: { message: expect.any(String), type: 'server_error' } })
  expect(events(text).at(-1)).toBe('[DONE]')
  expect(text).not.toMatch(/"finish_reason":"/)
  expect(await mock.entry('e')).toMatchObject({ tokensWritten: tokens, status: 200 })
})

test.each([['first', 0], ['2', 2], ['3', 3]])('split at %s cuts the bytes of a character in token %i over two reads, and the answer is whole', async (place, token) => {
  const mock = await runningMock()
  let client = await mock.client()
  const cut = (): number => client.reads.findIndex((read) => read.text.includes('\ufffd'))
  // A reader that sleeps for 5 ms gets both halves at once: it may try again.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    client = await mock.client()
    await client.ask(asked('u', `fault=split@${place}`))
    if (client.reads[cut()]?.text.endsWith('\ufffd\r\n') === true) break
  }
  expect((client.reads[cut() + 1]?.at ?? 0) - (client.reads[cut()]?.at ?? 0)).toBeGreaterThan(1)
  const text = unchunked(Buffer.concat(client.reads.map((read) => read.bytes)))
  const said = contents(text)
  expect(said[token]).toMatch(new RegExp(`^🌍 ?u\\.${token}`))
  expect(said.join('').match(/🌍/gu)).toHaveLength(1)
  expectWhole(said.join(''))
  const entry = await mock.entry('u')
  expect(entry.tokensWritten).toBe(4)
  expect(entry.faultAt).toBeLessThanOrEqual(entry.endedAt - 5)
  // Its 5 ms are not added to what follows.
  if (token !== 3) expect((entry.lastTokenDueAt ?? NaN) - (entry.firstTokenDueAt ?? NaN)).toBeCloseTo(30, 6)
})

/** The body without its chunk frames, as bytes; then read as UTF-8. */
function unchunked(bytes: Buffer): string {
  let rest = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4)
  const parts: Buffer[] = []
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.subarray(0, end).toString(), 16)
    if (size === 0) return Buffer.concat(parts).toString('utf8')
    parts.push(rest.subarray(end + 2, end + 2 + size))
    rest = rest.subarray(end + 4 + size)
  }
}

/** The checksum by its definition, over UTF-8 bytes. */
function expectWhole(text: string): void {
  const slash = text.lastIndexOf('/')
  let hash = 2166136261n
  for (const byte of Buffer.from(text.slice(0, slash))) hash = ((hash ^ BigInt(byte)) * 16777619n) & 0xffffffffn
  expect(text.slice(slash)).toMatch(new RegExp(`~${hash.toString(16).padStart(8, '0')}$`))
}

test('times=2 hits the first two requests of an id, the third is sound and says so', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const statuses: (string | undefined)[] = []
  for (let request = 0; request < 3; request += 1) statuses.push((await client.ask(asked('t', 'fault=status:503@headers times=2'))).split(' ')[1])
  expect(statuses).toEqual(['503', '503', '200'])
  await mock.until(async () => (await mock.journal()).entries.length === 3)
  expect((await mock.journal()).entries.map((entry) => [entry.fault, entry.faultAt === null])).toEqual([['status:503@headers', false], ['status:503@headers', false], [null, true]])
})

test('the setting is for chat requests whose marker has no fault; null takes it back', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await mock.set({ fault: 'status:500@headers' })
  expect(await client.ask(chat('id=a'))).toMatch(/^HTTP\/1\.1 500 /)
  expect(await client.ask(chat('id=b fault=status:429@headers'))).toMatch(/^HTTP\/1\.1 429 /)
  const title = 'Make a title.\n[[ft1 id=c]]\nIn JSON.'
  expect(await client.ask(post('/v1/chat/completions', { model: 'mock', messages: [{ role: 'user', content: title }] }))).toMatch(/^HTTP\/1\.1 200 /)
  await mock.set({ fault: 'rst@9' })
  // Too short an answer for it.
  expect(contents(await client.ask(chat('id=d')))).toHaveLength(3)
  expect(await mock.entry('d')).toMatchObject({ fault: 'rst@9', faultAt: null })
  await mock.set({ fault: null })
  expect(await client.ask(chat('id=e'))).toMatch(/^HTTP\/1\.1 200 /)
  expect((await mock.set({ fault: 'silence' })).status).toBe(400)
})

test('a fault that the answer never reaches is refused, not left out', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  expect(await client.ask(asked('n', 'fault=rst@5'))).toMatch(/^HTTP\/1\.1 400 [^]*never comes in an answer of 4 tokens/)
  expect(await client.ask(asked('n', 'fault=split@4'))).toMatch(/^HTTP\/1\.1 400 /)
  expect(await client.ask(asked('n', 'fault=bang@5'))).toMatch(/^HTTP\/1\.1 400 [^]*is none of silence/)
})

test('reasoning tokens count for the place', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(asked('z', 'reasoning=2 fault=fin@3'))
  await client.closed()
  expect(client.text).toMatch(/z-r\.1/)
  expect(contents(client.text)).toEqual(['z.0'])
})

test('a model that finishes when its client has gone does not stand for ever at a silence that nobody sees', async () => {
  const mock = await runningMock({ slots: 1, finishesWhenGone: true })
  const [before, standing] = [await mock.client(), await mock.client()]
  before.socket.write(asked('f', 'fault=silence@3'))
  await before.until((text) => text.includes('f.1'))
  before.socket.destroy()
  const left = await mock.entry('f')
  expect(left.endedAt).toBeGreaterThan(left.clientGoneAt ?? NaN)
  expect(left).toMatchObject({ faultAt: null })
  standing.socket.write(asked('g', 'fault=silence@1'))
  await mock.openEntry('g', (entry) => entry.faultAt !== null)
  standing.socket.destroy()
  await mock.entry('g')
})

test('in an answer in one piece the place says how much of the body has come', async () => {
  const mock = await runningMock()
  const [cut, hung, silent] = [await mock.client(), await mock.client(), await mock.client()]
  cut.socket.write(asked('w1', 'fault=fin@2', whole))
  await cut.closed()
  const length = Number(/content-length: (\d+)/.exec(cut.text)?.[1])
  expect(bodyOf(cut.text)).toHaveLength(Math.floor(length / 2))
  hung.socket.write(asked('w2', 'fault=hang', whole))
  await mock.openEntry('w2', (entry) => entry.faultAt !== null)
  const text = await quiet(hung)
  expect(bodyOf(text)).toHaveLength(Number(/content-length: (\d+)/.exec(text)?.[1]) - 1)
  silent.socket.write(asked('w3', 'fault=silence@headers', whole))
  await mock.openEntry('w3', (entry) => entry.faultAt !== null)
  expect(await quiet(silent)).toBe('')
  expect(await mock.entry('w1')).toMatchObject({ status: 200, tokensWritten: 0, fault: 'fin@2' })
})

test('an answer in one piece may be broken off, an error, or cut within a character', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const garbage = bodyOf(await client.ask(asked('x1', 'fault=garbage@first', whole)))
  expect(() => JSON.parse(garbage) as unknown).toThrow(SyntaxError)
  expect(JSON.parse(bodyOf(await client.ask(asked('x2', 'fault=error@first', whole))))).toMatchObject({ error: { type: 'server_error' } })
  const splitter = await mock.client()
  splitter.socket.write(asked('x3', 'fault=split@1', whole))
  await mock.entry('x3')
  await splitter.until((text) => text.includes('"usage"') && text.endsWith('}'))
  const text = Buffer.concat(splitter.reads.map((read) => read.bytes)).toString('utf8')
  expect(splitter.reads.some((read) => read.text.includes('\ufffd'))).toBe(true)
  expectWhole(/"content":"([^"]*)"/.exec(text)?.[1] ?? '')
})
