import { expect, test } from 'vitest'
import { targetOf } from './chat-target.ts'
import type { Answer, Target } from './target.ts'
import { chunk, clock, finished, head, serve as serveOrigin, token, unserved } from './test/raw-server.ts'

const serve = async (...script: Parameters<typeof serveOrigin>): Promise<string> => `${await serveOrigin(...script)}/v1`

function target(url: string, headers: Record<string, string> = {}): Target {
  return targetOf({ kind: 'openai', url, model: 'm', headers, clock })
}

async function hello(base: string): Promise<Answer> {
  const session = target(base).open()
  const answer = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  return answer
}

test('a streamed answer has its instants in order and its tokens counted', async () => {
  const base = await serve((socket) => {
    socket.write(head + chunk('data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'))
    setTimeout(() => socket.write(token('a')), 30)
    setTimeout(() => socket.write(token('b') + finished), 60)
  })
  const answer = await hello(base)
  expect(answer.outcome).toEqual({ kind: 'answered' })
  expect(answer.text).toBe('ab')
  expect(answer.gaps).toHaveLength(1)
  const instants = [answer.startedAt, answer.sentAt, answer.headersAt, answer.firstEventAt, answer.firstTokenAt, answer.firstVisibleAt, answer.endedAt].map((at) => at ?? Number.NaN)
  expect(instants).toEqual([...instants].sort((a, b) => a - b))
  expect((answer.firstTokenAt ?? 0) - (answer.firstEventAt ?? 0)).toBeGreaterThan(15)
})

test('line breaks that a model begins with are tokens, and no word yet', async () => {
  const base = await serve((socket) => {
    socket.write(head + token('\\n\\n'))
    setTimeout(() => socket.write(token('Hello') + finished), 40)
  })
  const answer = await hello(base)
  expect(answer.text).toBe('\n\nHello')
  expect((answer.firstVisibleAt ?? 0) - (answer.firstTokenAt ?? 0)).toBeGreaterThan(20)
})

