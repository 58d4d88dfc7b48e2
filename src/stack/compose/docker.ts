import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Problem, UsageError } from '../../errors.ts'

/** What a call of the Docker CLI came to. `status` is null where a signal ended it. */
export interface DockerAnswer {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface DockerCall {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Ends the call where it aborts. */
  readonly signal?: AbortSignal | undefined
  /** A folder that holds the number of the process group while the call lasts: whoever cleans up after us ends it first. */
  readonly pidFolder?: string | undefined
}

/** The file in `pidFolder`. */
export const pidFile = 'docker.pid'

/** The first release with the content of configs inside the compose file and a start interval of health checks. */
const leastCompose = [2, 24] as const

/**
 * One call of the Docker CLI. It has a session of its own: Ctrl-C at the terminal reaches us alone, and we decide what becomes of it.
 * @throws the error of the spawn where there is no `docker`; whatever the CLI itself refuses is an answer.
 */
export function docker(args: readonly string[], { environment, signal, pidFolder }: DockerCall): Promise<DockerAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', args, { env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    if (pidFolder !== undefined && child.pid !== undefined) writeFileSync(path.join(pidFolder, pidFile), String(child.pid))
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr = (stderr + text).slice(-200_000) })
    const end = (): void => endGroup(child.pid)
    const release = (): void => {
      signal?.removeEventListener('abort', end)
      if (pidFolder !== undefined) rmSync(path.join(pidFolder, pidFile), { force: true })
    }
    signal?.addEventListener('abort', end)
    if (signal?.aborted === true) end()
    child.once('error', (error) => {
      release()
      reject(error)
    })
    child.once('close', (status) => {
      release()
      resolve({ status, stdout, stderr })
    })
  })
}

/** Ends what it runs when its standard input ends, which the kernel sees to however we die. Its own output is closed, so that the end of the call is seen. */
const leash = '"$@" 2>&1 </dev/null & exec >/dev/null 2>&1; cat; trap "" TERM; kill -s TERM 0'

/** A call that goes on. */
export interface DockerStream {
  /** Resolves when it has ended and its last line was handed over. Never rejects. */
  readonly ended: Promise<void>
  stop(): void
}

/** Hands over every line of a call, whichever channel it says it on, until it ends or is stopped. Nothing of it outlives us. */
export function followDocker(args: readonly string[], { environment }: Pick<DockerCall, 'environment'>, onLine: (line: string) => void): DockerStream {
  const child = spawn('sh', ['-c', leash, 'first-token-leash', 'docker', ...args], { env: environment, detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
  child.on('error', () => {})
  child.stdin.on('error', () => {})
  const stop = (): void => { child.stdin.end() }
  const ended = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', onLine).once('close', () => {
      stop()
      resolve()
    })
  })
  return { ended, stop }
}

/** Ends a call and the plug-in that it runs, which is a process of its own. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // Nobody of the group is left.
  }
}

/** What the engine is, as far as it matters here. */
export interface Engine {
  /** All the memory that containers may have together, bytes. */
  readonly memory: number
}

/** The first engine that takes a start interval of health checks. */
const leastEngine = 25

/**
 * That there is a Docker CLI with Compose, and an engine that answers it.
 * @throws {UsageError} with everything that is missing and how to get it.
 */
export async function dockerEngine(call: DockerCall): Promise<Engine> {
  const elsewhere = placeProblem(call.environment['DOCKER_HOST'] ?? '')
  if (elsewhere !== undefined) throw new UsageError(elsewhere)
  const [compose, info] = await orMissing(Promise.all([docker(['compose', 'version', '--short'], call), engineInfo(call)]), '--stack compose', 'Install Docker with its Compose plugin, or take --stack open-webui, which needs none.')
  const problems = [composeProblem(compose), engineProblem(info) ?? ageProblem(info)].filter((problem) => problem !== undefined)
  if (problems.length > 0) throw new UsageError(problems)
  return { memory: Number(info.stdout.trim().split(' ')[0]) }
}

/**
 * That there is a Docker CLI and an engine that answers it, of whatever age: to look into containers takes no more.
 * @throws {UsageError} with what is missing.
 */
export async function dockerAnswers(call: DockerCall, flag: string): Promise<void> {
  const problem = engineProblem(await orMissing(engineInfo(call), flag, 'Install the Docker CLI, or leave the flag out: then nothing is said of the container.'))
  if (problem !== undefined) throw new UsageError(problem)
}

const engineInfo = (call: DockerCall): Promise<DockerAnswer> => docker(['info', '--format', '{{.MemTotal}} {{.ServerVersion}}'], call)

function orMissing<T>(answer: Promise<T>, flag: string, fix: string): Promise<T> {
  return answer.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new UsageError({ what: `${flag} needs Docker, and there is no \`docker\` here.`, fix })
    throw error
  })
}

function composeProblem({ status, stdout }: DockerAnswer): Problem | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(stdout.trim()) ?? []
  if (status !== 0 || major === undefined) return { what: '`docker compose` is not there.', fix: 'Install the Compose plugin of Docker (docker-compose-plugin).' }
  if (Number(major) > leastCompose[0] || (Number(major) === leastCompose[0] && Number(minor) >= leastCompose[1])) return undefined
  return { what: `Docker Compose ${stdout.trim()} is too old for docker-compose.test.yaml.`, fix: `Install ${leastCompose.join('.')} or newer.` }
}

function engineProblem({ status, stdout, stderr }: DockerAnswer): Problem | undefined {
  if (status === 0 && Number(stdout.trim().split(' ')[0]) > 0) return undefined
  return { what: `The Docker engine does not answer: ${lastLine(stderr) ?? 'it said nothing'}`, fix: 'Start it, and see that `docker info` works for this user (group docker, DOCKER_HOST).' }
}

/** The sides are published on loopback addresses of the engine's machine, which has to be this one. */
function placeProblem(host: string): Problem | undefined {
  const named = /^(?:tcp|ssh|https?):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/.exec(host)?.[1]?.replace(/^\[|\]$/g, '')
  const own = ['localhost', '0.0.0.0', hostname(), ...Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => address))]
  if (named === undefined || own.includes(named) || named.startsWith('127.')) return undefined
  return { what: `DOCKER_HOST names an engine on another machine (${named}), and --stack compose measures on its own.`, fix: 'Unset DOCKER_HOST, or run first-token over there.' }
}

/** An engine that gives itself another kind of version, as Podman does, has to try. */
function ageProblem({ stdout }: DockerAnswer): Problem | undefined {
  const [, version = ''] = stdout.trim().split(' ')
  const major = Number(version.split('.')[0])
  return major < leastEngine && major > 10 ? { what: `The Docker engine ${version} is too old for docker-compose.test.yaml.`, fix: `Install ${leastEngine} or newer.` } : undefined
}

/** What a CLI says last is what it died of. */
export const lastLine = (text: string): string | undefined => text.split('\n').map((line) => line.trim()).filter((line) => line !== '').at(-1)
