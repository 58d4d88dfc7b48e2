import { expect, test } from 'vitest'
import { plain, readShape } from './shape.ts'
import { chat, contents, events } from './test/raw-client.ts'
import { runningMock } from './test/running-mock.ts'

test('shapes are read one by one or with commas between', () => {
  expect(readShape('crlf')).toEqual({ ...plain, crlf: true })
  expect(readShape('packed:3')).toEqual({ ...plain, perWrite: 3 })
  expect(readShape('several:4,utf8,no-done')).toEqual({ ...plain, perWrite: 4, perEvent: 4, utf8: true, noDone: true })
})

test.each(['', 'lf', 'packed', 'packed:0', 'several:x', 'packed:2,several:2', 'crlf,'])('%j is no shape', (text) => {
  expect(readShape(text)).toEqual(expect.any(String))
})

/** The answer of 5 tokens to this marker, 20 ms apart, with its reads: writes so far apart are reads of their own. */
async function told(shape: string, more: object = {}): Promise<{ text: string; reads: string[]; mock: Awaited<ReturnType<typeof runningMock>> }> {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(chat(`id=s tokens=5 first=20 gap=20 shape=${shape}`, more))
  return { text, reads: client.reads.map((read) => read.text), mock }
}
const tokens = ['s.0', ' s.1', ' s.2', ' s.3', ' s.4/5~c6fba6f0']

test('crlf ends every line so, and the chunks have their right lengths', async () => {
  const { text } = await told('crlf')
  expect(text.match(/data: [^\r\n]*\r\n\r\n/g)).toHaveLength(8)
  expect(text).not.toMatch(/[^\r]\n/)
  const chunks = [...text.slice(text.indexOf('\r\n\r\n') + 4).matchAll(/([0-9a-f]+)\r\n(data: [^]*?\r\n\r\n)\r\n/g)]
  expect(chunks.slice(0, 5).map(([, size = '']) => Number.parseInt(size, 16))).toEqual(chunks.slice(0, 5).map(([, , frame = '']) => frame.length))
})

test('a comment stands before the role and between tokens, in chunks of its own', async () => {
  const { text } = await told('comments')
  const order = [...text.matchAll(/\r\n(: keep-alive\n\n)\r\n|"role"|"content":"([^"]+)"/g)].map(([all, comment, content]) => (comment === undefined ? (content ?? all) : ':'))
  const [a, b, c, d, e] = tokens
  expect(order).toEqual([':', '"role"', a, ':', b, ':', c, ':', d, ':', e])
})

test('packed puts several events into one write, due with the last of them', async () => {
  const { text, reads, mock } = await told('packed:2')
  expect(contents(text)).toEqual(tokens)
  expect(reads.filter((read) => read.includes('"content":"s') || read.includes('"content":" s')).map((read) => contents(read).length)).toEqual([2, 2, 1])
  const entry = await mock.entry('s')
  expect((entry.firstTokenDueAt ?? NaN) - entry.receivedAt).toBeCloseTo(40, 6)
  expect((entry.lastTokenDueAt ?? NaN) - entry.receivedAt).toBeCloseTo(100, 6)
  expect(entry.tokensWritten).toBe(5)
})

test('several tokens in one event keep their numbers, and never mix reasoning with content', async () => {
  const { text, mock } = await told('several:3')
  expect(contents(text)).toEqual([tokens.slice(0, 3).join(''), tokens.slice(3).join('')])
  expect((await mock.entry('s')).tokensWritten).toBe(5)
  const reasoned = await told('several:3 reasoning=2')
  expect(contents(reasoned.text)).toEqual([tokens.slice(0, 3).join(''), tokens.slice(3).join('')])
  expect([...reasoned.text.matchAll(/"reasoning_content":"([^"]+)"/g)].map((match) => match[1])).toEqual([expect.stringMatching(/^s-r\.0 s-r\.1\/2~/)])
})

test('a fault in the middle of a group cuts the group at its place', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  client.socket.write(chat('id=s tokens=5 shape=packed:4 fault=fin@3'))
  await client.closed()
  expect(contents(client.text)).toHaveLength(3)
})

test('the shape without [DONE] ends cleanly, the one with usage last tells it unasked', async () => {
  const bare = await told('no-done')
  expect(bare.text).not.toContain('[DONE]')
  expect(bare.text).toMatch(/"finish_reason":"stop"[^]*\r\n0\r\n\r\n$/)
  const counted = events((await told('usage-last')).text)
  expect(JSON.parse(counted.at(-2) ?? '')).toMatchObject({ choices: [], usage: { completion_tokens: 5 } })
  expect(counted.slice(0, -2).some((event) => event.includes('usage'))).toBe(false)
})

test('utf8 puts a character of two to four bytes before every token, and the checksum counts its bytes', async () => {
  const { text } = await told('utf8')
  const said = contents(text)
  expect(said.slice(0, 4)).toEqual(['és.0', '漢 s.1', '🌍 s.2', 'é s.3'])
  expect(checksum(said.join(''))).toBe(said.join('').split('~')[1])
  const whole = await told('utf8', { stream: false })
  expect(contents(whole.text)).toEqual([said.join('')])
})

/** FNV-1a of the UTF-8 bytes before the last slash. */
function checksum(text: string): string {
  let hash = 2166136261n
  for (const byte of Buffer.from(text.slice(0, text.lastIndexOf('/')))) hash = ((hash ^ BigInt(byte)) * 16777619n) & 0xffffffffn
  return hash.toString(16).padStart(8, '0')
}

test('the setting shapes every answer, and a marker goes before it', async () => {
  const mock = await runningMock({ shape: 'no-done' })
  const client = await mock.client()
  expect(await client.ask(chat('id=a'))).not.toContain('[DONE]')
  expect(await client.ask(chat('id=b shape=crlf'))).toContain('data: [DONE]\r\n')
  expect((await mock.set({ shape: 'round' })).status).toBe(400)
})
