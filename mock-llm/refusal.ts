import type { Exchange } from './connection.ts'
import type { ApiError } from './dialect/dialect.ts'

export function sendError({ response }: Exchange, error: ApiError, bodyOf: (error: ApiError) => string): void {
  const body = bodyOf(error)
  const retry = error.status === 429 || error.status === 503 ? { 'retry-after': '1' } : {}
  response.writeHead(error.status, { 'content-type': 'application/json', 'content-length': body.length, ...retry })
  response.end(body)
}

export function tooLarge(limit: number): ApiError {
  return { status: 413, message: `The request body is larger than ${limit} bytes.`, type: 'invalid_request_error', param: null, code: 'request_too_large' }
}
