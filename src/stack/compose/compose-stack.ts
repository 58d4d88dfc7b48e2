import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { UsageError } from '../../errors.ts'
import { cacheFolder } from '../cache-folder.ts'
import { availableMemoryBytes } from '../memory.ts'
import type { OpenWebUiAccount, OpenWebUiAccounts } from '../open-webui/accounts.ts'
import { writeAccounts } from '../open-webui/stack.ts'
import { freePorts } from '../ports.ts'
import { ownIdentity } from '../process-identity.ts'
import { workersOf } from '../profiles.ts'
import type { Stack, StackSide } from '../stack.ts'
import { newStackFolder, writeState } from '../stack-folder.ts'
import { type DeathWatch, watchDeaths } from './deaths.ts'
import { docker, type DockerAnswer, dockerEngine, lastLine } from './docker.ts'
import { fitTogether, inGigabytes } from './memory.ts'
import { type EnvironmentChange, overrideFile } from './override.ts'
import { type ComposeSide, type ComposeSides, composeSides, settingsOf } from './project-config.ts'
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
  /** Sides get this port and those that follow; undefined for free ones. */
  readonly firstPort: number | undefined
  /** Makes the accounts of a side. Called once for each, while it is up: it cannot be done later where one is up at a time. */
  readonly enter: (side: { readonly name: string; readonly url: string }, admin: ComposeAdmin) => Promise<OpenWebUiAccounts>
}

/** Whom each side has made admin at its first start. */
export type ComposeAdmin = Pick<OpenWebUiAccount, 'email' | 'password'>

/** One Open WebUI in a container. */
export interface ComposeStackSide extends StackSide {
  /** The settings in force: limits, what differs by side, and how many worker processes there were in the end. */
  readonly settings: Readonly<Record<string, string | number>>
  /** The name of its container. */
  readonly container: string
  readonly accounts: OpenWebUiAccounts
}

export interface ComposeStack extends Stack<ComposeStackSide> {
  /** Where what is to be known of it is written down; it goes with the stack. */
  readonly folder: string
  readonly mock: { readonly url: string }
  /** Where memory holds one side at a time: stops the one that is up, and resolves when this one is. All have one address then. Undefined where all are up. */
  readonly bring: ((side: string) => Promise<void>) | undefined
}

/** Until when what has been pulled and built has to be well, s; four workers on a busy machine take more than a minute. */
const patience = 300
/** Inside the network of the project. */
const ports = { openWebUI: 8080, mock: 9100 }
const email = 'admin@first-token.test'
/** Services of the sides by profile. */
export const serviceOf = (profile: string): string => `open-webui-${profile}`
const portVariables: Readonly<Record<string, string>> = { before: 'BEFORE_PORT', after: 'AFTER_PORT', recommended: 'RECOMMENDED_PORT' }

/**
 * Starts mock and sides as containers, in a compose project of its own name, so that nothing else on this engine is touched; waits until all of it is well
 * and every worker is up. Where memory does not hold all sides, each is started once, and the last one is left up.
 * @throws {UsageError} where Docker is not there, or the containers do not come up; nothing of them is left then.
 */
export async function startComposeStack(options: ComposeStackOptions): Promise<ComposeStack> {
  const engine = await dockerEngine(options)
  const project = new Project(options)
  try {
    const sides = await project.sides()
    const chosen = options.profiles.map((profile) => ({ profile, side: sides.get(profile) ?? missing(profile, options.file) }))
    const free = Math.min(engine.memory, availableMemoryBytes() ?? Infinity)
    const limits = chosen.map(({ side }) => side.memory ?? 0)
    const together = fitTogether(limits, free)
    for (const { side } of chosen) if ((side.memory ?? 0) > free) options.note(`${side.service} may take ${inGigabytes(side.memory ?? 0)}, and there are ${inGigabytes(free)}: it may swap`)
    if (!together) options.note(`one side at a time: together they may take ${inGigabytes(limits.reduce((sum, limit) => sum + limit, 0))}, and there are ${inGigabytes(free)}`)
    await project.takePorts(options.profiles, together)
    const stack = await (together ? allUp : oneUp)(project, chosen, sides, options.enter)
    const mock = { url: await project.address('mock-llm', ports.mock) }
    project.writeDown(stack.sides, mock.url)
    return { ...stack, folder: project.folder, mock, died: project.watch.died, down: () => project.down() }
  } catch (error) {
    await project.down()
    throw error
  }
}

function missing(profile: string, file: string): never {
  throw new UsageError({ what: `${path.basename(file)} has no service ${serviceOf(profile)}.`, fix: 'Leave it out of --profiles.' })
}

interface ChosenSide {
  readonly profile: string
  readonly side: ComposeSide
}

type Up = Pick<ComposeStack, 'sides' | 'bring'>

async function allUp(project: Project, chosen: readonly ChosenSide[], sides: ComposeSides, enter: ComposeStackOptions['enter']): Promise<Up> {
  await project.up(chosen.map(({ side }) => side.service))
  const up: ComposeStackSide[] = []
  for (const one of chosen) up.push(await entered(project, one, sides, { workers: await project.workers(one.side), enter }))
  return { sides: up, bring: undefined }
}

async function oneUp(project: Project, chosen: readonly ChosenSide[], sides: ComposeSides, enter: ComposeStackOptions['enter']): Promise<Up> {
  const up: ComposeStackSide[] = []
  for (const { profile, side } of chosen) {
    const workers = await project.swap(side)
    up.push(await entered(project, { profile, side }, sides, { workers, enter }))
  }
  const bring = async (wanted: string): Promise<void> => {
    const one = chosen.find(({ profile }) => profile === wanted)
    if (one === undefined) throw new RangeError(`there is no side ${wanted}`)
    await project.swap(one.side)
  }
  return { sides: up, bring }
}

