import type { IncomingMessage } from 'node:http'

/**
 * A request's body as text; undefined where it is longer than `limit` bytes. The rest of a body that is too long is read and thrown away: a
 * server that closes instead resets the connection before its client has read why. Never settles where the client leaves in the middle.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) return void chunks.push(chunk)
      chunks.length = 0
      resolve(undefined)
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
  })
}
