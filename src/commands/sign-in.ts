import { z } from 'zod'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import type { Trust } from '../target/connection.ts'
import { isTlsCode } from '../target/failure.ts'
import { shortRequest } from '../target/short-request.ts'
import type { Target } from '../target/target.ts'
import type { Account, Credentials } from './credentials.ts'

/** A target as far as it is asked something before anything is measured. */
export interface AskedTarget {
  readonly side: string
  readonly kind: Target['kind']
  readonly url: string
}

/** What the requests to one side carry. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>
  readonly trust: Trust | undefined
  /** The headers of further people who may sit at its pages; on stacks of ours. */
  readonly people?: readonly Readonly<Record<string, string>>[] | undefined
}

/** By the name of the side. */
export type SideAccess = ReadonlyMap<string, Access>

/** Whether it is an Open WebUI, by whichever of its doors it is entered. */
export const isOpenWebUi = (kind: Target['kind']): boolean => kind === 'open-webui' || kind === 'open-webui-socket' || kind === 'browser'

/** How long signing in may take, ms: a password is hashed, by a system that may have just started. */
const patience = 30_000

/**
 * Signs in where an account is given, once at each address, and says what the requests to each side carry.
 * @throws {UsageError} exit 2 where a system lets nobody in, 5 where it does not answer.
 */
export async function sideAccess(targets: readonly AskedTarget[], { headers, account, trust }: Credentials): Promise<SideAccess> {
  const tokens = new Map<string, string>()
  if (account !== undefined) {
    const doors = targets.filter(({ kind }) => isOpenWebUi(kind))
    if (doors.length === 0) throw new UsageError({ what: '--user-env and --password-env sign in to Open WebUI, and no target is one.', fix: 'Name it with open-webui=http://HOST:PORT, or give a key with --api-key-env VAR.' })
    for (const { url } of doors) if (!tokens.has(url)) tokens.set(url, await signIn(url, account, trust))
  }
  else checkSession(targets, headers)
  return new Map(targets.map(({ side, kind, url }): [string, Access] => {
    const token = isOpenWebUi(kind) ? tokens.get(url) : undefined
    return [side, { headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` }, trust }]
  }))
}

/**
 * A page has signed in. With an API key the messages would be accepted, and no word of any answer would come to a socket that the server does not know.
 * @throws {UsageError} where there is no session token.
 */
function checkSession(targets: readonly AskedTarget[], headers: Credentials['headers']): void {
  const pages = targets.filter(({ kind }) => kind === 'open-webui-socket')
  if (pages.length === 0) return
  const [, token] = /^Bearer +(\S+)/i.exec(headers['authorization'] ?? '') ?? []
  const fix = 'Give the session token of a browser that has signed in with --token-env VAR, or sign in with --user-env VAR --password-env VAR.'
  if (token === undefined) throw new UsageError({ what: "open-webui-socket=URL is the page of somebody who has signed in, and nobody has.", fix })
  if (token.startsWith('sk-')) throw new UsageError({ what: "An API key does not open the socket of Open WebUI's page: the messages would be accepted, and no answer would come.", fix })
}

const session = z.object({ token: z.string().regex(/^[\u0021-\u007e]+$/) })

/**
 * The session token that an Open WebUI gives for an e-mail address and a password.
 * @throws {UsageError} exit 2 where it gives none, 5 where it does not answer. Says nothing of what was sent.
 */
export async function signIn(url: string, { email, password }: Account, trust: Trust | undefined): Promise<string> {
  const address = `${url.replace(/\/+$/, '')}/api/v1/auths/signin`
  const answer = await shortRequest(address, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password }), trust, patience })
  if (answer.kind === 'failed') throw isTlsCode(answer.code) ? new UsageError(tlsProblem(address, answer.words)) : new UsageError({ what: `${address} does not answer (${answer.words}).`, fix: 'Check that the system runs and that the address is right.' }, exitCodes.unreachable)
  if (answer.status === 200) {
    const signedIn = session.safeParse(json(answer.text))
    if (signedIn.success) return signedIn.data.token
  }
  throw new UsageError(refusal(url, answer.status, answer.contentType), answer.status >= 500 ? exitCodes.unreachable : exitCodes.usage)
}

/** What to do about a certificate that is not believed. */
export const tlsProblem = (address: string, words: string): Problem =>
  ({ what: `${address}: no agreement on TLS (${words}).`, fix: 'Name the authority that signed its certificate with --ca-file FILE, or believe it unseen with --insecure; if it speaks no TLS, write http://.' })

function refusal(url: string, status: number, contentType: string): Problem {
  const token = 'sign in with a browser and give its session token with --token-env VAR'
  if (status === 400) return { what: `${url} knows no such e-mail address and password.`, fix: 'Check what the variables of --user-env and --password-env hold.' }
  if (status === 429) return { what: `${url} lets nobody sign in for now: too many have tried.`, fix: `Open WebUI allows 15 in 3 minutes. Wait as long, or ${token}.` }
  if (status === 401 || status === 403) return { what: `${url} refuses to sign anybody in by password (${status}).`, fix: `Passwords may be switched off there: ${token}.` }
  if (status >= 500) return { what: `${url} answered ${status} to signing in.`, fix: 'Mend the system first: there is nothing to measure.' }
  const page = contentType.includes('html') ? ' with an HTML page' : ''
  return { what: `${url} answered ${status}${page} to signing in, not with a session.`, fix: `open-webui=URL takes the address that a browser opens, without /api, and no redirect is followed. If it is right, ${token}.` }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