async function entered(project: Project, { profile, side }: ChosenSide, sides: ComposeSides, { workers, enter }: { readonly workers: number; readonly enter: ComposeStackOptions['enter'] }): Promise<ComposeStackSide> {
  const url = await project.address(side.service, ports.openWebUI)
  const accounts = await enter({ name: profile, url }, project.admin)
  return { name: profile, profile, settings: { ...settingsOf(side, sides), workers }, url, container: await project.container(side.service), accounts }
}

/** One compose project, and what it takes to speak of it: a name that nobody else has, its files, the values of its variables. */
class Project {
  readonly admin: ComposeAdmin
  readonly folder: string
  readonly watch: DeathWatch
  readonly #options: ComposeStackOptions
  readonly #name = `first-token-${process.pid}-${randomBytes(3).toString('hex')}`
  readonly #reaper: Reaper
  readonly #files: readonly string[]
  /** Sides that are up, or on their way up. Another side that ends was asked to; whatever else ends, Redis for one, was not. */
  readonly #wanted = new Set<string>()
  /** Services that were brought up before: it is told once. */
  readonly #seen = new Set<string>()
  #environment: Readonly<Record<string, string | undefined>>
  #isDown = false

  constructor(options: ComposeStackOptions) {
    this.#options = options
    this.folder = newStackFolder(cacheFolder(options.environment), 'compose', this.#name)
    this.admin = { email, password: randomBytes(16).toString('hex') }
    // What the user's own shell says of compose is about the user's own projects.
    const own = Object.fromEntries(Object.entries(options.environment).filter(([name]) => !name.startsWith('COMPOSE_')))
    this.#environment = { ...own, FIRST_TOKEN_SECRET: randomBytes(32).toString('hex'), FIRST_TOKEN_PASSWORD: this.admin.password }
    const override = path.join(this.folder, 'override.json')
    if (options.changes.length > 0) writeFileSync(override, overrideFile(new Map(options.profiles.map((profile) => [profile, serviceOf(profile)])), options.changes), { mode: 0o600 })
    this.#files = ['--file', options.file, ...(options.changes.length > 0 ? ['--file', override] : [])]
    this.#reaper = startReaper(this.#name, this.folder, this.#environment)
    this.watch = watchDeaths(this.#name, this.#environment, (service) => this.#isDown || (service.startsWith(serviceOf('')) && !this.#wanted.has(service)))
  }

  async sides(): Promise<ComposeSides> {
    return composeSides((await this.#compose(['config', '--format', 'json'])).stdout)
  }

  /** Free ports for the mock and every side, or one port for all sides, of which one is up at a time. */
  async takePorts(profiles: readonly string[], together: boolean): Promise<void> {
    const own = await freePorts(together ? profiles.length : 1, this.#options.firstPort)
    const [mock] = await freePorts(1)
    const taken = profiles.map((profile, index): [string, string] => [portVariables[profile] ?? '', String(own[together ? index : 0])])
    this.#environment = { ...this.#environment, MOCK_PORT: String(mock), ...Object.fromEntries(taken) }
  }

  /** For `stack status` and for whoever wants to look at a side by hand. */
  writeDown(sides: readonly ComposeStackSide[], mockUrl: string): void {
    writeAccounts(this.folder, sides)
    writeState(this.folder, {
      stack: 'compose', owner: ownIdentity(), since: new Date().toISOString(), project: this.#name, mock: { url: mockUrl },
      sides: sides.map(({ name, profile, url }) => ({ name, profile, url, log: '', pids: [] })),
    })
  }

  async up(services: readonly string[]): Promise<void> {
    const unseen = services.filter((service) => !this.#seen.has(service))
    if (unseen.length > 0) this.#options.note(`docker compose up: ${unseen.join(', ')} (the first time images are pulled, which takes minutes)`)
    for (const service of services) {
      this.#wanted.add(service)
      this.#seen.add(service)
    }
    await this.#compose(['up', '--detach', '--build', '--wait', '--wait-timeout', String(patience), ...services])
  }

  /** Stops the side that is up, and starts this one. Its data, accounts and tokens are as they were. Resolves with how many workers it has. */
  async swap(side: ComposeSide): Promise<number> {
    for (const service of [...this.#wanted].filter((one) => one !== side.service)) {
      this.#wanted.delete(service)
      await this.#compose(['stop', '--timeout', '5', service])
    }
    if (this.#wanted.has(side.service)) return workersOf(side.environment)
    const before = await this.#workersSaid(side.service)
    await this.up([side.service])
    return this.workers(side, before)
  }

  /** Waits until as many workers have said that they are there as are wanted, beyond those of earlier starts: /health answers as soon as one is. */
  async workers(side: ComposeSide, earlier = 0): Promise<number> {
    const wanted = workersOf(side.environment)
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
    // Where that fails the folder stays: `stack down` finds the project by it.
    await this.#reaper.reap()
  }

  /** "Started server process [7]" is what uvicorn says today, "Started worker process [7]" what it once said. */
  async #workersSaid(service: string): Promise<number> {
    const { stdout } = await this.#compose(['logs', '--no-color', '--no-log-prefix', service])
    return stdout.match(/Started (?:server|worker) process \[\d+\]/g)?.length ?? 0
  }

  async #compose(args: readonly string[]): Promise<DockerAnswer> {
    const { signal } = this.#options
    const answer = await docker(['compose', '--project-name', this.#name, ...this.#files, '--progress', 'plain', ...args], { environment: this.#environment, signal, pidFolder: this.folder })
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
