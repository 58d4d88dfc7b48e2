import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { type Problem, UsageError } from '../../errors.ts'
import { cacheFolder } from '../cache-folder.ts'
import { lastWords, ProcessGroups } from '../process-groups.ts'
import { withLock } from '../start-lock.ts'

/** The last version whose Go module builds by itself; those after it lack headers that Go leaves out of a module. */
export const ollamaVersion = '0.6.5'
const module = 'github.com/ollama/ollama'
const leastGo = { major: 1, minor: 24 }
/** How often it is said that it is still being built, ms. */
const saysEvery = 30_000

export interface BuildOptions {
  /** What `go` gets, and where the cache is. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Tells what is being waited for. */
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

/**
 * The program itself: from the cache, or built by `go install`, which takes some minutes and is done once. It is built under a name of its own and
 * renamed when it has told its version, so that what is in the cache is whole.
 * @throws {UsageError} where this machine lacks what it takes, or the modules cannot be had.
 */
export async function ollamaProgram({ environment, note, signal }: BuildOptions): Promise<string> {
  const cache = cacheFolder(environment)
  const folder = path.join(cache, `ollama-${ollamaVersion}`)
  const program = path.join(folder, 'ollama')
  if (existsSync(program)) return program
  const missing = await missingForOllama(environment)
  if (missing.length > 0) throw new UsageError(missing)
  const waiting = ({ pid }: { readonly pid: number }): void => note(`waiting for the Ollama that process ${pid} is building`)
  return withLock(`${folder}.lock`, { waiting, signal }, async () => {
    if (existsSync(program)) return program
    await removeLeftovers(cache)
    const part = await mkdtemp(`${folder}.part-`)
    const groups = new ProcessGroups(part)
    try {
      await install(part, groups, { environment, note, signal })
      await checkVersion(path.join(part, 'bin/ollama'))
      await rename(path.join(part, 'bin'), folder)
    } finally {
      await groups.end()
    }
    return program
  })
}

/** What a build left that was ended together with all that would have removed it. Nobody else builds: we hold the lock. */
async function removeLeftovers(cache: string): Promise<void> {
  const parts = (await readdir(cache)).filter((name) => name.startsWith(`ollama-${ollamaVersion}.part-`))
  await Promise.all(parts.map((name) => rm(path.join(cache, name), { recursive: true, force: true })))
}

/** Everything that is missing to build it, and how to get it; nothing where it is there. */
export async function missingForOllama(environment: BuildOptions['environment']): Promise<Problem[]> {
  if (existsSync(path.join(cacheFolder(environment), `ollama-${ollamaVersion}`, 'ollama'))) return []
  const [go = '', compiler = ''] = (await output('go', ['env', 'GOVERSION', 'CXX'], environment) ?? '').split('\n')
  const problems: Problem[] = []
  const fix = `Install Go ${leastGo.major}.${leastGo.minor} or later: \`apt-get install golang-go\` where the distribution has it (Debian 13, Ubuntu 25.04), else from go.dev/dl.`
  const [, major = '', minor = ''] = /^go(\d+)\.(\d+)/.exec(go) ?? []
  if (go === '') problems.push({ what: 'Ollama is built from its Go module, and there is no `go`.', fix })
  else if (Number(major) === leastGo.major && Number(minor) < leastGo.minor) problems.push({ what: `Ollama is built from its Go module, and ${go} is too old for it.`, fix })
  const cxx = compiler === '' ? 'g++' : compiler
  if (await output(cxx, ['--version'], environment) === undefined) problems.push({ what: `Ollama is built from source, and there is no C++ compiler (${cxx}).`, fix: 'Install one: `apt-get install g++`.' })
  return problems
}

/** What a command says; undefined where it is not there or fails. */
async function output(command: string, args: readonly string[], environment: BuildOptions['environment']): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(command, [...args], { env: { ...environment }, timeout: 60_000 })).stdout.trim()
  } catch {
    return undefined
  }
}

/**
 * Leaves the program in `bin` of the folder.
 * @throws {UsageError} with the end of what `go` said.
 */
async function install(folder: string, groups: ProcessGroups, { environment, note, signal }: BuildOptions): Promise<void> {
  note(`building Ollama ${ollamaVersion} with \`go install\`: about 30 MB of Go modules are fetched, it takes 2 to 5 minutes, and it is done once`)
  const startedAt = performance.now()
  const seconds = (): string => `${Math.round((performance.now() - startedAt) / 1_000)} s`
  const [log, temporary] = [path.join(folder, 'log.txt'), path.join(folder, 'tmp')]
  await mkdir(temporary)
  const go = await groups.start({
    name: 'go install',
    command: ['go', 'install', '-trimpath', '-ldflags', `-s -w -X=${module}/version.Version=${ollamaVersion}`, `${module}@v${ollamaVersion}`],
    // A build that is killed leaves nothing in the folder for temporary files.
    environment: { ...known(environment), CGO_ENABLED: '1', GOBIN: path.join(folder, 'bin'), GOTMPDIR: temporary },
    folder,
    log,
  })
  const saying = setInterval(() => note(`still building Ollama (${seconds()})`), saysEvery)
  const aborted = new Promise<undefined>((resolve) => { signal.addEventListener('abort', () => resolve(undefined), { once: true }) })
  const death = signal.aborted ? undefined : await Promise.race([go.ended, aborted])
  clearInterval(saying)
  signal.throwIfAborted()
  if (death === undefined || !/^exit code 0\b/.test(death.detail)) {
    throw new UsageError({ what: `Ollama ${ollamaVersion} could not be built: ${lastWords(log, 1_500) || death?.detail}.`, fix: 'See that Go modules can be fetched (`go env GOPROXY`) and that there is a gigabyte to spare, and start again.' })
  }
  note(`Ollama is built (${seconds()})`)
}

const known = (environment: BuildOptions['environment']): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

/** @throws where what was built does not say that it is what was wanted. */
async function checkVersion(program: string): Promise<void> {
  // It would tell the version of a server that it finds; nobody listens at port 1.
  const said = await output(program, ['--version'], { HOME: path.dirname(path.dirname(program)), OLLAMA_HOST: '127.0.0.1:1' })
  if (said === undefined || !said.includes(ollamaVersion)) throw new Error(`what \`go install\` has built does not say that it is Ollama ${ollamaVersion}: ${said ?? 'it does not run'}`)
}