test('the prompt carries the marker only where our mock listens', async () => {
  const bodies: string[] = []
  const base = await serve((socket, request) => {
    bodies.push(request)
    socket.write(head + token('a') + finished)
  })
  const session = target(base, { authorization: 'Bearer k' }).open()
  await session.say({ id: 'a-1', text: 'Hello', mock: { tokens: 1, firstTokenAfter: 2, gap: 20 } }).done
  await session.say({ id: 'a-2', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(bodies[0]).toContain('Hello\\n[[ft1 id=a-1 tokens=1 first=2 gap=20]]')
  expect(bodies[0]).toContain('authorization: Bearer k')
  expect(bodies[1]).not.toContain('[[ft1')
})

test('a warm session says its message on the socket that it opened before', async () => {
  const base = await serve((socket, request) => {
    if (request.startsWith('GET /v1/models')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')
    else socket.write(head + token('a') + finished)
  })
  const session = target(base).open()
  await session.warm()
  const answer = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(answer.connection).toMatchObject({ kind: 'warm', requestsBefore: 1 })
  expect((await hello(base)).connection).toMatchObject({ kind: 'fresh', requestsBefore: 0 })
})

test('a warm session whose server closed the connection says that its message went over a fresh one', async () => {
  const base = await serve((socket, request) => {
    if (request.startsWith('GET')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}')
    else socket.write(head + token('a') + finished)
  })
  const session = target(base).open()
  await session.warm()
  const answer = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(answer.connection).toMatchObject({ kind: 'fresh', requestsBefore: 0 })
})

test.each([
  ['an error status', 'HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n{"error":{"message":"mock 500"}}', 'http-status', /500/],
  ['an intermediary page', 'HTTP/1.1 503 X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>', 'http-status', /intermediary/],
  ['a page instead of a stream', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>', 'malformed', /HTML/],
  ['garbage', 'SSH-2.0-OpenSSH_9\r\n', 'malformed', /HTTP/],
])('%s is an outcome with its code', async (_name, response, code, detail) => {
  const base = await serve((socket) => socket.end(response))
  const { outcome } = await hello(base)
  expect(outcome).toMatchObject({ kind: 'failed', code })
  expect(outcome.kind === 'failed' ? outcome.detail : '').toMatch(detail)
})

test('a reset before the headers and a reset in mid-stream are told apart', async () => {
  const before = await serve((socket) => socket.resetAndDestroy())
  expect((await hello(before)).outcome).toMatchObject({ code: 'reset' })
  const middle = await serve((socket) => { socket.write(head + token('a'), () => setTimeout(() => socket.resetAndDestroy(), 20)) })
  expect((await hello(middle)).outcome).toMatchObject({ code: 'reset-mid-stream', afterTokens: 1 })
})

test('a stream that is cut off is no whole answer', async () => {
  const base = await serve((socket) => { socket.end(`${head}${token('a')}0\r\n\r\n`) })
  expect((await hello(base)).outcome).toMatchObject({ code: 'truncated', afterTokens: 1 })
})

test('nobody listening is refused', async () => {
  expect((await hello(`${await unserved()}/v1`)).outcome).toMatchObject({ code: 'refused', afterTokens: 0 })
})

test('an aborted message ends at once with the outcome given, and its socket is closed', async () => {
  let closed = false
  const base = await serve((socket) => {
    socket.on('close', () => { closed = true })
    socket.write(head + token('a'))
  })
  const session = target(base).open()
  const exchange = session.say({ id: 'a-1', text: 'Hello', mock: undefined })
  await exchange.firstToken
  exchange.abort({ kind: 'failed', code: 'hung', detail: 'too long', afterTokens: 0 })
  expect((await exchange.done).outcome).toMatchObject({ code: 'hung', afterTokens: 1 })
  await expect.poll(() => closed).toBe(true)
  await session.close()
})

test('a secret that the server repeats in its error is in no outcome', async () => {
  const body = '{"error":{"message":"key sk-canary-7 of gateway-canary is unknown"}}'
  const base = await serve((socket) => socket.end(`HTTP/1.1 401 X\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
  const session = target(base, { authorization: 'Bearer sk-canary-7', 'x-key': 'gateway-canary' }).open()
  const answer = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(JSON.stringify(answer)).not.toContain('canary')
  expect(answer.outcome).toMatchObject({ code: 'http-status', detail: '401 key [secret] of [secret] is unknown' })
})

test('a secret is struck out before a long error is cut, or half of it would be left', async () => {
  const body = `{"error":{"message":"${'x'.repeat(190)} sk-canary-7890"}}`
  const base = await serve((socket) => socket.end(`HTTP/1.1 401 X\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
  const session = target(base, { authorization: 'Bearer sk-canary-7890' }).open()
  const { outcome } = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(outcome.kind === 'failed' ? outcome.detail : '').toMatch(/^.{200}$/)
  expect(JSON.stringify(outcome)).not.toContain('sk-c')
})

test('the answer ends with its [DONE], however long the server holds the body open', async () => {
  const base = await serve((socket) => {
    socket.write(head + token('a') + chunk('data: [DONE]\n\n'))
    setTimeout(() => socket.write('0\r\n\r\n'), 150)
  })
  const answer = await hello(base)
  expect(answer.outcome).toEqual({ kind: 'answered' })
  expect(answer.endedAt - (answer.firstTokenAt ?? 0)).toBeLessThan(100)
})

test('what becomes of the connection after [DONE] is nothing that a client would see', async () => {
  const answers = token('a') + chunk('data: [DONE]\n\n')
  const reset = await serve((socket) => socket.write(head + answers, () => setTimeout(() => socket.resetAndDestroy(), 30)))
  expect((await hello(reset)).outcome).toEqual({ kind: 'answered' })
  const open = await serve((socket) => socket.write(head + answers))
  const session = target(open).open()
  const exchange = session.say({ id: 'a-1', text: 'Hello', mock: undefined })
  await exchange.firstToken
  await new Promise((resolve) => { setTimeout(resolve, 30) })
  exchange.abort({ kind: 'failed', code: 'hung', detail: '', afterTokens: 0 })
  expect((await exchange.done).outcome).toEqual({ kind: 'answered' })
  await session.close()
})

test('a coding that changes nothing is no coding', async () => {
  const base = await serve((socket) => socket.write(`${head.replace('\r\n\r\n', '\r\nContent-Encoding: none\r\n\r\n')}${token('a')}${finished}`))
  expect((await hello(base)).outcome).toEqual({ kind: 'answered' })
})

test('an answer in an encoding that was not asked for is malformed, and says which', async () => {
  const base = await serve((socket) => socket.write(`${head.replace('\r\n\r\n', '\r\nContent-Encoding: gzip\r\n\r\n')}${chunk('????')}0\r\n\r\n`))
  expect((await hello(base)).outcome).toMatchObject({ code: 'malformed', detail: expect.stringContaining('gzip') })
})

test('a content type is read whatever its case', async () => {
  const base = await serve((socket) => socket.write(head.replace('text/event-stream', 'Text/Event-Stream') + token('a') + finished))
  expect((await hello(base)).outcome).toEqual({ kind: 'answered' })
})

test('a key that JSON has to escape is struck out of an error as well', async () => {
  const key = 'sk-"canary"-\\4711'
  const base = await serve((socket) => socket.write(`${head}${chunk(`data: ${JSON.stringify({ error: { given: key } })}\n\n`)}0\r\n\r\n`))
  const session = target(base, { authorization: `Bearer ${key}` }).open()
  const { outcome } = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(JSON.stringify(outcome)).not.toContain('canary')
})
