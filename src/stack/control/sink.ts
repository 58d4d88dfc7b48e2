import type { ServerResponse } from 'node:http'

export type HeadFields = Readonly<Record<string, string>>

/** Why there is no answer, or no more of it: as the client is told, in OpenAI's error shape. `status` counts where the head has not been sent. */
export interface Failure {
  readonly status: number
  readonly type: string
  readonly message: string
}

/**
 * Where an answer goes. The gateway reads the model into the client's sink; a defect is a sink in front of that one. The head comes once, before
 * the first write; `end` or `fail` comes once and last.
 */
export interface Sink {
  head(status: number, fields: HeadFields): void
  write(bytes: Buffer): void
  end(): void
  fail(failure: Failure): void
}

export const isEventStream = (fields: HeadFields): boolean => (fields['content-type'] ?? '').includes('text/event-stream')

const errorBody = ({ type, message }: Failure): string => JSON.stringify({ error: { message, type, code: type } })

/** The client. Everything is handed to its socket at once: a head that waits for the first token would hide which of the two was late. */
export function clientSink(response: ServerResponse): Sink {
  let isStream = false
  let isOver = false
  const isOpen = (): boolean => !isOver && !response.destroyed
  return {
    head(status, fields) {
      if (!isOpen() || response.headersSent) return
      isStream = isEventStream(fields)
      response.writeHead(status, fields)
      response.flushHeaders()
    },
    write(bytes) {
      if (isOpen()) response.write(bytes)
    },
    end() {
      if (isOpen()) response.end()
      isOver = true
    },
    fail(failure) {
      if (isOpen()) sendFailure(response, failure, isStream)
      isOver = true
    },
  }
}

/** A status before the head, an error event in a stream; in the middle of anything else nothing can be said any more but by breaking off. */
function sendFailure(response: ServerResponse, failure: Failure, isStream: boolean): void {
  if (!response.headersSent) sendJson(response, failure.status, errorBody(failure))
  else if (isStream) response.end(`data: ${errorBody(failure)}\n\n`)
  else response.destroy()
}

export function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
