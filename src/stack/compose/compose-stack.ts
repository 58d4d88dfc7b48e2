import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { UsageError } from '../../errors.ts'
import type { Stack, StackSide } from '../stack.ts'
import { type DeathWatch, watchDeaths } from './deaths.ts'
import { docker, type DockerAnswer, dockerEngine, lastLine } from './docker.ts'
import { freePorts } from './free-ports.ts'
import { availableMemory, fitTogether, inGigabytes } from './memory.ts'
import { type EnvironmentChange, overrideFile } from './override.ts'
import { type ComposeSide, type ComposeSides, composeSides, settingsOf, workersOf } from './project-config.ts'
import { type Reaper, startReaper } from './reaper.ts'
import { isWell, serviceStates } from './service-states.ts'

export interface ComposeStackOptions {
  /** docker-compose.test.yaml. */
  readonly file: string
  /** `before`, `after`, `recommended`: the services `open-webui-…` of the file. */
  readonly profiles: readonly string[]
  readonly changes: readonly EnvironmentChange[]
  /** Ours: PATH, DOCKER_HOST and BEFORE_IMAGE are of use there. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Tells what is being waited for. */
  readonly note: (line: string) => void
  /** Gives the start up. */
  readonly signal: AbortSignal
  /** Called once for each side, while it is up: to sign in, which cannot be done later where one is up at a time. */
  readonly onUp: (side: ComposeStackSide, account: ComposeAccount) => Promise<void>
}

/** Who may sign in on every side. */
export interface ComposeAccount {
  readonly email: string
  readonly password: string
}

/** One Open WebUI in a container. */
export interface ComposeStackSide extends StackSide {
  /** The settings in force: limits, what differs by side, and how many worker processes there were in the end. */
  readonly settings: Readonly<Record<string, string | number>>
  /** The name of its container. */
  readonly container: string
}

export interface ComposeStack extends Stack<ComposeStackSide> {
  readonly mock: { readonly url: string }
  /** Where memory holds one side at a time: stops the one that is up, and resolves when this one is. All have one address then. Undefined where all are up. */
  readonly bring: ((side: string) => Promise<void>) | undefined
}

/** Until when what has been pulled and built has to be well, s; four workers on a busy machine take more than a minute. */
const patience = 300
/** Inside the network of the project. */
const ports = { openWebUI: 8080, mock: 9100 }
const email = 'admin@first-token.test'
const portVariables: Readonly<Record<string, string>> = { before: 'BEFORE_PORT', after: 'AFTER_PORT', recommended: 'RECOMMENDED_PORT' }

/**
 * Starts mock and sides as containers, in a compose project of its own name, so that nothing else on this engine is touched; waits until all of it is well
 * and every worker is up. Where memory does not hold all sides, each is started once, and the last one is left up.
 * @throws {UsageError} where Docker is not there, or the containers do not come up; nothing of them is left then.
 */
export async function startComposeStack(options: ComposeStackOptions): Promise<ComposeStack> {
  const engine = await dockerEngine(options)
  const folder = mkdtempSync(path.join(tmpdir(), 'first-token-compose-'))
  const project = new Project(options, folder)
  try {
    const sides = await project.sides()
    const chosen = options.profiles.map((profile) => ({ profile, side: sides.get(profile) ?? missing(profile, options.file) }))
    const free = Math.min(engine.memory, availableMemory() ?? Infinity)
    const limits = chosen.map(({ side }) => side.memory ?? 0)
    const together = fitTogether(limits, free)
    for (const { side } of chosen) if ((side.memory ?? 0) > free) options.note(`${side.service} may take ${inGigabytes(side.memory ?? 0)}, and there are ${inGigabytes(free)}: it may swap`)
    if (!together) options.note(`one side at a time: together they may take ${inGigabytes(limits.reduce((sum, limit) => sum + limit, 0))}, and there are ${inGigabytes(free)}`)
    await project.takePorts(options.profiles, together)
    const stack = await (together ? allUp : oneUp)(project, chosen, sides, options.onUp)
    return { ...stack, mock: { url: await project.address('mock-llm', ports.mock) }, died: project.watch.died, down: () => project.down() }
  } catch (error) {
    await project.down()
    throw error
  }
}

