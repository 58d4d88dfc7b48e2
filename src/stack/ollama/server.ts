import { execFile } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type Death, SideProcessError } from '../side-process.ts'
import { startSupervised, type Supervised } from '../supervisor.ts'
import { jsonRequest } from './json-request.ts'
import { modelParameters, modelTemplate, type OllamaEnvironment } from './profiles.ts'
import { chatModel, randomModel } from './random-model.ts'

export interface OllamaOptions {
  /** As it is called in messages: `ollama before`. */
  readonly name: string
  /** The built program: `ollamaProgram` gives it. */
  readonly program: string
  /** OLLAMA_NUM_PARALLEL and whatever else is to be set. */
  readonly environment: OllamaEnvironment
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
  readonly pid: number
  /** What it runs with, as it tells itself. */
  readonly settings: Readonly<Record<string, string | number>>
  /** Resolves when it ends unasked. Never resolves otherwise. */
  readonly died: Promise<Death>
  /** Stops it and removes its folder. May be called again. */
  stop(): Promise<void>
}

/** Ollama's names have a tag. */
const model = 'random-words:latest'
const patience = { listening: 20_000, creating: 60_000, loading: 60_000, telling: 60_000 }
/** What the environment of ours may add to hers: the way to programs, and nothing that would change what it does. */
const inherited = ['PATH', 'TMPDIR', 'LANG'] as const

/**
 * Starts `ollama serve` with a folder of its own for home and models, makes the model, and loads it.
 * @throws {SideProcessError} where it does not start, with what it said; the reason of the signal where that ends it. Nothing is left then.
 */
export async function startOllama({ name, program, environment, port = 0, seed = 1, signal }: OllamaOptions): Promise<OllamaServer> {
  signal.throwIfAborted()
  const folder = await mkdtemp(path.join(tmpdir(), 'first-token-ollama-'))
  const log = new Log()
  const own = { ...Object.fromEntries(inherited.map((variable) => [variable, process.env[variable]])), HOME: folder, OLLAMA_MODELS: path.join(folder, 'models'), OLLAMA_NOPRUNE: '1', OLLAMA_KEEP_ALIVE: '-1', ...environment }
  const server = startSupervised({ name, command: program, args: ['serve'], environment: { ...own, OLLAMA_HOST: `127.0.0.1:${port}` }, cwd: folder, folder, onLine: (line) => log.read(line) })
  try {
    const address = await Promise.race([log.listening, endedEarly(server), late(patience.listening, 'listen', signal)])
    const url = `http://${address}`
    await Promise.race([createModel({ program, folder, environment: { ...own, OLLAMA_HOST: address }, seed, signal }), endedEarly(server)])
    await Promise.race([tell(url, { tokens: 1, patience: patience.loading, signal }), endedEarly(server)])
    const { version } = z.object({ version: z.string() }).parse(await jsonRequest(`${url}/api/version`, { patience: patience.listening, signal }))
    return { url, model, pid: server.pid, settings: { ollama: version, ...environment, ...log.runner }, died: server.died, stop: () => server.stop() }
  } catch (error) {
    await server.stop()
    signal.throwIfAborted()
    throw new SideProcessError(`${name} did not start: ${error instanceof Error ? error.message : String(error)}`)
  }
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
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly seed: number
  readonly signal: AbortSignal
}

async function createModel({ program, folder, environment, seed, signal }: ModelOptions): Promise<void> {
  await writeFile(path.join(folder, 'model.gguf'), randomModel(chatModel, seed))
  const parameters = Object.entries(modelParameters).map(([name, value]) => `PARAMETER ${name} ${value}`)
  await writeFile(path.join(folder, 'Modelfile'), ['FROM ./model.gguf', `TEMPLATE """${modelTemplate}"""`, ...parameters, ''].join('\n'))
  await promisify(execFile)(program, ['create', model, '-f', 'Modelfile'], { cwd: folder, env: { ...environment }, signal, timeout: patience.creating })
}

async function endedEarly({ ended }: Supervised): Promise<never> {
  throw new Error((await ended).detail)
}

function late(milliseconds: number, what: string, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)])
    within.addEventListener('abort', () => reject(new Error(`it did not ${what} within ${milliseconds / 1_000} s`)))
  })
}

/** What its log tells that nothing else does: where it listens, and how the process that holds the model was started. */
class Log {
  readonly listening: Promise<string>
  #onAddress: (address: string) => void = () => {}
  runner: Record<string, number> = {}

  constructor() {
    this.listening = new Promise((resolve) => { this.#onAddress = resolve })
  }

  read(line: string): void {
    const [, address] = /Listening on (127\.0\.0\.1:\d+)/.exec(line) ?? []
    if (address !== undefined) this.#onAddress(address)
    if (!line.includes('starting llama server')) return
    const flag = (name: string): number => Number(new RegExp(` --${name} (\\d+)`).exec(line)?.[1] ?? NaN)
    this.runner = Object.fromEntries([['slots', 'parallel'], ['threads', 'threads'], ['context', 'ctx-size']].map(([name = '', its = '']) => [name, flag(its)] as const).filter(([, value]) => !Number.isNaN(value)))
  }
}
