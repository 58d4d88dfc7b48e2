import type { FailureCode, Outcome } from '../sample/message.ts'
import { errorText } from './foreign-json.ts'

/** Statuses that an intermediary answers with in HTML of its own: nginx 502-504, Cloudflare 403, 503 and 520-530. */
const isIntermediaryStatus = (status: number): boolean => status === 403 || (status >= 502 && status <= 504) || (status >= 520 && status <= 530)

const longestDetail = 200

export function failed(code: FailureCode, detail: string, afterTokens: number): Outcome {
  return { kind: 'failed', code, detail, afterTokens }
}

/**
 * The outcome with every secret struck out of its detail, which is then cut to a line's length: a server may well say in its error which key it
 * was sent, and a cut before the strike could leave half a key. Secrets shorter than four characters are left alone: they would strike out words.
 */
export function withoutSecrets(outcome: Outcome, secrets: readonly string[]): Outcome {
  if (outcome.kind === 'answered') return outcome
  return { ...outcome, detail: struck(outcome.detail, secrets).slice(0, longestDetail) }
}

/** The text without the secrets that somebody wrote into it. */
export const struck = (text: string, secrets: readonly string[]): string =>
  secrets.filter((secret) => secret.length >= 4).reduce((rest, secret) => rest.replaceAll(secret, '[secret]'), text)

/** What must be in no output of the headers that a target is sent: their values, and a bearer's token alone; also as JSON and addresses write them. */
export function secretsOf(headers: Readonly<Record<string, string>>): string[] {
  const values = Object.values(headers).flatMap((value) => [value, value.replace(/^\w+ /, '')])
  return [...new Set(values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value)]))]
}

/** Of the content codings those that change the bytes; `none` and the like are written by servers that mean to keep proxies from buffering. */
export const isCompressed = (encoding: string): boolean => /\b(gzip|x-gzip|deflate|br|zstd|compress)\b/.test(encoding)

interface NoStream {
  readonly status: number
  readonly contentType: string
  readonly encoding: string
  /** Where a redirect leads; empty where it is none. */
  readonly location: string
  /** What would have been an answer, for people. */
  readonly wanted: string
  /** Its first few kB. */
  readonly body: string
}

/**
 * The outcome of an answer whose status is not 2xx, or which is no stream that can be read. A redirect is not followed: it would load a system that
 * nobody named, and its detour would count as the system's time.
 */
export function httpFailure({ status, contentType, encoding, location, wanted, body }: NoStream): Outcome {
  const isHtml = contentType.includes('html')
  if (status >= 200 && status < 300) {
    if (isCompressed(encoding)) return failed('malformed', `answered in the encoding ${encoding}, which was not asked for`, 0)
    return failed('malformed', `answered ${isHtml ? 'an HTML page' : contentType === '' ? 'no content type' : contentType} instead of ${wanted}`, 0)
  }
  if (status >= 300 && status < 400) return failed('http-status', `${status} redirects to ${location === '' ? 'nowhere' : withoutQuery(location)}`, 0)
  if (isHtml && isIntermediaryStatus(status)) return failed('http-status', `${status} intermediary`, 0)
  if (isCompressed(encoding)) return failed('http-status', `${status} in the encoding ${encoding}, which was not asked for`, 0)
  return failed('http-status', `${status}${isHtml ? ' with an HTML page' : bodyText(body)}`, 0)
}

/** An address without what may be secret in it: the way to a login carries tickets in its query. */
export const withoutQuery = (location: string): string => location.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//')

function bodyText(body: string): string {
  if (body === '') return ''
  try {
    const json: unknown = JSON.parse(body)
    const error = typeof json === 'object' && json !== null && 'error' in json ? json.error : json
    return ` ${errorText(error)}`
  } catch {
    return ` ${body}`
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Whether an error's code says that no agreement on TLS was reached, a certificate that is not believed included. */
export const isTlsCode = (code: string): boolean => /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/.test(code)

/** What a socket error means, by how far the answer had come. */
export function socketFailure(error: Error, hadHeaders: boolean, afterTokens: number): Outcome {
  const code = codeOf(error)
  const detail = code === '' ? error.message : `${code}: ${error.message}`
  if (code === 'ECONNREFUSED') return failed('refused', detail, afterTokens)
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return failed('connect-timeout', detail, afterTokens)
  if (isTlsCode(code)) return failed('tls', detail, afterTokens)
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' || error.name === 'HTTPParserError') return failed('malformed', detail, afterTokens)
  return failed(hadHeaders ? 'reset-mid-stream' : 'reset', detail, afterTokens)
}
