import { request } from 'undici'
import { z } from 'zod'
import { printable } from '../report/printable.ts'
import type { ConfigSystem } from './config-schema.ts'

export type ServerKind = ConfigSystem['kind']

/** What a server showed of itself when it was asked without credentials. */
export interface ServerLook {
  /** Undefined where it showed nothing that is known. */
  readonly kind: ServerKind | undefined
  /** A line each, of what was asked and what came. */
  readonly seen: readonly string[]
  /** The address as a configuration takes it for a kind: the OpenAI base, or the root. */
  readonly urlFor: (kind: ServerKind) => string
}

/** How long a server may take to answer one question, ms. */
const patience = 10_000

type Answer = { readonly kind: 'json'; readonly status: number; readonly json: unknown } | { readonly kind: 'other'; readonly status: number; readonly words: string } | { readonly kind: 'none'; readonly words: string }

const openWebUiConfig = z.object({ status: z.boolean(), name: z.string(), version: z.string() })
const versionAnswer = z.object({ version: z.string() })
const tagsAnswer = z.object({ models: z.array(z.object({ name: z.string() })) })
const modelsAnswer = z.object({ data: z.array(z.object({ id: z.string() })) })

/** Asks a server what it is. Open WebUI before Ollama before OpenAI: each of them answers to some of what the next one does. */
export async function lookAt(address: string): Promise<ServerLook> {
  const given = address.replace(/\/+$/, '')
  const root = given.replace(/\/(v1|api|api\/v1)$/, '')
  const bases = [...new Set([given, `${root}/v1`])]
  const [version, config, tags, ...lists] = await Promise.all([get(`${root}/api/version`), get(`${root}/api/config`), get(`${root}/api/tags`), ...bases.map((base) => get(`${base}/models`))])
  const base = bases.find((_, index) => isModelList(lists[index])) ?? bases.find((_, index) => asksForKey(lists[index]))
  const urlFor = (kind: ServerKind): string => (kind === 'openai' ? (base ?? given) : root)
  const webUi = config?.kind === 'json' ? openWebUiConfig.safeParse(config.json) : undefined
  if (webUi?.success === true && isVersion(version)) return { kind: 'open-webui', urlFor, seen: [line('/api/version and /api/config', `Open WebUI ${webUi.data.version}, called ${webUi.data.name}`)] }
  const ollama = tags?.kind === 'json' ? tagsAnswer.safeParse(tags.json) : undefined
  if (ollama?.success === true) return { kind: 'ollama', urlFor, seen: [line('/api/tags', `Ollama with ${counted(ollama.data.models.length)}`)] }
  if (base !== undefined) return { kind: 'openai', urlFor, seen: [line(`${base.slice(root.length)}/models`, isModelList(lists[bases.indexOf(base)]) ? 'a list of models, as OpenAI has it' : 'asks for a key, as OpenAI does')] }
  const asked: readonly (readonly [string, Answer | undefined])[] = [['/api/config', config], ['/api/tags', tags], ...bases.map((one, index) => [`${one.slice(root.length)}/models`, lists[index]] as const)]
  return { kind: undefined, urlFor, seen: asked.map(([path, answer]) => line(path, told(answer))) }
}

/** The names of the models that a system offers to whoever holds the token, or why there is no list. */
export async function modelsOf(kind: ServerKind, url: string, token: string | undefined): Promise<{ readonly kind: 'models'; readonly models: readonly string[] } | { readonly kind: 'refused' | 'unknown'; readonly why: string }> {
  const address = `${url}${kind === 'openai' ? '/models' : kind === 'ollama' ? '/api/tags' : '/api/models'}`
  const answer = await get(address, token === undefined ? {} : { authorization: `Bearer ${token}` })
  if (answer.kind !== 'none' && (answer.status === 401 || answer.status === 403)) return { kind: 'refused', why: `${address} answered ${answer.status}` }
  if (answer.kind !== 'json') return { kind: 'unknown', why: `${address}: ${told(answer)}` }
  const tags = tagsAnswer.safeParse(answer.json)
  const list = modelsAnswer.safeParse(answer.json)
  const models = kind === 'ollama' ? tags.data?.models.map(({ name }) => name) : list.data?.data.map(({ id }) => id)
  // A server may put back what it was sent; and a name that changes the terminal is no name to choose.
  if (models !== undefined) return { kind: 'models', models: models.filter((name) => name !== '' && printable(name) === name && (token === undefined || token.length < 16 || !name.includes(token))) }
  return { kind: 'unknown', why: `${address} is no list of models` }
}

const line = (path: string, words: string): string => printable(`${path}: ${words}`)

const counted = (models: number): string => (models === 1 ? '1 model' : `${models} models`)

const isVersion = (answer: Answer | undefined): boolean => answer?.kind === 'json' && versionAnswer.safeParse(answer.json).success

const isModelList = (answer: Answer | undefined): boolean => answer?.kind === 'json' && modelsAnswer.safeParse(answer.json).success

/** Only with JSON in it: a page that wants a sign-in says 401 or 403 as well. */
const asksForKey = (answer: Answer | undefined): boolean => answer?.kind === 'json' && (answer.status === 401 || answer.status === 403)

const told = (answer: Answer | undefined): string => (answer === undefined ? 'not asked' : answer.kind === 'json' ? `${answer.status}, and nothing that is known` : answer.words)

/** Follows no redirect: what stands behind it is another address, and a token must not get there. */
async function get(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  try {
    const { statusCode: status, headers: answered, body } = await request(address, { headers: { ...headers, accept: 'application/json' }, headersTimeout: patience, bodyTimeout: patience })
    const text = (await body.text()).slice(0, 4_000_000)
    if (status >= 300 && status < 400) return { kind: 'other', status, words: `${status}, on to ${hostOf(String(answered['location'] ?? ''), address)} (a sign-in page?)` }
    try {
      return { kind: 'json', status, json: JSON.parse(text) }
    } catch {
      return { kind: 'other', status, words: `${status} with ${/html/i.test(String(answered['content-type'] ?? '')) ? 'a page' : 'what is no JSON'}` }
    }
  } catch (error) {
    return { kind: 'none', words: `no answer (${errorCode(error)})` }
  }
}

function hostOf(location: string, address: string): string {
  try {
    return new URL(location, address).host
  } catch {
    return 'nowhere'
  }
}

function errorCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return `within ${patience / 1_000} s`
  if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)) return `${code}; for a certificate of your own start with NODE_EXTRA_CA_CERTS=FILE`
  return code === '' ? 'the connection failed' : code
}
