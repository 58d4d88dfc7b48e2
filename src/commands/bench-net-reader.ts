import { connect, type Socket } from 'node:net'
import type { RunClock } from '../engine/node/clock.ts'
import type { Stamp } from './bench-client.ts'

/** How the mock is to tell one answer, as its marker has it; times in ms. */
export interface MarkedAnswer {
  readonly tokens: number
  readonly firstTokenAfter: number
  readonly gap: number
}

/** The bytes of a chat request with a marker, without any client between. */
export function rawChatRequest(mock: string, id: string, { tokens, firstTokenAfter, gap }: MarkedAnswer): string {
  const body = JSON.stringify({ model: 'mock', stream: true, messages: [{ role: 'user', content: `Hello\n[[ft1 id=${id} tokens=${tokens} first=${firstTokenAfter} gap=${gap}]]` }] })
  return `POST /v1/chat/completions HTTP/1.1\r\nHost: ${new URL(mock).host}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** Host and port of an http address, as net.connect takes them. */
export function socketAddress(url: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port === '' ? '80' : port) }
}

/** A socket that looks for one text in what it reads: the least that a reader in this language can do. */
export class NetReader {
  readonly #mock: string
  readonly #clock: RunClock
  #socket: Socket | undefined
  #first: Buffer | null = null
  #id = ''
  #stamp: Stamp | null = null
  #resolve: (stamp: Stamp | null) => void = () => {}

  constructor(mock: string, clock: RunClock) {
    this.#mock = mock
    this.#clock = clock
  }

  /** Resolves when it is connected, and when it could not be. */
  open(): Promise<void> {
    const socket = this.#dial()
    return new Promise((resolve) => { socket.once('connect', resolve).once('close', () => resolve()) })
  }

  /** The stamp of its first token when the answer has ended; null where there was none. Dials where nothing was opened. */
  say(id: string, answer: MarkedAnswer): Promise<Stamp | null> {
    const socket = this.#socket ?? this.#dial()
    if (socket.destroyed) return Promise.resolve(null)
    this.#first = Buffer.from(`${id}.0`)
    this.#id = id
    this.#stamp = null
    socket.write(rawChatRequest(this.#mock, id, answer))
    return new Promise((resolve) => { this.#resolve = resolve })
  }

  close(): void {
    this.#socket?.destroy()
  }

  #dial(): Socket {
    const socket = connect({ ...socketAddress(this.#mock), noDelay: true })
    socket.on('data', (bytes) => {
      const at = this.#clock.now()
      if (this.#first !== null && bytes.includes(this.#first)) {
        this.#first = null
        this.#stamp = { id: this.#id, at: at + this.#clock.origin, bound: this.#clock.stampError(at) }
      }
      if (bytes.includes('[DONE]')) this.#resolve(this.#stamp)
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#resolve(this.#stamp))
    this.#socket = socket
    return socket
  }
}
