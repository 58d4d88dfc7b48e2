import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Problem, UsageError } from '../../errors.ts'
import type { SideSpec } from '../../sample/run-file.ts'
import { cacheFolder } from '../cache-folder.ts'
import { failedStart } from '../failed-start.ts'
import { availableMemoryBytes } from '../memory.ts'
import { freePorts } from '../ports.ts'
import { missingForOllama, ollamaProgram } from '../ollama/build.ts'
import { type OllamaEnvironment, ollamaBehind } from '../ollama/profiles.ts'
import { measuredRate, type OllamaServer, startOllama } from '../ollama/server.ts'
import { ownIdentity } from '../process-identity.ts'
import { ProcessGroups } from '../process-groups.ts'
import { type ProfileName, wantsRedis, workersOf } from '../profiles.ts'
import { SideProcessError, type SideProcess, startSideProcess } from '../side-process.ts'
import type { Stack, StackSide } from '../stack.ts'
import { newStackFolder, writeState } from '../stack-folder.ts'
import { login, makeAccounts, type OpenWebUiAccounts } from './accounts.ts'
import { type ModelBehind, sideSettings } from './environment.ts'
import { memoryProblem } from './memory-need.ts'
import { findPython, type Python } from './python.ts'
import { findRedis, type Redis } from './redis.ts'
import { settingsInForce } from './settings-in-force.ts'
import { type RunningSide, startSide, type WantedSide } from './side.ts'
import { venvPython } from './venv.ts'
import { watchWorkers } from './worker-watch.ts'

