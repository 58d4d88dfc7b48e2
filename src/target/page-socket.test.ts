import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSecureContext, rootCertificates } from 'node:tls'
import { Server, type Socket } from 'socket.io'
import { expect, onTestFinished, test } from 'vitest'
import type { Trust } from './connection.ts'
import { type PageEvent, PageSocket } from './page-socket.ts'
import { ownCertificate } from './test/certificate.ts'
import { clock } from './test/raw-server.ts'

const { key, cert } = ownCertificate()

interface Served {
  readonly url: string
  /** In the order in which they came. */
  readonly sockets: Socket[]
  readonly joined: unknown[]
  /** Query and headers of each handshake. */
  readonly handshakes: Socket['handshake'][]
}

/** A socket.io server as Open WebUI has one: websocket alone, at its own path. */
async function serve({ isSecure = false, refuses = false } = {}): Promise<Served> {
  const server = isSecure ? createSecureServer({ key, cert }) : createServer()
  const io = new Server(server, { path: '/ws/socket.io', transports: ['websocket'], ...(refuses ? { allowRequest: (_request, decide) => decide('no', false) } : {}) })
  const served = { sockets: [] as Socket[], joined: [] as unknown[], handshakes: [] as Socket['handshake'][] }
  io.on('connection', (socket) => {
    served.sockets.push(socket)
    served.handshakes.push(socket.handshake)
    socket.on('user-join', (said: unknown, answer: (person: object) => void) => {
      served.joined.push(said)
      answer({ id: 'u', name: 'Person' })
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  onTestFinished(async () => { await io.close() })
  return { ...served, url: `http${isSecure ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

interface Page {
  readonly socket: PageSocket
  readonly events: PageEvent[]
  readonly happened: string[]
}

function page(url: string, trust?: Trust): Page {
  const [events, happened] = [[] as PageEvent[], [] as string[]]
  const socket = new PageSocket({ url, token: 'eyJ.1', headers: { 'x-a': 'b' }, clock, trust, onEvent: (event) => { events.push(event) }, onLost: () => { happened.push('lost') }, onJoined: () => { happened.push('joined') } })
  onTestFinished(() => { socket.close() })
  return { socket, events, happened }
}

test('it opens by websocket alone, with the token in the handshake, and says who it is', async () => {
  const { url, handshakes, joined } = await serve()
  const { socket } = page(url)
  expect([socket.isOpen, socket.number]).toEqual([false, 0])
  expect(await Promise.all([socket.open(), socket.open()])).toEqual([undefined, undefined])
  expect(socket.isOpen).toBe(true)
  expect(socket.number).toBeGreaterThan(0)
  expect(handshakes).toMatchObject([{ auth: { token: 'eyJ.1' }, query: { transport: 'websocket', EIO: '4' }, headers: { 'x-a': 'b' } }])
  expect(joined).toEqual([{ auth: { token: 'eyJ.1' } }])
})

test('events are stamped when they are read, and anything else is none', async () => {
  const { url, sockets } = await serve()
  const { socket, events } = page(url)
  await socket.open()
  const before = clock.now()
  for (const said of [null, 'x', { chat_id: 'c' }, { chat_id: 'c', message_id: 'm', data: { type: 'chat:active', data: { active: true } } }]) sockets[0]?.emit('events', said)
  await expect.poll(() => events.length).toBe(1)
  expect(events[0]).toMatchObject({ chatId: 'c', messageId: 'm', type: 'chat:active', data: { active: true }, stampError: 0.5 })
  expect(events[0]?.at).toBeGreaterThan(before)
  expect(events[0]?.at).toBeLessThan(clock.now())
})

test.each([
  { what: 'nobody there', url: () => Promise.resolve('http://127.0.0.1:9'), code: 'ECONNREFUSED' },
  { what: 'a server that lets no page in', url: async () => (await serve({ refuses: true })).url, code: undefined },
])('$what is a reason, and no exception', async ({ url, code }) => {
  const error = await page(await url()).socket.open()
  expect(error).toBeInstanceOf(Error)
  if (code === undefined) expect(error?.message).toMatch(/Unexpected server response: 4\d\d/)
  else expect(error).toMatchObject({ code })
})

test('a certificate that nobody vouches for is refused, one of a named authority is believed', async () => {
  const { url } = await serve({ isSecure: true })
  expect(await page(url).socket.open()).toBeInstanceOf(Error)
  expect(await page(url, { secureContext: createSecureContext({ ca: [...rootCertificates, cert] }) }).socket.open()).toBeUndefined()
  expect(await page(url, { rejectUnauthorized: false }).socket.open()).toBeUndefined()
})

test('one that was lost on purpose stays away for so long, and then joins again', async () => {
  const { url, sockets } = await serve()
  const { socket, happened } = page(url)
  await socket.open()
  const lostAt = clock.now()
  socket.lose(80)
  await expect.poll(() => happened, { interval: 5 }).toEqual(['joined', 'lost', 'joined'])
  expect(clock.now() - lostAt).toBeGreaterThanOrEqual(79)
  expect(sockets).toHaveLength(2)
})

test('one that is closed is not opened again', async () => {
  const { url, sockets } = await serve()
  const { socket, happened } = page(url)
  await socket.open()
  socket.close()
  expect(await socket.open()).toBeInstanceOf(Error)
  expect([sockets.length, happened]).toEqual([1, ['joined']])
})
