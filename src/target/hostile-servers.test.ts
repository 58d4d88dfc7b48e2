import { gzipSync } from 'node:zlib'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { targetOf } from './chat-target.ts'
import type { Answer } from './target.ts'
import { chunk, clock, finished, head, headOf, lastChunk, said, serve, token } from './test/raw-server.ts'

/** Says hello to a server that answers with this script; `ollama` where the lines are its own. */
async function hello(script: (socket: Socket) => void, { kind = 'openai', headers = {} }: { kind?: 'openai' | 'ollama'; headers?: Record<string, string> } = {}): Promise<Answer> {
  const url = await serve(script)
  return said({ kind, url: kind === 'openai' ? `${url}/v1` : url, headers })
}

/** Writes the same bytes again and again for as long as somebody reads, and counts them. */
function flood(socket: Socket, bytes: Uint8Array | string, written: { bytes: number } = { bytes: 0 }): void {
  const more = (): void => {
    while (!socket.destroyed) {
      written.bytes += bytes.length
      if (!socket.write(bytes)) break
    }
  }
  socket.on('drain', more)
  more()
}

const megabyte = 'x'.repeat(1024 * 1024)

test.each([403, 502, 503, 504, 520, 522, 524, 530])('a page with the status %i is an intermediary speaking', async (status) => {
  const { outcome } = await hello((socket) => socket.write(`HTTP/1.1 ${status} X\r\nContent-Type: text/html\r\nServer: cloudflare\r\nContent-Length: 6\r\n\r\n<html>`))
  expect(outcome).toMatchObject({ code: 'http-status', detail: `${status} intermediary` })
})

test.each([404, 500, 501, 531])('a page with the status %i is a page', async (status) => {
  const { outcome } = await hello((socket) => socket.write(`HTTP/1.1 ${status} X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>`))
  expect(outcome).toMatchObject({ code: 'http-status', detail: `${status} with an HTML page` })
})

test('a redirect is an outcome with its place, and nobody goes there', async () => {
  let elsewhere = 0
  const other = await serve(() => { elsewhere += 1 })
  const { outcome } = await hello((socket) => socket.write(`HTTP/1.1 307 X\r\nLocation: ${other}/login?ticket=4711#x\r\nContent-Length: 0\r\n\r\n`))
  expect(outcome).toMatchObject({ code: 'http-status', detail: `307 redirects to ${other}/login` })
  expect(elsewhere).toBe(0)
})

test('a redirect to itself is asked once', async () => {
  let asked = 0
  const { outcome } = await hello((socket) => {
    asked += 1
    socket.write('HTTP/1.1 308 X\r\nLocation: /v1/chat/completions\r\nContent-Length: 0\r\n\r\n')
  })
  expect(outcome).toMatchObject({ code: 'http-status', detail: '308 redirects to /v1/chat/completions' })
  expect(asked).toBe(1)
})

test('a key that a redirect repeats is struck out, also as addresses write it, and so is a login', async () => {
  const key = 'sk/canary 4711'
  const { outcome } = await hello((socket) => socket.write(`HTTP/1.1 302 X\r\nLocation: https://canary:canary@a.test/${encodeURIComponent(key)}/${key}\r\nContent-Length: 0\r\n\r\n`), { headers: { authorization: `Bearer ${key}` } })
  expect(outcome).toMatchObject({ detail: '302 redirects to https://a.test/[secret]/[secret]' })
})

test('a line of 10 MB is given up and its connection closed, in either dialect', async () => {
  for (const kind of ['openai', 'ollama'] as const) {
    let closed = false
    const answer = await hello((socket) => {
      socket.on('close', () => { closed = true })
      socket.write(kind === 'openai' ? `${head}${token('a')}` : `${headOf('application/x-ndjson')}${chunk('{"message":{"content":"a"}}\n')}`)
      flood(socket, chunk(megabyte))
    }, { kind })
    expect(answer.outcome).toMatchObject({ code: 'malformed', detail: 'a line of the answer is longer than 8 MB', afterTokens: 1 })
    await expect.poll(() => closed).toBe(true)
  }
}, 30_000)

