import { createServer, type Server } from 'node:http'
import { afterAll, afterEach, expect, test } from 'vitest'
import { targetOf } from '../../target/chat-target.ts'
import { sayAnchors } from './anchor.ts'
import { RunClock } from './clock.ts'
import type { SaidMessage } from './window.ts'

const clock = new RunClock(() => {})
const servers: Server[] = []
afterEach(() => servers.splice(0).forEach((server) => {
  server.closeAllConnections()
  server.close()
}))
afterAll(() => clock.stop())

/** Answers after so long, or never. Counts what is asked at once. */
async function asked(answersAfter: number, controller = new AbortController(), count = 12): Promise<{ said: SaidMessage[]; most: number; sockets: number }> {
  let open = 0
  const seen = { most: 0, sockets: 0 }
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.method === 'GET') return response.end('{"data":[]}')
      open += 1
      seen.most = Math.max(seen.most, open)
      if (!Number.isFinite(answersAfter)) return controller.abort('SIGINT')
      return setTimeout(() => {
        open -= 1
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
      }, answersAfter)
    })
  }).on('connection', () => { seen.sockets += 1 })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  const target = targetOf({ kind: 'openai', url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/v1`, model: 'm', headers: {}, clock })
  let id = 0
  const said = await sayAnchors({ target, utterance: () => ({ id: `a-${(id += 1)}`, text: 'Hello', mock: undefined }), count, every: 15, clock, signal: controller.signal })
  return { said, ...seen }
}

test('twelve hellos, one after another over one open connection, never closer than asked', async () => {
  const { said, most, sockets } = await asked(3)
  expect([said.length, most, sockets]).toEqual([12, 1, 1])
  expect(said.map(({ answer }) => answer?.outcome.kind)).toEqual(said.map(() => 'answered'))
  const starts = said.map(({ dueAt }) => dueAt)
  expect(Math.min(...starts.slice(1).map((at, index) => at - (starts[index] ?? 0)))).toBeGreaterThan(13)
})

test('an abort ends the hello that is under way', async () => {
  const { said } = await asked(Infinity)
  expect(said.map(({ answer }) => answer?.outcome)).toEqual([expect.objectContaining({ kind: 'failed', code: 'cancelled' })])
})
