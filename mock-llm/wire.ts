import type { ServerResponse } from 'node:http'

/**
 * The response as bytes. Frames are written to the socket by hand: `response.write` makes four buffers and a corked tick of every token, a
 * string is one write. Texts are bytes, a character each.
 */
export class Wire {
  readonly #response: ServerResponse
  /** HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer. A body with a length needs none. */
  #isFramed = false

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Head and what comes with it in one segment. */
  open(status: number, headers: Readonly<Record<string, string | number>>, text: string): void {
    const response = this.#response
    const { socket } = response
    this.#isFramed = response.req.httpVersion !== '1.0' && headers['content-length'] === undefined
    // Corked: one segment for both.
    socket?.cork()
    response.writeHead(status, headers)
    response.flushHeaders()
    if (text !== '') this.write(text)
    socket?.uncork()
  }

  write(text: string): void {
    const { socket } = this.#response
    if (socket === null || !socket.writable) return
    socket.write(this.#isFramed ? `${text.length.toString(16)}\r\n${text}\r\n` : text, 'latin1')
  }

  /** The texts and the end of the body in one segment, as they are one instant. */
  finish(...texts: string[]): void {
    const { socket } = this.#response
    socket?.cork()
    for (const text of texts) if (text !== '') this.write(text)
    this.#response.end()
    socket?.uncork()
  }

  /** Head and whole body in one segment. */
  send(status: number, headers: Readonly<Record<string, string | number>>, body: string): void {
    const { socket } = this.#response
    socket?.cork()
    this.open(status, headers, '')
    this.finish(body)
    socket?.uncork()
  }

  /** RST: whoever reads has an error, whatever is still on its way is lost. */
  reset(): void {
    this.#response.socket?.resetAndDestroy()
  }

  /** FIN in the middle of the body, or instead of the head. */
  cut(): void {
    this.#response.socket?.end()
  }
}
