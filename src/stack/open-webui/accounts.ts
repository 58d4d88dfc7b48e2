import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { SideProcessError } from '../side-process.ts'

/** Somebody who may use a side. */
export interface OpenWebUiAccount {
  readonly email: string
  readonly password: string
  /** A session: what its API, its socket and its page take. */
  readonly token: string
}

/** `person` and `other` have the role of everybody, `admin` may look at the settings. */
export interface OpenWebUiAccounts {
  readonly admin: OpenWebUiAccount
  readonly person: OpenWebUiAccount
  readonly other: OpenWebUiAccount
  /** Further ones with the role of everybody; as many as were asked for. */
  readonly crowd: readonly OpenWebUiAccount[]
}

type Login = Pick<OpenWebUiAccount, 'email' | 'password'>

const session = z.object({ token: z.string().min(1) })
const patience = 60_000

/** Signs the admin in, which the first start has made, and makes the other accounts. @throws {SideProcessError} where the side refuses, with its name. */
export async function makeAccounts(side: Side, logins: Logins): Promise<OpenWebUiAccounts> {
  try {
    return await entered(side.url, logins)
  } catch (error) {
    throw error instanceof SideProcessError ? new SideProcessError(`open-webui ${side.name}: ${error.message}`) : error
  }
}

interface Side {
  readonly name: string
  /** Its origin. */
  readonly url: string
}

interface Logins {
  readonly admin: Login
  readonly person: Login
  readonly other: Login
  readonly crowd: readonly Login[]
}

async function entered(origin: string, logins: Logins): Promise<OpenWebUiAccounts> {
  const admin = await signedIn(`${origin}/api/v1/auths/signin`, logins.admin, {})
  const add = (login: Login, name: string): Promise<OpenWebUiAccount> => signedIn(`${origin}/api/v1/auths/add`, login, { name, role: 'user' }, admin.token)
  const [person, other] = [await add(logins.person, 'Person'), await add(logins.other, 'Other')]
  const crowd: OpenWebUiAccount[] = []
  for (const login of logins.crowd) crowd.push(await add(login, 'One of many'))
  return { admin, person, other, crowd }
}

async function signedIn(url: string, login: Login, more: Readonly<Record<string, string>>, token?: string): Promise<OpenWebUiAccount> {
  const { token: own } = session.parse(await json(url, { method: 'POST', token, body: { ...login, ...more } }))
  return { ...login, token: own }
}

export interface Asking {
  readonly method?: 'GET' | 'POST'
  readonly token?: string | undefined
  readonly body?: unknown
}

/** @throws {SideProcessError} where nothing answers, and for every status but 200; says nothing of what was sent. */
export async function json(url: string, { method = 'GET', token, body }: Asking): Promise<unknown> {
  const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
  const asked = `${method} ${url}`
  const [status, text] = await fetch(url, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: AbortSignal.timeout(patience) })
    .then(async (answer): Promise<[number, string]> => [answer.status, await answer.text()])
    .catch((error: unknown) => { throw new SideProcessError(`${asked} was not answered: ${causeOf(error)}`) })
  if (status !== 200) throw new SideProcessError(`${asked} answered ${status}: ${text.slice(0, 300)}`)
  return JSON.parse(text)
}

/** fetch itself says no more than that it failed. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Of somebody who is new in each start. */
export const login = (name: string): { email: string; password: string } => ({ email: `${name}@first-token.test`, password: randomBytes(18).toString('base64url') })
