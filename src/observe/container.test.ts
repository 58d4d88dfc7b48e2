import { expect, test } from 'vitest'
import { containerState } from './container.ts'
import type { DockerCli } from './docker-cli.ts'

interface Answers {
  readonly inspect?: object | undefined
  readonly log?: readonly string[]
}

/** A Docker that knows one container; its calls are written down. */
function dockerOf({ inspect, log = [] }: Answers): DockerCli & { readonly calls: string[] } {
  const calls: string[] = []
  return {
    calls,
    call: async (args) => {
      calls.push(args.join(' '))
      return inspect === undefined ? { status: 1, stdout: '[]\n', stderr: 'Error response from daemon: No such container: astra-ai\n' } : { status: 0, stdout: JSON.stringify([inspect]), stderr: '' }
    },
    follow: (args, onLine) => {
      calls.push(args.join(' '))
      for (const line of log) onLine(line)
      return { ended: Promise.resolve(), stop: () => {} }
    },
  }
}

interface Parts { readonly variables?: readonly string[]; readonly memory?: number; readonly interval?: number }

const astra = ({ variables = [], memory = 7 * 2 ** 30, interval = 60e9 }: Parts = {}): object => ({
  Id: 'c0ffee', RestartCount: 0, State: { Status: 'running', Running: true, StartedAt: '2026-01-01T00:00:00.123456789Z' },
  Config: { Image: 'astra:1.5', Env: ['PATH=/usr/bin', ...variables], Healthcheck: { Test: ['CMD', 'true'], Interval: interval } }, HostConfig: { Memory: memory, NanoCpus: 0 },
})

test('workers that were asked for are held against starts in the log since its own start, old and new words alike', async () => {
  const docker = dockerOf({ inspect: astra({ variables: ['UVICORN_WORKERS=4'] }), log: ['INFO:     Started parent process [1]', 'INFO:     Started server process [7]', 'Started worker process [8]', '2026 | INFO: Started server process [9]', 'INFO:     Started server process [10]', 'GET /worker'] })
  expect(await containerState(docker, 'astra-ai')).toMatchObject({ isRunning: true, memoryLimit: 7 * 2 ** 30, workers: { configured: 4, started: 4 } })
  expect(docker.calls).toEqual(['container inspect astra-ai', 'logs --since 2026-01-01T00:00:00.123456789Z astra-ai'])
})

test.each([
  { what: 'no variable is one worker', variables: [], configured: 1 },
  { what: 'two', variables: ['UVICORN_WORKERS=2'], configured: 2 },
  { what: 'nonsense is one', variables: ['UVICORN_WORKERS=many'], configured: 1 },
])('$what', async ({ variables, configured }) => {
  expect((await containerState(dockerOf({ inspect: astra({ variables }) }), 'astra-ai'))?.workers).toEqual({ configured, started: 0 })
})

test('a log that Docker cannot read is not one without workers', async () => {
  const docker = dockerOf({ inspect: astra(), log: ['Error response from daemon: configured logging driver does not support reading'] })
  expect((await containerState(docker, 'astra-ai'))?.workers.started).toBeNull()
})

test('settings are those that say how it answers; no key, no address and nothing long is among them', async () => {
  const variables = ['UVICORN_WORKERS=4', 'AIOHTTP_CLIENT_TIMEOUT=45', 'DATABASE_POOL_SIZE=10', 'WEBSOCKET_MANAGER=redis', 'WEBUI_SECRET_KEY=canary-secret', 'OPENAI_API_KEYS=sk-canary', 'DATABASE_URL=postgres://u:canary@h/d', 'REDIS_URL=redis://:canary@h', `AIOHTTP_CLIENT_TIMEOUT_OLLAMA=${'x'.repeat(40)}`]
  const state = await containerState(dockerOf({ inspect: astra({ variables }) }), 'astra-ai')
  expect(state?.settings).toEqual({ image: 'astra:1.5', memory: '7G', healthInterval: '60s', UVICORN_WORKERS: '4', AIOHTTP_CLIENT_TIMEOUT: '45', DATABASE_POOL_SIZE: '10', WEBSOCKET_MANAGER: 'redis' })
  expect(JSON.stringify(state)).not.toContain('canary')
})

test('no limit is none, and no container is undefined', async () => {
  expect(await containerState(dockerOf({ inspect: astra({ memory: 0 }) }), 'astra-ai')).toMatchObject({ memoryLimit: null, settings: { memory: 'no limit' } })
  expect(await containerState(dockerOf({ inspect: undefined }), 'astra-ai')).toBeUndefined()
})
