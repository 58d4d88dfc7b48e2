import { Agent, request } from 'undici'
import type { Trust } from './connection.ts'
import { isCompressed, withoutQuery } from './failure.ts'

/** What a request besides the messages came to. */
export type ShortAnswer =
  | { readonly kind: 'answered'; readonly status: number; readonly contentType: string; readonly text: string; /** Where a redirect leads. */ readonly location: string }
  | { readonly kind: 'failed'; /** `ECONNREFUSED`, say; empty where the failure has none. */ readonly code: string; readonly words: string }

interface ShortRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly trust?: Trust | undefined
  /** The whole answer has to be there by then, ms. */
  readonly patience: number
}

/** More than any list of models. */
const mostBytes = 4_000_000

/**
 * One request before anything is measured, bounded in time and in bytes, over a connection of its own. Redirects are not followed: where they lead is
 * the user's to name. Never rejects.
 */
export async function shortRequest(url: string, { method = 'GET', headers = {}, body, trust = {}, patience }: ShortRequest): Promise<ShortAnswer> {
  const agent = new Agent({ connections: 1, connect: { timeout: patience, ...trust } })
  try {
    const signal = AbortSignal.timeout(patience)
    const answer = await request(url, { method, headers: { 'accept-encoding': 'identity', ...headers }, body: body ?? null, dispatcher: agent, signal })
    answer.body.on('error', () => {})
    const { 'content-type': contentType, 'content-encoding': encoding, location } = answer.headers
    if (isCompressed(String(encoding ?? '').toLowerCase())) return { kind: 'failed', code: '', words: `answered in the encoding ${String(encoding)}, which was not asked for` }
    const parts: Buffer[] = []
    let length = 0
    for await (const part of answer.body) {
      const bytes = Buffer.from(part as Uint8Array)
      parts.push(bytes)
      length += bytes.length
      if (length > mostBytes) return { kind: 'failed', code: '', words: `answered with more than ${mostBytes / 1e6} MB` }
    }
    return { kind: 'answered', status: answer.statusCode, contentType: String(contentType ?? '').toLowerCase(), text: Buffer.concat(parts).toString('utf8'), location: withoutQuery(String(location ?? '')) }
  } catch (error) {
    return { kind: 'failed', ...reason(error, patience) }
  } finally {
    void agent.destroy()
  }
}

function reason(error: unknown, patience: number): { code: string; words: string } {
  if (error instanceof Error && error.name === 'TimeoutError') return { code: 'TIMEOUT', words: `no answer within ${patience / 1_000} s` }
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return { code, words: `no connection within ${patience / 1_000} s` }
  return { code, words: code !== '' ? code : error instanceof Error ? error.message : String(error) }
}
