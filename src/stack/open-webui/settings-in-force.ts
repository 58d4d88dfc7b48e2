import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { SideSpec } from '../../sample/run-file.ts'
import { json } from './accounts.ts'
import { startLog } from './worker-log.ts'

const version = z.object({ version: z.string() })
const models = z.object({ data: z.array(z.object({ id: z.string() })) })
const scalar = z.union([z.string(), z.number(), z.boolean()]).nullish()
const retrieval = z.object({ web: z.object({ WEB_LOADER_TIMEOUT: scalar, WEB_SEARCH_ENGINE: scalar }).partial() }).partial()

interface Looked {
  readonly origin: string
  readonly adminToken: string
  readonly log: string
  /** The variables that were given beside those that every side has. */
  readonly given: Readonly<Record<string, string>>
  readonly redisVersion: string | undefined
}

/**
 * What a side was given, under the names of the variables, and beside it what it shows of itself: version, workers by its log and by the processes that
 * run, the pool of connections to models by its log, the time-out of pages by its own settings. Asks for its models first, which makes the pool.
 */
export async function settingsInForce({ origin, adminToken, log, given, redisVersion }: Looked): Promise<{ readonly settings: SideSpec['settings']; readonly models: readonly string[] }> {
  const offered = models.parse(await json(`${origin}/api/models`, { token: adminToken })).data.map(({ id }) => id)
  const { web } = retrieval.parse(await json(`${origin}/api/v1/retrieval/config`, { token: adminToken }))
  const { workers, pool } = startLog(readFileSync(log, 'utf8'))
  const settings = {
    version: version.parse(await json(`${origin}/api/version`, {})).version,
    workersStarted: workers.length,
    workersRunning: workers.filter(isAlive).length,
    ...Object.fromEntries(Object.entries(given).map(([name, value]) => [name, plain(value)])),
    modelConnections: pool?.limit ?? 'not told',
    pageTimeOut: web?.WEB_LOADER_TIMEOUT === undefined || web.WEB_LOADER_TIMEOUT === null || web.WEB_LOADER_TIMEOUT === '' ? 'none' : String(web.WEB_LOADER_TIMEOUT),
    redis: redisVersion ?? 'none',
  }
  return { settings, models: offered }
}

const plain = (value: string): string | number => (/^-?\d{1,15}$/.test(value) ? Number(value) : value)

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
