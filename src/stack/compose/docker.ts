import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
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

/** Ends a call and the plug-in that it runs, which is a process of its own. */
export function endGroup(pid: number | undefined): void {
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

/**
 * That there is a Docker CLI with Compose, and an engine that answers it.
 * @throws {UsageError} with everything that is missing and how to get it.
 */
export async function dockerEngine(call: DockerCall): Promise<Engine> {
  const answers = await Promise.all([docker(['compose', 'version', '--short'], call), docker(['info', '--format', '{{.MemTotal}}'], call)]).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  })
  if (answers === undefined) throw new UsageError({ what: '--stack compose needs Docker, and there is no `docker` here.', fix: 'Install Docker with its Compose plugin, or take --stack open-webui, which needs none.' })
  const [compose, info] = answers
  const problems = [composeProblem(compose), engineProblem(info)].filter((problem) => problem !== undefined)
  if (problems.length > 0) throw new UsageError(problems)
  return { memory: Number(info.stdout.trim()) }
}

function composeProblem({ status, stdout }: DockerAnswer): Problem | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(stdout.trim()) ?? []
  if (status !== 0 || major === undefined) return { what: '`docker compose` is not there.', fix: 'Install the Compose plugin of Docker (docker-compose-plugin).' }
  if (Number(major) > leastCompose[0] || (Number(major) === leastCompose[0] && Number(minor) >= leastCompose[1])) return undefined
  return { what: `Docker Compose ${stdout.trim()} is too old for docker-compose.test.yaml.`, fix: `Install ${leastCompose.join('.')} or newer.` }
}

function engineProblem({ status, stdout, stderr }: DockerAnswer): Problem | undefined {
  if (status === 0 && Number(stdout.trim()) > 0) return undefined
  return { what: `The Docker engine does not answer: ${lastLine(stderr) ?? 'it said nothing'}`, fix: 'Start it, and see that `docker info` works for this user (group docker, DOCKER_HOST).' }
}

/** What a CLI says last is what it died of. */
export const lastLine = (text: string): string | undefined => text.split('\n').map((line) => line.trim()).filter((line) => line !== '').at(-1)
