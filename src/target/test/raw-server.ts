import { createServer, type Server, type Socket } from 'node:net'
import { afterEach } from 'vitest'
import { type TargetOptions, targetOf } from '../chat-target.ts'
import type { Answer, Clock, Utterance } from '../target.ts'

export const clock: Clock = { now: () => performance.now(), stampError: () => 0.5 }
const servers: Server[] = []
const sockets = new Set<Socket>()

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers.splice(0)) server.close()
})

/** A raw server that hands every request (its head and body as text) to a script. Resolves with its origin. */
export async function serve(script: (socket: Socket, request: string) => void): Promise<string> {
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
      const end = text.indexOf('\r\n\r\n')
      if (end === -1 || text.length < end + 4 + length) return
      const request = text
      text = ''
      script(socket, request)
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

/** Where nobody listens. */
export async function unserved(): Promise<string> {
  const origin = await serve(() => {})
  await new Promise<void>((resolve) => { servers.pop()?.close(() => resolve()) })
  return origin
}

export const headOf = (contentType: string): string => `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nTransfer-Encoding: chunked\r\n\r\n`
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
export const lastChunk = '0\r\n\r\n'

/** A JSON answer with its length. */
export function jsonAnswer(status: number, body: unknown): string {
  const text = JSON.stringify(body)
  return `HTTP/1.1 ${status} X\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

/** An OpenAI stream in pieces. */
export const head = headOf('text/event-stream')
export const token = (text: string): string => chunk(`data: {"choices":[{"delta":{"content":"${text}"}}]}\n\n`)
export const finished = chunk('data: [DONE]\n\n') + lastChunk

/** Says one message over a connection of its own. */
export async function said(options: Partial<TargetOptions> & { readonly url: string }, utterance: Partial<Utterance> = {}): Promise<Answer> {
  const session = targetOf({ kind: 'openai', model: 'm', headers: {}, clock, ...options }).open()
  const answer = await session.say({ id: 'a-1', text: 'Hello', mock: undefined, ...utterance }).done
  await session.close()
  return answer
}

/** Says one message whose request is answered by a fixed text, and returns what was asked and what was read. */
export async function exchanged(kind: TargetOptions['kind'], answer: string, utterance: Partial<Utterance> = {}): Promise<{ answer: Answer; line: string; headers: string; body: unknown }> {
  let request = ''
  const url = await serve((socket, text) => {
    request = text
    socket.write(answer)
  })
  const read = await said({ kind, url: kind === 'openai' || kind === 'control' ? `${url}/v1` : url }, utterance)
  const [headers = '', body = ''] = request.split('\r\n\r\n')
  return { answer: read, line: headers.split('\r\n')[0] ?? '', headers, body: JSON.parse(body) }
}
