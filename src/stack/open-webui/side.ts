import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { formatMilliseconds } from '../../duration.ts'
import { UsageError } from '../../errors.ts'
import { lastWords, type ProcessGroup, type ProcessGroups } from '../process-groups.ts'
import { type ProfileName, wantsRedis, workersOf } from '../profiles.ts'
import { SideProcessError } from '../side-process.ts'
import { type ModelBehind, sideEnvironment } from './environment.ts'
import { type Redis, startRedis } from './redis.ts'
import { startLog } from './worker-log.ts'

/** A side that is wanted: a profile with what --set-env changes of it. */
export interface WantedSide {
  readonly name: ProfileName
  readonly settings: Readonly<Record<string, string>>
}

export interface SideStart {
  readonly groups: ProcessGroups
  /** Of the stack; the side gets one of its own in it. */
  readonly folder: string
  readonly python: string
  readonly redis: Redis | undefined
  readonly ports: { readonly page: number; readonly redis: number }
  readonly admin: { readonly email: string; readonly password: string }
  readonly secretKey: string
  readonly model: ModelBehind
  readonly searchUrl: string
  /** What programs are found by. */
  readonly searchPath: string
  /** How long it may take, ms. */
  readonly within: number
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

/** A side whose workers are all up. */
export interface RunningSide {
  readonly url: string
  readonly log: string
  /** Of its workers, which may be other processes than the one that was started. */
  readonly workers: readonly number[]
}

const cadence = 250

/** Starts Redis where the side wants it, then Open WebUI, and waits until every worker of it is ready. */
export async function startSide({ name, settings }: WantedSide, start: SideStart): Promise<RunningSide> {
  const { groups, python, ports, admin, secretKey, model, searchUrl, searchPath, signal } = start
  const folder = path.join(start.folder, name)
  const dataFolder = path.join(folder, 'data')
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  const redis = wantsRedis(settings) && start.redis !== undefined ? [await startRedis(groups, start.redis, { name, folder, port: ports.redis, path: searchPath, signal })] : []
  const redisUrl = redis.length === 0 ? undefined : `redis://127.0.0.1:${ports.redis}/0`
  const page = await groups.start({
    name: `open-webui ${name}`,
    // Its script still names the folder that the venv was made in.
    command: [python, path.join(path.dirname(python), 'open-webui'), 'serve', '--host', '127.0.0.1', '--port', String(ports.page)],
    environment: sideEnvironment({ port: ports.page, dataFolder, secretKey, admin, model, searchUrl, redisUrl, settings }, `${path.dirname(python)}:/usr/local/bin:/usr/bin:/bin`),
    folder,
    log: path.join(folder, 'log.txt'),
  })
  const url = `http://127.0.0.1:${ports.page}`
  const began = performance.now()
  await allWorkersReady(page, url, workersOf(settings), start)
  start.note(`${name} is up, with ${workersOf(settings) === 1 ? '1 worker' : `${workersOf(settings)} workers`}${redis.length === 0 ? '' : ' and Redis'}, after ${formatMilliseconds(performance.now() - began)}`)
  return { url, log: page.log, workers: startLog(readFileSync(page.log, 'utf8')).workers }
}

/** The address answers as soon as one worker is up; the others are counted in the log. */
async function allWorkersReady(page: ProcessGroup, url: string, workers: number, { within, signal, ports }: SideStart): Promise<void> {
  for (const giveUpAt = performance.now() + within; performance.now() < giveUpAt; await wait(cadence, undefined, { signal })) {
    const log = existsSync(page.log) ? readFileSync(page.log, 'utf8') : ''
    const { workers: started, ready, portTaken } = startLog(log)
    if (portTaken) throw new UsageError({ what: `Port ${ports.page} was taken by somebody else while ${page.name} started.`, fix: 'Start it again.' })
    if (page.hasEnded()) throw new SideProcessError(`${page.name} did not start, ${(await page.ended).detail.split(':')[0] ?? ''}: ${lastWords(page.log, 1_500)}`)
    if (started.length >= workers && ready >= workers && (await isReady(url))) return
  }
  const { workers: started, ready } = startLog(readFileSync(page.log, 'utf8'))
  throw new SideProcessError(`${page.name} was not up within ${formatMilliseconds(within)}: of ${workers} workers ${started.length} had started and ${ready} were ready: ${lastWords(page.log, 1_500)}`)
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(5_000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}