test('an answer without end is given up after 64 MB', async () => {
  const { outcome } = await hello((socket) => {
    socket.write(head)
    flood(socket, chunk(`: ${megabyte}\n`))
  })
  expect(outcome).toMatchObject({ code: 'malformed', detail: 'the answer is longer than 64 MB' })
}, 30_000)

test('a body without end that is no stream is given up after its first megabyte', async () => {
  const written = { bytes: 0 }
  const { outcome } = await hello((socket) => {
    socket.write('HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n')
    flood(socket, chunk(megabyte), written)
  })
  expect(outcome).toMatchObject({ code: 'http-status', detail: expect.stringMatching(/^500 x+$/) })
  expect(written.bytes).toBeLessThan(30 * 1024 * 1024)
})

test('bytes that are no UTF-8 are read with a replacement', async () => {
  const text = Buffer.concat([Buffer.from('data: {"choices":[{"delta":{"content":"a'), Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from('b"}}]}\n\n')])
  const answer = await hello((socket) => {
    socket.write(`${head}${text.length.toString(16)}\r\n`)
    socket.write(text)
    socket.write(`\r\n${finished}`)
  })
  expect(answer).toMatchObject({ text: 'a\ufffd\ufffd\ufffdb', outcome: { kind: 'answered' } })
})

test('a compressed answer is refused before its first byte is inflated, or read at all', async () => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
  const written = { bytes: 0 }
  const answer = await hello((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n')
    flood(socket, bomb, written)
  })
  expect(answer).toMatchObject({ text: '', outcome: { code: 'malformed', detail: 'answered in the encoding gzip, which was not asked for' } })
  expect(written.bytes).toBeLessThan(30 * 1024 * 1024)
})

test('a compressed answer whose bytes never come is refused by its headers', async () => {
  const { outcome } = await hello((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: br\r\n\r\n'))
  expect(outcome).toMatchObject({ code: 'malformed', detail: 'answered in the encoding br, which was not asked for' })
})

test('a compressed error is told by its status, and not by its bytes', async () => {
  const body = gzipSync('{"error":{"message":"no"}}')
  const { outcome } = await hello((socket) => {
    socket.write(`HTTP/1.1 500 X\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`)
    socket.write(body)
  })
  expect(outcome).toMatchObject({ code: 'http-status', detail: '500 in the encoding gzip, which was not asked for' })
})

test('headers that never end are malformed, in one line or in many', async () => {
  for (const endless of [megabyte, 'X-More: and more\r\n'.repeat(1_000)]) {
    const { outcome } = await hello((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-First: ')
      flood(socket, endless)
    })
    expect(outcome).toMatchObject({ code: 'malformed', detail: expect.stringMatching(/header/i) })
  }
})

test('headers that come a byte at a time end with the patience of whoever asked', async () => {
  const url = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX-First: ')
    const timer = setInterval(() => socket.write('x'), 5)
    socket.on('close', () => clearInterval(timer))
  })
  const exchange = targetOf({ kind: 'openai', url: `${url}/v1`, model: 'm', headers: {}, clock }).open().say({ id: 'a-1', text: 'Hello', mock: undefined })
  setTimeout(() => exchange.abort({ kind: 'failed', code: 'no-first-token', detail: '', afterTokens: 0 }), 50)
  expect(await exchange.done).toMatchObject({ headersAt: null, outcome: { code: 'no-first-token' } })
})

test('what a server says ahead of its headers is not its headers', async () => {
  const answer = await hello((socket) => {
    socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n')
    setTimeout(() => socket.write(head + token('a') + finished), 50)
  })
  expect(answer.outcome).toEqual({ kind: 'answered' })
  expect((answer.headersAt ?? 0) - answer.startedAt).toBeGreaterThan(40)
})

test('an answer of nothing, and one that is JSON but no object, are told apart', async () => {
  expect((await hello((socket) => socket.write(head + lastChunk))).outcome).toMatchObject({ code: 'empty' })
  expect((await hello((socket) => socket.write(`${head}${chunk('data: 5\n\n')}${finished}`))).outcome).toMatchObject({ code: 'malformed' })
})
