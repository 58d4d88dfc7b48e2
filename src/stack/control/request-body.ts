import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'

export const bodyLimitBytes = 64 * 1024 * 1024

/** The body as it came; undefined where it is too long. Rejects where the client leaves in the middle of it. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > bodyLimitBytes) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

/** What a gateway needs to say about a body that it passes verbatim; everything else about the client stays here. */
export function forwardedFields(request: IncomingMessage, body: Buffer): OutgoingHttpHeaders {
  const { 'content-type': type = 'application/json', accept, authorization } = request.headers
  return { 'content-type': type, 'content-length': body.length, ...(accept === undefined ? {} : { accept }), ...(authorization === undefined ? {} : { authorization }) }
}
