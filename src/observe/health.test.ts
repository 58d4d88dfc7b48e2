import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { jsonAnswer, serve, unserved } from '../target/test/raw-server.ts'
import { observeHealth } from './health.ts'

const clock = { now: () => performance.now(), stampError: () => 0.5 }
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })
const ok = jsonAnswer(200, { status: true })

test('looks are due evenly, none is early, and one connection carries them while it is free', async () => {
  const sockets = new Set<Socket>()
  const asked: string[] = []
  const url = await serve((socket, request) => {
    sockets.add(socket)
    asked.push(request)
    socket.write(ok)
  })
  const observer = observeHealth({ what: 'database', url: `${url}/api/v1/chats/?page=1`, headers: { authorization: 'Bearer t' }, every: 20, patience: 5_000, clock })
  await expect.poll(() => asked.length).toBeGreaterThanOrEqual(5)
  const seen = await observer.stop()
  const count = asked.length
  expect(seen).toHaveLength(count)
  const [first] = seen
  for (const look of seen) {
    expect((look.dueAt - (first?.dueAt ?? 0)) / 20).toBeCloseTo(Math.round((look.dueAt - (first?.dueAt ?? 0)) / 20), 6)
    expect(look.startedAt).toBeGreaterThanOrEqual(look.dueAt)
    expect(look.endedAt).toBeGreaterThanOrEqual(look.startedAt)
    expect(look).toMatchObject({ what: 'database', firstTokenAt: null, status: 200, failure: null })
    expect(look.errorBound).toBeCloseTo(look.startedAt - look.dueAt + 0.5, 6)
  }
  // One, unless the machine was so busy that a look was under way when the next was due.
  const underWay = seen.map(({ startedAt }) => seen.filter((look) => look.startedAt <= startedAt && look.endedAt > startedAt).length)
  expect(sockets.size).toBe(Math.max(...underWay))
  expect(asked[0]).toMatch(/^GET \/api\/v1\/chats\/\?page=1 HTTP/)
  expect(asked[0]).toMatch(/authorization: Bearer t/)
  await pause(50)
  expect(asked).toHaveLength(count)
})

test('an answer that does not come holds up no other, and is waited for', async () => {
  const waiting: Socket[] = []
  let asked = 0
  const url = await serve((socket) => {
    asked += 1
    if (asked === 2 || asked === 3) waiting.push(socket)
    else socket.write(ok)
  })
  const observer = observeHealth({ what: 'health', url: `${url}/health`, every: 20, patience: 5_000, clock })
  await expect.poll(() => asked).toBeGreaterThanOrEqual(6)
  const stopping = observer.stop()
  await pause(50)
  for (const socket of waiting) socket.write(ok)
  const seen = await stopping
  const slow = seen.filter(({ startedAt, endedAt }) => endedAt - startedAt > 50)
  expect(slow.map((look) => seen.indexOf(look))).toEqual([1, 2])
  expect(seen.every(({ status }) => status === 200)).toBe(true)
})

test('what is silent is given up in time, and its connection is not asked again', async () => {
  const asked: Socket[] = []
  const url = await serve((socket) => { asked.push(socket) })
  const observer = observeHealth({ what: 'health', url: `${url}/health`, every: 60, patience: 30, clock })
  await expect.poll(() => asked.length).toBeGreaterThanOrEqual(2)
  const seen = await observer.stop()
  expect(seen[0]).toMatchObject({ status: null, failure: 'no answer within 30 ms' })
  expect((seen[0]?.endedAt ?? 0) - (seen[0]?.startedAt ?? 0)).toBeGreaterThanOrEqual(29)
  expect(new Set(asked).size).toBe(asked.length)
})

test.each([
  ['a redirect', 'HTTP/1.1 307 X\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n', { status: 307, failure: null }],
  ['a broken system', jsonAnswer(503, {}), { status: 503, failure: null }],
  ['garbage', 'SSH-2.0-OpenSSH_9\r\n', { status: null, failure: expect.stringMatching(/HTTP/) }],
])('%s is kept as it is', async (_name, answer, expected) => {
  const url = await serve((socket) => socket.write(answer))
  const observer = observeHealth({ what: 'health', url: `${url}/health`, every: 10_000, patience: 1_000, clock })
  expect(await observer.stop()).toMatchObject([expected])
})

test('nobody there is a failure in words, and an answer without end is none', async () => {
  const away = observeHealth({ what: 'health', url: `${await unserved()}/health`, every: 10_000, patience: 1_000, clock })
  expect(await away.stop()).toMatchObject([{ status: null, failure: 'ECONNREFUSED' }])
  const url = await serve((socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(3_000_000)}`))
  const endless = observeHealth({ what: 'health', url: `${url}/health`, every: 10_000, patience: 5_000, clock })
  expect(await endless.stop()).toMatchObject([{ status: 200, failure: 'an answer without end' }])
})
