import type { Dispatcher } from 'undici'
import type { Connection } from './connection.ts'

/** What a short request over a connection of ours came to. */
export type JsonAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly contentType: string; readonly encoding: string; readonly location: string; readonly text: string }
  | { readonly kind: 'failed'; readonly error: Error; readonly hadHeaders: boolean }

/** Instants of a request, as they happen. */
export interface RequestListener {
  readonly onSent?: (at: number) => void
  /** It has a connection; `isFirst` where it is the first on it. */
  readonly onStart?: () => void
  readonly onHeaders?: (at: number) => void
}

/** More than any chat that we made. */
const mostBytes = 16 * 1024 * 1024

/** Sends a request and reads the whole answer. Never rejects. Waits for its turn where the connection is at another one. */
export function jsonRequest(connection: Connection, options: Dispatcher.DispatchOptions, listener: RequestListener = {}): Promise<JsonAnswer> {
  return new Promise((resolve) => {
    let head: { status: number; contentType: string; encoding: string; location: string } | undefined
    const parts: Buffer[] = []
    let length = 0
    connection.dispatch(options, {
      onSent: (at) => listener.onSent?.(at),
      onRequestStart: () => {
        listener.onStart?.()
        connection.requests += 1
      },
      onResponseStart: (controller, status, headers) => {
        // 103 and the like go before the answer.
        if (status < 200) return
        listener.onHeaders?.(connection.readAt)
        const field = (name: string): string => String(headers[name] ?? '')
        head = { status, contentType: field('content-type').toLowerCase(), encoding: field('content-encoding').toLowerCase(), location: field('location') }
        // It may take minutes, and is not what was asked for.
        if (!head.contentType.includes('event-stream')) return
        resolve({ kind: 'answered', ...head, text: '' })
        controller.abort(new Error('an event stream was answered'))
      },
      onResponseData: (controller, bytes) => {
        length += bytes.length
        if (length > mostBytes) controller.abort(new Error(`more than ${mostBytes} bytes were answered`))
        else parts.push(Buffer.from(bytes))
      },
      onResponseEnd: () => resolve({ kind: 'answered', ...(head ?? { status: 0, contentType: '', encoding: '', location: '' }), text: Buffer.concat(parts).toString('utf8') }),
      onResponseError: (_controller, error) => resolve({ kind: 'failed', error, hadHeaders: head !== undefined }),
    })
  })
}
