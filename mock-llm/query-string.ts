import type { IncomingMessage } from 'node:http'

/** What stands behind the first `?` of an address; a further one is part of a value, and some clients (aiohttp) do not escape it. */
export function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  const mark = url.indexOf('?')
  return new URLSearchParams(mark === -1 ? '' : url.slice(mark + 1))
}
