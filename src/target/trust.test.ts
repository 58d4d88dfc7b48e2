import { createServer, type Server } from 'node:https'
import { createSecureContext, rootCertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shortRequest } from './short-request.ts'
import { ownCertificate } from './test/certificate.ts'
import { said } from './test/raw-server.ts'

const { key, cert } = ownCertificate()
const other = ownCertificate()
let server: Server
let url = ''

beforeAll(async () => {
  server = createServer({ key, cert }, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end('data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n')
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  url = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
})
afterAll(() => { server.close() })

const believing = (...authorities: readonly string[]) => ({ secureContext: createSecureContext({ ca: [...rootCertificates, ...authorities] }) })

test('a certificate that nobody vouches for is refused, one of a named authority is believed, and so is every one where that is wanted', async () => {
  for (const [trust, expected] of [
    [undefined, 'tls'], [believing(other.cert), 'tls'], [believing(cert), 'answered'], [{ rejectUnauthorized: false }, 'answered'],
  ] as const) {
    const { outcome } = await said({ url, trust })
    expect(outcome.kind === 'failed' ? outcome.code : outcome.kind).toBe(expected)
    const short = await shortRequest(url, { patience: 5_000, trust })
    expect(short.kind).toBe(expected === 'tls' ? 'failed' : 'answered')
  }
})

test('stamps over TLS are in order, those of the first token before the end', async () => {
  const answer = await said({ url, trust: believing(cert) })
  const instants = [answer.startedAt, answer.connection.openedAt, answer.sentAt, answer.headersAt, answer.firstTokenAt, answer.endedAt].map((at) => at ?? Number.NaN)
  expect(instants).toEqual([...instants].sort((a, b) => a - b))
})
