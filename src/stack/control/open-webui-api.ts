import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { bodyOf } from './request-body.ts'
import type { Settings } from './settings.ts'
import { sendJson } from './sink.ts'

/** The token that is refused everywhere, for whoever tests what a refused one does. */
const expired = 'Bearer expired'

/** Whether chat and models may be asked for; where not, the client has been told. */
export function isAdmitted(request: IncomingMessage, response: ServerResponse, auth: Settings['auth']): boolean {
  const { authorization } = request.headers
  if (authorization !== expired && (auth === 'none' || /^Bearer \S/.test(authorization ?? ''))) return true
  sendJson(response, 401, '{"detail":"401 Unauthorized"}')
  return false
}

/** What never changes, by its path. */
export const statements: Readonly<Record<string, string>> = {
  '/api/version': '{"version":"0","deployment_id":""}',
  '/api/config': '{"status":true,"name":"control gateway","version":"0"}',
}

const credentials = z.object({ email: z.string().min(1), password: z.string().min(1) })

/** Whoever says a name and a password is let in: nothing is kept here that were worth a check. */
export async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { data } = credentials.safeParse(await jsonOf(request))
  if (data === undefined) return sendJson(response, 400, '{"detail":"The email or password provided is incorrect."}')
  const { email } = data
  sendJson(response, 200, JSON.stringify({ id: 'control', name: email, role: 'user', email, token: 'control-token', token_type: 'Bearer', expires_at: null }))
}

export function giveApiKey(response: ServerResponse): void {
  sendJson(response, 200, '{"api_key":"sk-control"}')
}

/** Undefined for a body that is no JSON, is too long or breaks off. */
async function jsonOf(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse((await bodyOf(request))?.toString('utf8') ?? '')
  } catch {
    return undefined
  }
}
