import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

const gibibyte = 2 ** 30

/** What `docker compose config --format json` prints of a file like docker-compose.test.yaml, as far as it is read. */
const config = {
  name: 'first-token',
  services: {
    'mock-llm': { image: 'first-token-mock-llm:0.1.0', deploy: { resources: { limits: { memory: String(gibibyte / 2) } } }, healthcheck: { interval: '30s' } },
    'open-webui-before': side('4', '30s', { AIOHTTP_CLIENT_TIMEOUT: '300', CORS_ALLOW_ORIGIN: 'http://127.0.0.1:1' }),
    'open-webui-after': side('7', '1m0s', { AIOHTTP_CLIENT_TIMEOUT: '45', UVICORN_WORKERS: '4', CORS_ALLOW_ORIGIN: 'http://127.0.0.1:2' }),
    'open-webui-recommended': side('7', '1m0s', { AIOHTTP_CLIENT_TIMEOUT: '600', UVICORN_WORKERS: '4', REDIS_URL: 'redis://redis:6379/0', CORS_ALLOW_ORIGIN: 'http://127.0.0.1:3' }),
  },
}

function side(memory: string, interval: string, environment: Record<string, string>): object {
  return { image: 'open-webui:v1', environment: { WEBUI_SECRET_KEY: 'a-secret', OFFLINE_MODE: 'True', ...environment }, deploy: { resources: { limits: { memory: String(Number(memory) * gibibyte) } } }, healthcheck: { interval } }
}

/** A folder that the `docker` beside this file takes for its engine. */
export class FakeEngine {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'fake-docker-'))
  /** With it `docker` is ours, and what stacks write down goes into a folder that can be looked at. */
  readonly environment: Readonly<Record<string, string>>

  constructor(memoryGigabytes = 32) {
    for (const name of ['fail', 'ports', 'workers', 'logs', 'plain']) mkdirSync(path.join(this.folder, name))
    this.write('memory', `${memoryGigabytes * gibibyte}\n`)
    this.write('version', '2.39.1\n')
    this.write('config.json', JSON.stringify(config))
    this.write('events', '')
    this.environment = { PATH: `${import.meta.dirname}:${process.env['PATH'] ?? ''}`, FAKE_DOCKER: this.folder, FIRST_TOKEN_CACHE: path.join(this.folder, 'cache'), COMPOSE_PROFILES: 'of-the-user', COMPOSE_FILE: 'of-the-user.yaml' }
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text)
  }

  read(file: string): string {
    const place = path.join(this.folder, file)
    return existsSync(place) ? readFileSync(place, 'utf8') : ''
  }

  get calls(): string[] {
    return this.read('calls').split('\n').filter((line) => line !== '')
  }

  /** Containers that are there, running or not, by service. */
  get containers(): Record<string, string> {
    const folder = path.join(this.folder, 'containers')
    return existsSync(folder) ? Object.fromEntries(readdirSync(folder).map((name) => [name, this.read(`containers/${name}`).trim()])) : {}
  }

  /** Processes that speak to this engine: calls that last, and whoever holds or ends them. Empty where there is no /proc. */
  get processes(): string[] {
    return (existsSync('/proc') ? readdirSync('/proc') : []).filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`FAKE_DOCKER=${this.folder}`)
        const hasEnded = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('Z') === true
        return isOurs && !hasEnded ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`] : []
      } catch {
        return []
      }
    })
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
