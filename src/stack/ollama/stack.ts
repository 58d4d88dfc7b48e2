import path from 'node:path'
import { cacheFolder } from '../cache-folder.ts'
import { failedStart } from '../failed-start.ts'
import { freePorts } from '../ports.ts'
import { ownIdentity } from '../process-identity.ts'
import { ProcessGroups } from '../process-groups.ts'
import { SideProcessError } from '../side-process.ts'
import { newStackFolder, writeState } from '../stack-folder.ts'
import type { Stack, StackSide } from '../stack.ts'
import { type BuildOptions, ollamaProgram } from './build.ts'
import { type OllamaEnvironment, type OllamaProfile, ollamaProfiles } from './profiles.ts'
import { measuredRate, type OllamaServer, startOllama } from './server.ts'

export interface OllamaStackOptions extends BuildOptions {
  /** Each is a side. */
  readonly profiles: readonly string[]
  /** What is to be different from the profiles: `NAME`, or `PROFILE:NAME` for one side. */
  readonly changes: Readonly<Record<string, string>>
  /** Sides get this port and those that follow; undefined for free ones. */
  readonly firstPort?: number | undefined
}

export interface OllamaSide extends StackSide {
  readonly model: string
  readonly settings: OllamaServer['settings']
  /** Of an answer, where there is but one. */
  readonly tokensPerSecond: number
  readonly log: string
  /** Of its first process, which leads its group. */
  readonly pid: number
}

/**
 * A real Ollama for each profile, with the same model of random weights.
 * @throws {UsageError} where this machine cannot build it; SideProcessError where one does not start that nothing was changed of. Nothing is left then.
 */
export async function startOllamaStack({ profiles, changes, firstPort, ...build }: OllamaStackOptions): Promise<Stack<OllamaSide>> {
  const wanted = profiles.map((profile) => ({ profile, environment: sideEnvironment(profile, changes) }))
  if (firstPort !== undefined) await freePorts(wanted.length, firstPort)
  const program = await ollamaProgram(build)
  const cache = cacheFolder(build.environment)
  const folder = newStackFolder(cache, 'ollama')
  const groups = new ProcessGroups(folder)
  try {
    const starts = await Promise.allSettled(wanted.map(({ profile, environment }, index) => startOllama({
      name: `ollama ${profile}`, program, environment, groups, folder: path.join(folder, profile), port: firstPort === undefined ? 0 : firstPort + index, signal: build.signal,
    })))
    const sides: OllamaSide[] = []
    // One after another: two that tell at once are both slower.
    for (const [index, start] of starts.entries()) {
      if (start.status === 'rejected') throw start.reason
      sides.push(await side(wanted[index]?.profile ?? '', start.value, build))
    }
    writeState(folder, {
      stack: 'ollama', owner: ownIdentity(), since: new Date().toISOString(),
      sides: sides.map(({ name, profile, url, log, pid }) => ({ name, profile, url, log, pids: [pid] })),
    })
    return { sides, died: groups.died, down: () => groups.end() }
  } catch (error) {
    const failure = error instanceof SideProcessError && !build.signal.aborted ? failedStart(error, { cache, stack: 'ollama', folder, sides: profiles, isChanged: Object.keys(changes).length > 0 }) : error
    await groups.end()
    throw failure
  }
}

async function side(profile: string, server: OllamaServer, { note, signal }: BuildOptions): Promise<OllamaSide> {
  const { url, model, settings, group } = server
  const tokensPerSecond = await measuredRate(server, signal)
  note(`ollama ${profile} is up at ${url} and tells ${Math.round(tokensPerSecond)} tokens a second`)
  return { name: profile, profile, url, model, settings, tokensPerSecond, log: group.log, pid: group.group }
}

/** The profile, with what was changed: for all sides, and then for this one. */
function sideEnvironment(profile: string, changes: OllamaStackOptions['changes']): OllamaEnvironment {
  const own = `${profile}:`
  const general = Object.entries(changes).filter(([name]) => !name.includes(':'))
  const special = Object.entries(changes).flatMap(([name, value]): [string, string][] => (name.startsWith(own) ? [[name.slice(own.length), value]] : []))
  return { ...profileEnvironment(profile), ...Object.fromEntries([...general, ...special]) }
}

function profileEnvironment(profile: string): OllamaEnvironment {
  const known = (name: string): name is OllamaProfile => Object.hasOwn(ollamaProfiles, name)
  if (!known(profile)) throw new RangeError(`ollama has no profile ${profile}`)
  return ollamaProfiles[profile]
}
