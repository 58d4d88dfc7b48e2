/** One environment variable of a profile of Open WebUI. */
export interface ProfileSetting {
  readonly name: string
  /** A number with `isTimeOut` is in seconds at full size, and goes with the time within which an error has to be seen. */
  readonly value: string | number
  readonly isTimeOut?: true
  readonly why: string
}

export type ProfileName = 'before' | 'after' | 'small' | 'recommended'

/** Within what time an error has to be seen at full size, ms: the operators' 45 s. The time-outs of the profiles are made for it. */
export const fullErrorWithin = 45_000
/** The same in a quick run: 45 s to 6 s, and every time-out with it. Below 5 s Open WebUI would not round its deadlines up as it does at full size. */
export const quickErrorWithin = 6_000

const atMostAnswer: readonly ProfileSetting[] = [
  { name: 'AIOHTTP_CLIENT_TIMEOUT', value: 600, isTimeOut: true, why: 'it cuts healthy answers too, so that it is far above any; a silent model is what the next one is for' },
  { name: 'AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT', value: 45, isTimeOut: true, why: 'a model that says nothing for so long is given up, and a story that goes on is not' },
  { name: 'WEB_LOADER_TIMEOUT', value: 30, isTimeOut: true, why: 'no other time-out bounds a page that a web search waits for' },
]

const redis: readonly ProfileSetting[] = [
  { name: 'WEBSOCKET_MANAGER', value: 'redis', why: 'with several workers the tokens of an answer reach the page only where the workers share their sockets' },
]

/** The profiles of Open WebUI, the same natively and in containers. What a profile does not name is as Open WebUI has it. */
export const openWebUiProfiles: Readonly<Record<ProfileName, readonly ProfileSetting[]>> = {
  before: [
    { name: 'UVICORN_WORKERS', value: 1, why: 'what it starts with where nothing is set' },
    { name: 'AIOHTTP_CLIENT_TIMEOUT', value: 300, isTimeOut: true, why: 'the operators had nothing or 300 s; either lets a person wait for minutes' },
  ],
  after: [
    { name: 'UVICORN_WORKERS', value: 4, why: 'the operators: one worker takes one request at a time' },
    { name: 'AIOHTTP_CLIENT_TIMEOUT', value: 45, isTimeOut: true, why: 'the operators: an error after 45 s instead of none' },
    { name: 'THREAD_POOL_SIZE', value: 20, why: 'the operators; it is 40 where nothing is set' },
    { name: 'DATABASE_POOL_SIZE', value: 10, why: 'the operators; with SQLite it is 512 a worker where nothing is set' },
    { name: 'AIOHTTP_POOL_CONNECTIONS', value: 100, why: 'the operators: connections to the model are kept; they are without it too, and without a limit' },
  ],
  small: [
    { name: 'UVICORN_WORKERS', value: 2, why: 'machines of 2 to 4 GB: a worker takes about 350 MB' },
    ...redis,
    ...atMostAnswer,
  ],
  recommended: [
    { name: 'UVICORN_WORKERS', value: 4, why: 'heavy pages of a web search block one of them, not all' },
    ...redis,
    ...atMostAnswer,
  ],
}

export const profileNames = Object.keys(openWebUiProfiles) as readonly ProfileName[]

/** The variables of a profile where an error has to be seen within so many ms: time-outs go with it, in whole seconds, upwards. */
export function profileEnvironment(profile: ProfileName, errorWithin: number = fullErrorWithin): Record<string, string> {
  return Object.fromEntries(openWebUiProfiles[profile].map(({ name, value, isTimeOut }) => [name, typeof value === 'number' && isTimeOut === true ? scaled(value, errorWithin) : String(value)]))
}

const scaled = (seconds: number, errorWithin: number): string => String(Math.max(1, Math.ceil((seconds * errorWithin) / fullErrorWithin)))

/** How many workers an environment asks for, as Open WebUI reads it. */
export function workersOf({ UVICORN_WORKERS: text }: Readonly<Record<string, string>>): number {
  const workers = Number.parseInt(text ?? '1', 10)
  return Number.isFinite(workers) ? Math.max(1, workers) : 1
}

export const wantsRedis = ({ WEBSOCKET_MANAGER: sockets }: Readonly<Record<string, string>>): boolean => sockets === 'redis'
