import { execFile } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'
import { lastWords, type ProcessGroup, type ProcessGroups } from '../process-groups.ts'
import { SideProcessError } from '../side-process.ts'
import { jsonRequest } from './json-request.ts'
import { modelParameters, modelTemplate, type OllamaEnvironment } from './profiles.ts'
import { chatModel, randomModel } from './random-model.ts'
import { serverLog } from './server-log.ts'

export interface OllamaOptions {
  /** As it is called in messages: `ollama before`. */
  readonly name: string
  /** The built program: `ollamaProgram` gives it. */
  readonly program: string
  /** OLLAMA_NUM_PARALLEL and whatever else is to be set. */
  readonly environment: OllamaEnvironment
  /** It ends with these. */
  readonly groups: ProcessGroups
  /** Its own, made here, in the folder that goes with the groups. */
  readonly folder: string
  /** 0 is any free one. */
  readonly port?: number
  /** Of the weights; the words that are told hang on it. */
  readonly seed?: number
  readonly signal: AbortSignal
}

/** A real Ollama with one model of ours that is loaded, on the loopback interface. */
export interface OllamaServer {
  /** Its origin. An OpenAI client is told `${url}/v1`. */
  readonly url: string
  readonly model: string
  readonly group: ProcessGroup
  /** What it runs with, as it tells itself. */
  readonly settings: Readonly<Record<string, string | number>>
}

/** Ollama's names have a tag. */
const model = 'random-words:latest'
const cadence = 50
const patience = { listening: 20_000, creating: 60_000, loading: 60_000, telling: 60_000 }
/** What the environment of ours may add to hers: the way to programs, and nothing that would change what it does. */
const inherited = ['PATH', 'TMPDIR', 'LANG'] as const

/**
 * Starts `ollama serve` with a folder of its own for home and models, makes the model, and loads it.
 * @throws {SideProcessError} where it does not start, with what it said; the reason of the signal where that ends it. It runs until its groups are ended.
 */
export async function startOllama({ name, program, environment, groups, folder, port = 0, seed = 1, signal }: OllamaOptions): Promise<OllamaServer> {
  signal.throwIfAborted()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const ours = Object.fromEntries(inherited.map((variable): [string, string] => [variable, process.env[variable] ?? '']).filter(([, value]) => value !== ''))
  const own = { ...ours, HOME: folder, OLLAMA_MODELS: path.join(folder, 'models'), OLLAMA_NOPRUNE: '1', OLLAMA_KEEP_ALIVE: '-1', ...environment }
  const group = await groups.start({ name, command: [program, 'serve'], environment: { ...own, OLLAMA_HOST: `127.0.0.1:${port}` }, folder, log: path.join(folder, 'log.txt') })
  try {
    const address = await listening(group, signal)
    const url = `http://${address}`
    await createModel({ program, folder, environment: { ...own, OLLAMA_HOST: address }, seed, signal })
    await tell(url, { tokens: 1, patience: patience.loading, signal })
    const { version } = z.object({ version: z.string() }).parse(await jsonRequest(`${url}/api/version`, { patience: patience.listening, signal }))
    return { url, model, group, settings: { ollama: version, ...environment, ...serverLog(await readFile(group.log, 'utf8')).runner } }
  } catch (error) {
    signal.throwIfAborted()
    const detail = group.hasEnded() ? (await group.ended).detail : `${error instanceof Error ? error.message : String(error)}: ${lastWords(group.log)}`
    throw new SideProcessError(`${name} did not start: ${detail}`)
  }
}

/** Where it listens, once it does. */
async function listening(group: ProcessGroup, signal: AbortSignal): Promise<string> {
  for (const giveUpAt = performance.now() + patience.listening; performance.now() < giveUpAt; await wait(cadence, undefined, { signal })) {
    const { address } = serverLog(await readFile(group.log, 'utf8'))
    if (address !== undefined) return address
    if (group.hasEnded()) throw new Error('it has ended')
  }
  throw new Error(`it did not listen within ${patience.listening / 1_000} s`)
}

/**
 * How many tokens a second it tells when it has nothing else to do: the fastest of three answers, so that a story that is asked for by this figure lasts
 * at least as long as it should.
 */
export async function measuredRate({ url }: Pick<OllamaServer, 'url'>, signal: AbortSignal): Promise<number> {
  const rates: number[] = []
  for (let count = 0; count < 3; count += 1) rates.push(await tell(url, { tokens: 300, patience: patience.telling, signal }))
  return Math.max(...rates)
}

const told = z.object({ done: z.literal(true), eval_count: z.number(), eval_duration: z.number().positive() })

/** Has it tell an answer of so many tokens; gives back how many it told a second. */
async function tell(url: string, { tokens, patience: within, signal }: { tokens: number; patience: number; signal: AbortSignal }): Promise<number> {
  const body = { model, prompt: 'Tell me a story', stream: false, options: { num_predict: tokens } }
  const { eval_count: count, eval_duration: nanoseconds } = told.parse(await jsonRequest(`${url}/api/generate`, { body, patience: within, signal }))
  if (count !== tokens) throw new Error(`it was asked for ${tokens} tokens and told ${count}`)
  return (1e9 * count) / nanoseconds
}

interface ModelOptions {
  readonly program: string
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly seed: number
  readonly signal: AbortSignal
}

/** The server keeps a copy of its own. */
async function createModel({ program, folder, environment, seed, signal }: ModelOptions): Promise<void> {
  await writeFile(path.join(folder, 'model.gguf'), randomModel(chatModel, seed))
  const parameters = Object.entries(modelParameters).map(([name, value]) => `PARAMETER ${name} ${value}`)
  await writeFile(path.join(folder, 'Modelfile'), ['FROM ./model.gguf', `TEMPLATE """${modelTemplate}"""`, ...parameters, ''].join('\n'))
  await promisify(execFile)(program, ['create', model, '-f', 'Modelfile'], { cwd: folder, env: { ...environment }, signal, timeout: patience.creating })
  await rm(path.join(folder, 'model.gguf'))
}