export interface OpenWebUiOptions {
  /** Each is a side. */
  readonly profiles: readonly ProfileName[]
  /** Within what time an error has to be seen, ms: the time-outs of the profiles go with it. */
  readonly errorWithin: number
  /** What --set-env says, on all sides or, as `after:NAME`, on one. */
  readonly changes: Readonly<Record<string, string>>
  /** With what a real Ollama behind all sides is started; undefined where our mock answers. */
  readonly ollama: OllamaEnvironment | undefined
  readonly files: { readonly mock: string; readonly requirements: string }
  /** Of whoever runs this; the sides inherit none of it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** How many accounts each side has beside admin, person and other. */
  readonly crowd: number
  /** Sides get this port and those that follow; undefined for free ones. */
  readonly firstPort: number | undefined
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

export interface OpenWebUiSide extends StackSide {
  readonly profile: ProfileName
  readonly settings: SideSpec['settings']
  readonly accounts: OpenWebUiAccounts
  readonly log: string
  readonly workers: readonly number[]
}

/** Real Open WebUIs, each with a database of its own, in front of one mock, which is their search engine too. */
export interface OpenWebUiStack extends Stack<OpenWebUiSide> {
  /** Where all of it writes; it goes with the stack. */
  readonly folder: string
  readonly mock: { readonly url: string }
  readonly model: ModelBehind
  /** The real model server past the mock, which then is its relay; undefined where our mock answers. */
  readonly ollama: BehindAll | undefined
}

/** A real Ollama that answers all sides. */
interface BehindAll extends OllamaServer {
  readonly tokensPerSecond: number
}

/** What this machine has of what the sides need. */
interface Means {
  readonly python: Python
  readonly redis: Redis | undefined
}

/**
 * Starts the mock, then all sides at once, and waits until all workers of all sides are up.
 * @throws {UsageError} where this machine lacks what it takes: every lack, with what mends it.
 * @throws {SideProcessError} where one of them does not start; a UsageError where something of it was changed. Either way nothing is left running.
 */
export async function startOpenWebUi(options: OpenWebUiOptions): Promise<OpenWebUiStack> {
  const { environment, changes, profiles, errorWithin, files, note, signal } = options
  const wanted = profiles.map((name): WantedSide => ({ name, settings: sideSettings(name, errorWithin, changes) }))
  const means = meansFor(wanted, environment['PATH'] ?? '', options.ollama === undefined ? [] : await missingForOllama(environment))
  await freePorts(wanted.length, options.firstPort)
  const cache = cacheFolder(environment)
  mkdirSync(cache, { recursive: true })
  const python = await venvPython({ cache, requirementsFile: files.requirements, python: means.python, environment, note, signal })
  const program = options.ollama === undefined ? undefined : await ollamaProgram(options)
  const folder = newStackFolder(cache, 'open-webui')
  const groups = new ProcessGroups(folder)
  let mock: SideProcess | undefined
  let watch: ReturnType<typeof watchWorkers> | undefined
  const down = async (): Promise<void> => {
    watch?.stop()
    await Promise.all([groups.end(), mock?.stop()])
  }
  try {
    const ollama = program === undefined ? undefined : await startModelServer(program, groups, folder, options)
    mock = await startMock(options, ollama)
    const model = modelBehind(mock, ollama)
    const sides = await startSides(wanted, { ...options, folder, groups, python, redis: means.redis, mock, model, modelSettings: ollama?.settings ?? {} })
    // A lone worker is the process that was started.
    watch = watchWorkers(sides.flatMap(({ name, workers }) => (workers.length > 1 ? [{ side: name, pids: workers }] : [])))
    return { folder, mock: { url: mock.url }, model, ollama, sides, died: Promise.race([mock.died, groups.died, watch.died]), down }
  } catch (error) {
    const failure = error instanceof SideProcessError && !signal.aborted ? failedStart(error, { cache, stack: 'open-webui', folder, sides: [...profiles, modelServer], isChanged: isChanged(options) }) : error
    await down()
    throw failure
  }
}

/** Whether --set-env changed a side, or the Ollama behind them. */
const isChanged = ({ changes, ollama = {} }: OpenWebUiOptions): boolean => Object.keys(changes).length > 0 || Object.entries(ollama).some(([name, value]) => ollamaBehind[name] !== value)

/** @throws {UsageError} with everything that is missing. */
function meansFor(wanted: readonly WantedSide[], searchPath: string, others: readonly Problem[]): Means {
  const python = findPython(searchPath)
  const redis = wanted.some(({ settings }) => wantsRedis(settings)) ? findRedis(searchPath) : undefined
  const memory = memoryProblem(wanted.map(({ name, settings }) => ({ name, workers: workersOf(settings) })), availableMemoryBytes())
  const problems: Problem[] = [...[python, redis, memory].filter((found) => found !== undefined && 'what' in found), ...others]
  if (problems.length > 0 || 'what' in python || (redis !== undefined && 'what' in redis)) throw new UsageError(problems)
  return { python, redis }
}

const mockModel = { model: 'mock', taskModel: 'mock-task' } as const

/** Its name, and its folder in that of the stack. */
const modelServer = 'ollama'

/** Before anything else: how fast it tells is measured while nothing else wants the machine. */
async function startModelServer(program: string, groups: ProcessGroups, folder: string, { ollama = {}, note, signal }: OpenWebUiOptions): Promise<BehindAll> {
  const server = await startOllama({ name: modelServer, program, environment: ollama, groups, folder: path.join(folder, modelServer), signal })
  const tokensPerSecond = await measuredRate(server, signal)
  note(`ollama is up at ${server.url} and tells ${Math.round(tokensPerSecond)} tokens a second`)
  return { ...server, tokensPerSecond }
}

/** Before a real Ollama it is the relay. */
function startMock({ files }: OpenWebUiOptions, ollama: OllamaServer | undefined): Promise<SideProcess> {
  const behind = ollama === undefined ? [] : ['--behind', ollama.url]
  return startSideProcess({ name: 'mock', file: files.mock, args: ['--models', `${mockModel.model},${mockModel.taskModel}`, ...behind] })
}

const modelBehind = (mock: SideProcess, ollama: OllamaServer | undefined): ModelBehind =>
  (ollama === undefined ? { kind: 'mock', url: mock.url, ...mockModel } : { kind: 'ollama', url: mock.url, model: ollama.model })

interface SidesStart extends OpenWebUiOptions {
  readonly folder: string
  readonly groups: ProcessGroups
  readonly python: string
  readonly redis: Redis | undefined
  readonly mock: SideProcess
  readonly model: ModelBehind
  /** What the model behind all sides runs with. */
  readonly modelSettings: SideSpec['settings']
}

/** How long all sides together may take, ms: what a slow machine needs for the first, and for each process more. */
const startTime = { least: 120_000, perProcess: 30_000 }

async function startSides(wanted: readonly WantedSide[], start: SidesStart): Promise<OpenWebUiSide[]> {
  const { folder, groups, python, redis, mock, note, environment } = start
  const ports = await freePorts(wanted.length, start.firstPort)
  const redisPorts = await freePorts(wanted.length)
  const logins = { admin: login('admin'), person: login('person'), other: login('other'), crowd: Array.from({ length: start.crowd }, (_, index) => login(`person-${index + 1}`)) }
  const within = startTime.least + startTime.perProcess * wanted.reduce((sum, { settings }) => sum + workersOf(settings), 0)
  const failure = new AbortController()
  const signal = AbortSignal.any([start.signal, failure.signal])
  note(`starting Open WebUI: ${wanted.map(({ name }) => name).join(', ')}`)
  const one = async (side: WantedSide, index: number): Promise<OpenWebUiSide> => {
    try {
      const ownPorts = { page: ports[index] ?? 0, redis: redisPorts[index] ?? 0 }
      const running = await startSide(side, {
        groups, folder, python, redis, ports: ownPorts, admin: logins.admin, secretKey: randomBytes(32).toString('hex'), model: start.model, searchUrl: mock.url,
        searchPath: environment['PATH'] ?? '', within, note, signal,
      })
      return await described(side, running, logins, start)
    } catch (error) {
      // The others need not go on; what went wrong here is the reason, not that they were stopped.
      failure.abort(error)
      throw error
    }
  }
  const starts = await Promise.allSettled(wanted.map(one))
  signal.throwIfAborted()
  const sides = starts.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  writeAccounts(folder, sides)
  writeState(folder, {
    stack: 'open-webui', owner: ownIdentity(), since: new Date().toISOString(), mock: { url: mock.url, pid: mock.pid },
    sides: sides.map(({ name, profile, url, log }) => ({ name, profile, url, log, pids: groups.groups.filter((group) => group.name.endsWith(` ${name}`)).map(({ group }) => group) })),
  })
  return sides
}


async function described({ name, settings: given }: WantedSide, { url, log, workers }: RunningSide, logins: Parameters<typeof makeAccounts>[1], start: SidesStart): Promise<OpenWebUiSide> {
  const accounts = await makeAccounts({ name, url }, logins)
  const redisVersion = wantsRedis(given) ? start.redis?.version : undefined
  const { settings, models } = await settingsInForce({ origin: url, adminToken: accounts.admin.token, log, given, redisVersion })
  const { model } = start.model
  if (!models.includes(model)) throw new SideProcessError(`open-webui ${name} does not offer the model ${model} but ${models.join(', ') || 'none'}`)
  return { name, profile: name, url, settings: { ...settings, ...start.modelSettings }, accounts, log, workers }
}

/** Of the stack, for nobody else to read: what a shell takes in with `.`, by side and account. */
export const accountsFile = (folder: string): string => path.join(folder, 'accounts.env')

export function writeAccounts(folder: string, sides: readonly Pick<OpenWebUiSide, 'name' | 'accounts'>[]): void {
  const lines = sides.flatMap(({ name, accounts }) => (['person', 'other', 'admin'] as const).flatMap((who) => {
    const prefix = `${name}_${who}`.toUpperCase()
    return [`${prefix}_EMAIL='${accounts[who].email}'`, `${prefix}_PASSWORD='${accounts[who].password}'`, `${prefix}_TOKEN='${accounts[who].token}'`]
  }))
  writeFileSync(accountsFile(folder), `${lines.join('\n')}\n`, { mode: 0o600 })
}