function missing(profile: string, file: string): never {
  throw new UsageError({ what: `${path.basename(file)} has no service open-webui-${profile}.`, fix: 'Leave it out of --profiles.' })
}

interface ChosenSide {
  readonly profile: string
  readonly side: ComposeSide
}

type Up = Pick<ComposeStack, 'sides' | 'bring'>

async function allUp(project: Project, chosen: readonly ChosenSide[], sides: ComposeSides, onUp: ComposeStackOptions['onUp']): Promise<Up> {
  await project.up(chosen.map(({ side }) => side.service))
  const up = await Promise.all(chosen.map(async ({ profile, side }): Promise<ComposeStackSide> => ({
    name: profile, profile, settings: { ...settingsOf(side, sides), workers: await project.workers(side) }, url: await project.address(side.service, ports.openWebUI), container: await project.container(side.service),
  })))
  for (const side of up) await onUp(side, project.account)
  return { sides: up, bring: undefined }
}

async function oneUp(project: Project, chosen: readonly ChosenSide[], sides: ComposeSides, onUp: ComposeStackOptions['onUp']): Promise<Up> {
  const up: ComposeStackSide[] = []
  for (const { profile, side } of chosen) {
    const workers = await project.swap(side)
    const one = { name: profile, profile, settings: { ...settingsOf(side, sides), workers }, url: await project.address(side.service, ports.openWebUI), container: await project.container(side.service) }
    await onUp(one, project.account)
    up.push(one)
  }
  const bring = async (wanted: string): Promise<void> => {
    const one = chosen.find(({ profile }) => profile === wanted)
    if (one === undefined) throw new RangeError(`there is no side ${wanted}`)
    await project.swap(one.side)
  }
  return { sides: up, bring }
}

/** One compose project, and what it takes to speak of it: a name that nobody else has, its files, the values of its variables. */
class Project {
  readonly account: ComposeAccount
  readonly watch: DeathWatch
  readonly #options: ComposeStackOptions
  readonly #folder: string
  readonly #name = `first-token-${process.pid}-${randomBytes(3).toString('hex')}`
  readonly #reaper: Reaper
  readonly #files: readonly string[]
  /** Sides that are up, or on their way up. Another one that ends was asked to. */
  readonly #wanted = new Set<string>()
  #environment: Readonly<Record<string, string | undefined>>
  #isDown = false

