import { z } from 'zod'
import type { ContainerRecord } from '../sample/run-file.ts'
import type { DockerCli } from './docker-cli.ts'

const inspected = z.tuple([z.object({
  State: z.object({ Running: z.boolean(), StartedAt: z.string() }),
  Config: z.object({ Image: z.string(), Env: z.array(z.string()).nullish(), Healthcheck: z.object({ Interval: z.number().exactOptional() }).nullish() }),
  HostConfig: z.object({ Memory: z.number() }),
})])

/** What a container is, and what became of its start. */
export interface ContainerState extends Pick<ContainerRecord, 'memoryLimit' | 'workers'> {
  readonly isRunning: boolean
  /** Image, limit, health interval, and those of its variables that say how it answers. None of them is a secret. */
  readonly settings: Readonly<Record<string, string>>
}

/** Variables that say how an Open WebUI answers. All others stay where they are: among them are keys and passwords. */
const telling = /^(?:UVICORN_WORKERS|THREAD_POOL_SIZE|DATABASE_POOL_[A-Z_]+|AIOHTTP_(?:CLIENT|POOL)_[A-Z_]+|WEBSOCKET_MANAGER|ENABLE_WEBSOCKET_SUPPORT|WEB_LOADER_TIMEOUT)$/
/** Numbers, words and switches; whatever is longer may be anything. */
const plain = /^[\w.-]{1,32}$/

/**
 * Looks at a container once: two calls of the Docker CLI, of which one reads its log since its start. Undefined where there is no such container.
 * @throws where what Docker says of it is not what it has said so far.
 */
export async function containerState(cli: DockerCli, name: string): Promise<ContainerState | undefined> {
  const { status, stdout } = await cli.call(['container', 'inspect', name])
  if (status !== 0) return undefined
  const [{ State: state, Config: config, HostConfig: { Memory: memory } }] = inspected.parse(JSON.parse(stdout))
  const variables = new Map((config.Env ?? []).map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)]))
  const configured = Number.parseInt(variables.get('UVICORN_WORKERS') ?? '1', 10)
  const interval = config.Healthcheck?.Interval ?? 0
  return {
    isRunning: state.Running,
    memoryLimit: memory > 0 ? memory : null,
    workers: { configured: Number.isFinite(configured) ? Math.max(1, configured) : 1, started: await workersStarted(cli, name, state.StartedAt) },
    settings: {
      image: config.Image,
      memory: memory > 0 ? `${Number((memory / 2 ** 30).toFixed(2))}G` : 'no limit',
      ...(interval > 0 ? { healthInterval: `${interval / 1e9}s` } : {}),
      ...Object.fromEntries([...variables].filter(([variable, value]) => telling.test(variable) && plain.test(value))),
    },
  }
}

/**
 * How many starts of a worker the log tells of: "Started server process [7]" is what uvicorn says today, "Started worker process [7]" what it once said.
 * Null where Docker cannot read the log. It may be long: no more of it is kept than the count.
 */
async function workersStarted(cli: DockerCli, name: string, since: string): Promise<number | null> {
  let count = 0
  let isReadable = true
  await cli.follow(['logs', '--since', since, name], (line) => {
    if (/Started (?:server|worker) process \[\d+\]/.test(line)) count += 1
    if (/^Error(?: response from daemon)?: /.test(line) && count === 0) isReadable = false
  }).ended
  return isReadable ? count : null
}
