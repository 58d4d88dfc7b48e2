import { connect, type Socket } from 'node:net'
import { now } from '../clock.ts'

/** A TCP client without HTTP in it: what it sends and what it got is what is on the wire. */
export class RawClient {
  readonly socket: Socket
  /** Each read with its instant. */
  readonly reads: { readonly at: number; readonly text: string; readonly bytes: Buffer }[] = []
  hasEnded = false
  /** What the other side ended the connection with. */
  endedWith: 'fin' | 'rst' | null = null
  /** Who waits for more. */
  readonly #waiting = new Set<() => void>()

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.socket.on('data', (data) => {
      this.reads.push({ at: now(), text: data.toString('utf8'), bytes: data })
      this.#wake()
    })
    this.socket.on('end', () => void (this.endedWith ??= 'fin'))
    this.socket.on('error', (error) => void (this.endedWith ??= 'code' in error && error.code === 'ECONNRESET' ? 'rst' : null))
    this.socket.on('close', () => {
      this.hasEnded = true
      this.#wake()
    })
  }

  get text(): string {
    return this.reads.map((read) => read.text).join('')
  }

  connected(): Promise<this> {
    return new Promise((resolve) => void (this.socket.readyState === 'open' ? resolve(this) : this.socket.once('connect', () => resolve(this))))
  }

  /** All that was read so far, once `isEnough`. Rejects where the connection closes before. */
  async until(isEnough: (text: string) => boolean): Promise<string> {
    while (!isEnough(this.text)) {
      if (this.hasEnded) throw new Error(`closed after ${JSON.stringify(this.text.slice(-300))}`)
      await this.#more()
    }
    return this.text
  }

  /** Sends a request and waits for the end of its answer, chunked or with a length. */
  async ask(request: string): Promise<string> {
    const before = this.text.length
    this.socket.write(request)
    const text = await this.until((all) => isWhole(all.slice(before)))
    return text.slice(before)
  }

  async closed(): Promise<void> {
    while (!this.hasEnded) await this.#more()
  }

  #more(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.add(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return false
  const length = /content-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : Buffer.byteLength(text) - head - 4 >= Number(length)
}

export function post(path: string, body: unknown, version = '1.1'): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return `POST ${path} HTTP/${version}\r\nHost: mock\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

/** A streamed chat whose answer the marker sets, `id=a-1 tokens=3` for one. */
export function chat(marker: string, more: object = {}): string {
  return post('/v1/chat/completions', { model: 'mock', stream: true, messages: [{ role: 'user', content: `Hello\n[[ft1 ${marker}]]` }], ...more })
}

/** The payloads of the `data:` lines in an answer whose chunks are framed one event each or more. */
export function events(answer: string): string[] {
  return [...answer.matchAll(/^data: (.*)$/gm)].map((match) => match[1] ?? '')
}

/** The content deltas in order. */
export function contents(answer: string): string[] {
  return [...answer.matchAll(/"content":"([^"]+)"/g)].map((match) => match[1] ?? '')
}