  constructor(options: ComposeStackOptions, folder: string) {
    this.#options = options
    this.#folder = folder
    this.account = { email, password: randomBytes(16).toString('hex') }
    // What the user's own shell says of compose is about the user's own projects.
    const own = Object.fromEntries(Object.entries(options.environment).filter(([name]) => !name.startsWith('COMPOSE_')))
    this.#environment = { ...own, FIRST_TOKEN_SECRET: randomBytes(32).toString('hex'), FIRST_TOKEN_PASSWORD: this.account.password }
    const override = path.join(folder, 'override.json')
    if (options.changes.length > 0) writeFileSync(override, overrideFile(new Map(options.profiles.map((profile) => [profile, `open-webui-${profile}`])), options.changes))
    this.#files = ['--file', options.file, ...(options.changes.length > 0 ? ['--file', override] : [])]
    this.#reaper = startReaper(this.#name, folder, this.#environment)
    this.watch = watchDeaths(this.#name, this.#environment, (service) => this.#isDown || !this.#wanted.has(service))
  }

  async sides(): Promise<ComposeSides> {
    return composeSides((await this.#compose(['config', '--format', 'json'])).stdout)
  }

  /** Free ports for the mock and every side, or one port for all sides, of which one is up at a time. */
  async takePorts(profiles: readonly string[], together: boolean): Promise<void> {
    const [mock, shared, ...own] = await freePorts(2 + profiles.length)
    const taken = profiles.map((profile, index): [string, string] => [portVariables[profile] ?? '', String(together ? own[index] : shared)])
    this.#environment = { ...this.#environment, MOCK_PORT: String(mock), ...Object.fromEntries(taken) }
  }

  async up(services: readonly string[]): Promise<void> {
    this.#options.note(`docker compose up: ${services.join(', ')} (the first time images are pulled, which takes minutes)`)
    for (const service of services) this.#wanted.add(service)
    this.#wanted.add('mock-llm')
    await this.#compose(['up', '--detach', '--build', '--wait', '--wait-timeout', String(patience), ...services])
  }

  /** Stops the side that is up, and starts this one. Its data, accounts and tokens are as they were. Resolves with how many workers it has. */
  async swap(side: ComposeSide): Promise<number> {
    for (const service of [...this.#wanted].filter((one) => one.startsWith('open-webui-') && one !== side.service)) {
      this.#wanted.delete(service)
      await this.#compose(['stop', '--timeout', '5', service])
    }
    if (this.#wanted.has(side.service)) return workersOf(side)
    const before = await this.#workersSaid(side.service)
    await this.up([side.service])
    return this.workers(side, before)
  }

  /** Waits until as many workers have said that they are there as are wanted, beyond those of earlier starts: /health answers as soon as one is. */
  async workers(side: ComposeSide, earlier = 0): Promise<number> {
    const wanted = workersOf(side)
    const giveUpAt = performance.now() + patience * 1_000
    for (;;) {
      const said = await this.#workersSaid(side.service) - earlier
      if (said >= wanted) return said
      if (performance.now() > giveUpAt) throw new UsageError({ what: `${side.service}: ${said} of ${wanted} workers were up after ${patience} s.`, fix: await this.#log(side.service) })
      await rest(250, undefined, { signal: this.#options.signal })
    }
  }

  async address(service: string, port: number): Promise<string> {
    const { stdout } = await this.#compose(['port', service, String(port)])
    const [, published] = /^127\.0\.0\.1:(\d+)$/m.exec(stdout.trim()) ?? []
    if (published === undefined || published === '0') throw new UsageError({ what: `${service} has no port on 127.0.0.1 (docker compose port says "${stdout.trim()}").`, fix: 'first-token has to run on the machine of the Docker engine: see DOCKER_HOST and `docker context show`.' })
    return `http://127.0.0.1:${published}`
  }

  /** Its name, by which whoever is not part of Compose asks for it. */
  async container(service: string): Promise<string> {
    const { stdout } = await this.#compose(['ps', '--format', 'json', service])
    const [found] = serviceStates(stdout)
    if (found === undefined) throw new UsageError({ what: `${service} is up, and docker compose ps does not know it.`, fix: `Its own words: ${stdout.trim()}` })
    return found.name
  }

  async down(): Promise<void> {
    this.#isDown = true
    this.watch.stop()
    await this.#reaper.reap().finally(() => rmSync(this.#folder, { recursive: true, force: true }))
  }

  /** "Started server process [7]" is what uvicorn says today, "Started worker process [7]" what it once said. */
  async #workersSaid(service: string): Promise<number> {
    const { stdout } = await this.#compose(['logs', '--no-color', '--no-log-prefix', service])
    return stdout.match(/Started (?:server|worker) process \[\d+\]/g)?.length ?? 0
  }

  async #compose(args: readonly string[]): Promise<DockerAnswer> {
    const { signal } = this.#options
    const answer = await docker(['compose', '--project-name', this.#name, ...this.#files, '--progress', 'plain', ...args], { environment: this.#environment, signal, pidFolder: this.#folder })
    signal.throwIfAborted()
    if (answer.status === 0) return answer
    throw new UsageError({ what: `docker compose ${args[0] ?? ''} failed: ${lastLine(answer.stderr) ?? `exit code ${answer.status}`}`, fix: args[0] === 'up' ? await this.#unwell() : `Its own words: ${answer.stderr.trim().slice(-1_000)}` })
  }

  /** The last words of whatever is not well. */
  async #unwell(): Promise<string> {
    const { stdout } = await docker(['compose', '--project-name', this.#name, ...this.#files, 'ps', '--all', '--format', 'json'], { environment: this.#environment })
    const logs = await Promise.all(serviceStates(stdout).filter((one) => !isWell(one)).map(({ service }) => this.#log(service)))
    return logs.length === 0 ? 'No container says why: see that the images can be pulled, and that there is disk space (docker system df).' : logs.join('\n')
  }

  async #log(service: string): Promise<string> {
    const { stdout } = await docker(['compose', '--project-name', this.#name, ...this.#files, 'logs', '--no-color', '--tail', '20', service], { environment: this.#environment })
    return `Its log:\n${stdout.trim()}`
  }
}
