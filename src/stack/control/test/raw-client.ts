import { connect, type Socket } from 'node:net'
import { now } from './scripted-model.ts'

/** What was read of one connection: bytes with the instant of each read, nothing interpreted. */
export class RawClient {
  readonly reads: { readonly at: number; readonly text: string }[] = []
  endedAt: number | undefined
  readonly #socket: Socket
  readonly connected: Promise<void>

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('data', (bytes: Buffer) => this.reads.push({ at: now(), text: bytes.toString('utf8') }))
    this.#socket.on('end', () => { this.endedAt ??= now() })
    this.#socket.on('close', () => { this.endedAt ??= now() })
    this.#socket.on('error', () => {})
    this.connected = new Promise((resolve) => { this.#socket.once('connect', () => resolve()) })
  }

  post(body: string, path = '/v1/chat/completions', fields = ''): this {
    this.#socket.write(`POST ${path} HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`)
    return this
  }

  get(path: string, fields = ''): this {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: gateway\r\n${fields}\r\n`)
    return this
  }

  get text(): string {
    return this.reads.map((read) => read.text).join('')
  }

  /** Status of the last answer; 0 before there is one. */
  get status(): number {
    return Number([...this.text.matchAll(/HTTP\/1\.1 (\d+)/g)].at(-1)?.[1] ?? 0)
  }

  /** The contents of the token events, put together. */
  get told(): string {
    return [...this.text.matchAll(/"content":"([^"]*)"/g)].map((match) => match[1]).join('')
  }

  get isDone(): boolean {
    return this.text.includes('[DONE]')
  }

  /** Whether the last answer came to an end: its last chunk, or all of its known length. */
  get isWhole(): boolean {
    return this.reads.slice(-2).map((read) => read.text).join('').endsWith('\r\n0\r\n\r\n') || /content-length: /i.test(this.reads.at(-1)?.text ?? '')
  }

  /** When the first read that holds this text came. */
  readAt(text: string): number {
    const read = this.reads.find((one) => one.text.includes(text))
    if (read === undefined) throw new Error(`"${text}" was never read, but: ${this.text}`)
    return read.at
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** As a tab that is closed. */
  leave(): void {
    this.#socket.destroy()
  }
}
