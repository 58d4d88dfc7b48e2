import { type ProfileName, profileEnvironment } from '../profiles.ts'

/** What answers behind Open WebUI. */
export type ModelBehind =
  /** OpenAI's dialect; `url` without /v1. Open WebUI asks `taskModel` for titles and search queries, so that they are told apart. */
  | { readonly kind: 'mock'; readonly url: string; readonly model: string; readonly taskModel: string }
  | { readonly kind: 'ollama'; readonly url: string; readonly model: string }

/** What of a side is known before it starts. */
export interface SidePlan {
  readonly port: number
  /** Where it keeps its database; has to exist. */
  readonly dataFolder: string
  readonly secretKey: string
  readonly admin: { readonly email: string; readonly password: string }
  readonly model: ModelBehind
  /** Our mock also is the search engine, and the pages that it finds. */
  readonly searchUrl: string
  readonly redisUrl: string | undefined
  /** The variables of its profile, with what --set-env says. */
  readonly settings: Readonly<Record<string, string>>
}

/** Variables that make a side what it is to us: without them it does not start, or not where we look for it. */
export const ownVariables: readonly string[] = [
  'DATA_DIR', 'PORT', 'HOST', 'WEBUI_SECRET_KEY', 'WEBUI_AUTH', 'WEBUI_ADMIN_EMAIL', 'WEBUI_ADMIN_PASSWORD', 'WEBUI_ADMIN_NAME', 'USE_SLIM_DOCKER', 'ENABLE_PERSISTENT_CONFIG',
  'OPENAI_API_BASE_URLS', 'OPENAI_API_BASE_URL', 'OPENAI_API_KEYS', 'OPENAI_API_KEY', 'OLLAMA_BASE_URLS', 'OLLAMA_BASE_URL', 'SEARXNG_QUERY_URL', 'CORS_ALLOW_ORIGIN', 'REDIS_URL', 'WEBSOCKET_REDIS_URL',
]

/** The variables of a side beside those that every side has: its profile's, and on top of them what --set-env says of all sides and of this one. */
export function sideSettings(profile: ProfileName, errorWithin: number, changes: Readonly<Record<string, string>>): Record<string, string> {
  const said = Object.entries(changes)
  const everywhere = said.filter(([name]) => !name.includes(':'))
  const here = said.flatMap(([name, value]): [string, string][] => (name.startsWith(`${profile}:`) ? [[name.slice(profile.length + 1), value]] : []))
  return { ...profileEnvironment(profile, errorWithin), ...Object.fromEntries([...everywhere, ...here]) }
}

/** All variables of a side: it inherits nothing, for proxies and settings of whoever runs this would change what is measured. */
export function sideEnvironment(plan: SidePlan, path: string): Record<string, string> {
  const { port, dataFolder, secretKey, admin, redisUrl, settings } = plan
  return {
    PATH: path,
    HOME: dataFolder,
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    DATA_DIR: dataFolder,
    WEBUI_SECRET_KEY: secretKey,
    // Without it Open WebUI wants packages that are left out on purpose.
    USE_SLIM_DOCKER: 'true',
    OFFLINE_MODE: 'true',
    HF_HUB_OFFLINE: '1',
    WEBUI_ADMIN_EMAIL: admin.email,
    WEBUI_ADMIN_PASSWORD: admin.password,
    WEBUI_ADMIN_NAME: 'Admin',
    // Else what the first start has written down wins over the environment.
    ENABLE_PERSISTENT_CONFIG: 'False',
    DEFAULT_USER_ROLE: 'user',
    BYPASS_MODEL_ACCESS_CONTROL: 'True',
    ENABLE_API_KEYS: 'True',
    USER_PERMISSIONS_FEATURES_API_KEYS: 'True',
    ENABLE_VERSION_UPDATE_CHECK: 'False',
    ANONYMIZED_TELEMETRY: 'False',
    SCARF_NO_ANALYTICS: 'true',
    DO_NOT_TRACK: 'true',
    CORS_ALLOW_ORIGIN: `http://127.0.0.1:${port};http://localhost:${port}`,
    ...modelVariables(plan.model),
    ...searchVariables(plan.searchUrl),
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl, WEBSOCKET_REDIS_URL: redisUrl }),
    ...settings,
  }
}

function modelVariables(model: ModelBehind): Record<string, string> {
  switch (model.kind) {
    case 'mock': return { ENABLE_OPENAI_API: 'True', OPENAI_API_BASE_URLS: `${model.url}/v1`, OPENAI_API_KEYS: 'sk-mock', ENABLE_OLLAMA_API: 'False', TASK_MODEL_EXTERNAL: model.taskModel }
    case 'ollama': return { ENABLE_OPENAI_API: 'False', ENABLE_OLLAMA_API: 'True', OLLAMA_BASE_URLS: model.url }
  }
}

/** Only `legacy` really searches over the API, and page texts go straight into the prompt: no embedding model, no vector store. */
const searchVariables = (searchUrl: string): Record<string, string> => ({
  DEFAULT_MODEL_PARAMS: '{"function_calling":"legacy"}',
  ENABLE_WEB_SEARCH: 'True',
  WEB_SEARCH_ENGINE: 'searxng',
  SEARXNG_QUERY_URL: `${searchUrl}/search?q=<query>`,
  // As many pages as a search finds here are read; it is 3 where nothing is set.
  WEB_SEARCH_RESULT_COUNT: '5',
  BYPASS_WEB_SEARCH_EMBEDDING_AND_RETRIEVAL: 'True',
  ENABLE_LOCAL_WEB_FETCH: 'True',
  RAG_EMBEDDING_ENGINE: 'openai',
  RAG_OPENAI_API_BASE_URL: `${searchUrl}/v1`,
  RAG_OPENAI_API_KEY: 'sk-mock',
})
