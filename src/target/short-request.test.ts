import { expect, test } from 'vitest'
import { shortRequest } from './short-request.ts'
import { chunk, jsonAnswer, serve, unserved } from './test/raw-server.ts'

const patience = 5_000

test('an answer has its status, type and text, and a redirect its place', async () => {
  const url = await serve((socket, request) => socket.write(request.startsWith('POST') ? jsonAnswer(400, { detail: 'no' }) : 'HTTP/1.1 301 X\r\nLocation: https://a.test/x?y=z\r\nContent-Length: 0\r\n\r\n'))
  expect(await shortRequest(url, { patience, method: 'POST', body: '{}' })).toEqual({ kind: 'answered', status: 400, contentType: 'application/json', text: '{"detail":"no"}', location: '' })
  expect(await shortRequest(url, { patience })).toMatchObject({ kind: 'answered', status: 301, location: 'https://a.test/x' })
})

test('nobody there, somebody silent, and somebody who drips are failures in time', async () => {
  expect(await shortRequest(await unserved(), { patience })).toEqual({ kind: 'failed', code: 'ECONNREFUSED', words: 'ECONNREFUSED' })
  expect(await shortRequest(await serve(() => {}), { patience: 50 })).toEqual({ kind: 'failed', code: 'TIMEOUT', words: 'no answer within 0.05 s' })
  const dripping = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const timer = setInterval(() => socket.write(chunk(' ')), 10)
    socket.on('close', () => clearInterval(timer))
  })
  expect(await shortRequest(dripping, { patience: 100 })).toMatchObject({ kind: 'failed', code: 'TIMEOUT' })
})

test('a list without end is given up, and one that is compressed is not inflated', async () => {
  const endless = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const more = (): void => { while (!socket.destroyed && socket.write(chunk('x'.repeat(100_000)))); }
    socket.on('drain', more)
    more()
  })
  expect(await shortRequest(endless, { patience })).toMatchObject({ kind: 'failed', words: 'answered with more than 4 MB' })
  const compressed = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1000\r\n\r\n'))
  expect(await shortRequest(compressed, { patience })).toMatchObject({ kind: 'failed', words: expect.stringContaining('gzip') })
})
