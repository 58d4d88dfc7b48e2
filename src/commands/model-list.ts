import type { Problem } from '../errors.ts'
import { isTlsCode } from '../target/failure.ts'
import { errorText, list, object, parsedObject } from '../target/foreign-json.ts'
import { type ShortAnswer, shortRequest } from '../target/short-request.ts'
import { type Access, type AskedTarget, isOpenWebUi, tlsProblem } from './sign-in.ts'

/** How long a target may take to list its models, ms. */
const patience = 10_000

/** The models of a target, or why there is no list of them. `isUsage`: it is the user who can mend it. */
export type Offer = { readonly models: string[] } | { readonly problem: Problem; readonly isUsage: boolean }

type Answered = Extract<ShortAnswer, { readonly kind: 'answered' }>

/** Asks a target for its models, by the list of its kind. */
export async function offeredModels(target: AskedTarget, access: Access): Promise<Offer> {
  const address = `${target.url.replace(/\/+$/, '')}${listPath(target.kind)}`
  const answer = await shortRequest(address, { headers: access.headers, trust: access.trust, patience })
  if (answer.kind === 'failed') {
    if (isTlsCode(answer.code)) return { isUsage: true, problem: tlsProblem(address, answer.words) }
    return { isUsage: false, problem: { what: `${address} does not answer (${answer.words}).`, fix: 'Check that the system runs and that the address is right.' } }
  }
  const { status } = answer
  if (status === 401 || (status === 403 && !isPage(answer))) return { isUsage: true, problem: { what: `${address} answered ${status}${detail(answer)}: the credentials are missing, wrong or expired.`, fix: credentialFix(target.kind) } }
  if (status === 403) return { isUsage: true, problem: { what: `${address} answered 403 with an HTML page: something in front of the system lets nobody through.`, fix: 'Name the address behind it, or give what it wants with --header Name=env:VAR.' } }
  if (status >= 500) return { isUsage: false, problem: { what: `${address} answered ${status}.`, fix: 'Mend the system first: there is nothing to measure.' } }
  if (status >= 300 && status < 400) return { isUsage: true, problem: { what: `${address} redirects to ${answer.location === '' ? 'nowhere' : answer.location} (${status}), and no redirect is followed.`, fix: 'Name the address that it leads to; where that is a page to sign in, give credentials.' } }
  const models = status === 200 ? modelNames(target.kind, answer.text) : undefined
  if (models !== undefined) return { models }
  return { isUsage: true, problem: { what: `${address} answered ${isPage(answer) ? `with an HTML page (${status}), not with a list of models` : status === 200 ? 'without a list of models' : String(status)}.`, fix: await addressFix(target, access) } }
}

const isPage = ({ contentType }: Answered): boolean => contentType.includes('html')

function detail({ text }: Answered): string {
  const body = parsedObject(text)
  return body === undefined ? '' : ` (${errorText(body['error'] ?? body).slice(0, 200)})`
}

function listPath(kind: AskedTarget['kind']): string {
  switch (kind) {
    case 'control':
    case 'openai':
      return '/models'
    case 'ollama':
      return '/api/tags'
    case 'open-webui':
    case 'open-webui-socket':
    case 'browser':
      return '/api/models'
  }
}

function modelNames(kind: AskedTarget['kind'], text: string): string[] | undefined {
  const body = parsedObject(text)
  const models = kind === 'ollama' ? body?.['models'] : Array.isArray(body) ? body : body?.['data']
  if (!Array.isArray(models)) return undefined
  return list(models).flatMap((model) => {
    const name = object(model)?.[kind === 'ollama' ? 'name' : 'id']
    return typeof name === 'string' ? [name] : []
  })
}

/** What to give where the credentials are none. */
export function credentialFix(kind: AskedTarget['kind']): string {
  if (kind === 'open-webui-socket' || kind === 'browser') return 'Give a session token with --token-env VAR, or sign in with --user-env VAR --password-env VAR; a page takes no API key.'
  if (kind !== 'open-webui') return 'Give a fresh one with --api-key-env VAR.'
  return 'Give a session token with --token-env VAR, an API key with --api-key-env VAR (they are switched off until an administrator allows them), or sign in with --user-env VAR --password-env VAR.'
}

/** What to write instead of an address that lists no models: what answers there is asked who it is. */
async function addressFix({ kind, url }: AskedTarget, { trust }: Access): Promise<string> {
  const { origin } = new URL(url)
  const known = await recognised(origin, trust)
  if (known !== undefined) return `It is ${known.name}: write ${known.target}.`
  if (kind === 'ollama') return `ollama=URL takes the address of the server, like http://HOST:11434, without /v1 or /api.`
  if (isOpenWebUi(kind)) return `${kind}=URL takes the address that a browser opens, like http://HOST:3000, without /api.`
  return "The target is the base of an OpenAI-compatible API, like http://HOST:PORT/v1. Open WebUI is open-webui=http://HOST:PORT, Ollama's own API ollama=http://HOST:PORT."
}

/** What a system says of itself where anybody may ask. */
async function recognised(origin: string, trust: Access['trust']): Promise<{ name: string; target: string } | undefined> {
  const ask = (path: string): Promise<ShortAnswer> => shortRequest(`${origin}${path}`, { trust, patience: 3_000 })
  const [root, version, models] = await Promise.all(['/', '/api/version', '/v1/models'].map(ask))
  if (root?.kind === 'answered' && root.text.startsWith('Ollama is running')) return { name: 'an Ollama', target: `ollama=${origin}` }
  if (version?.kind === 'answered' && version.status === 200 && typeof parsedObject(version.text)?.['version'] === 'string') return { name: 'an Open WebUI', target: `open-webui=${origin}` }
  if (models?.kind === 'answered' && models.status === 200 && modelNames('openai', models.text) !== undefined) return { name: 'an OpenAI-compatible API', target: `openai=${origin}/v1` }
  return undefined
}
