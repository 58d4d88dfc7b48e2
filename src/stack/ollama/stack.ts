import { type Problem, UsageError } from '../../errors.ts'
import type { Stack, StackSide } from '../stack.ts'
import { type BuildOptions, ollamaProgram } from './build.ts'
import { type OllamaEnvironment, type OllamaProfile, ollamaProfiles } from './profiles.ts'
import { measuredRate, type OllamaServer, startOllama } from './server.ts'

export interface OllamaStackOptions extends BuildOptions {
  /** Each is a side. */
  readonly profiles: readonly string[]
  /** What is to be different from the profiles: `NAME`, or `PROFILE:NAME` for one side. */
  readonly changes: Readonly<Record<string, string>>
}

export interface OllamaSide extends StackSide {
  readonly model: string
  readonly settings: OllamaServer['settings']
  /** Of an answer, where there is but one. */
  readonly tokensPerSecond: number
}

/** What the stack sets itself: with another value it would not come up, or not be gone afterwards. */
const ours = ['HOME', 'OLLAMA_HOST', 'OLLAMA_MODELS', 'OLLAMA_NOPRUNE', 'OLLAMA_KEEP_ALIVE']

/**
 * A real Ollama for each profile, with the same model of random weights.
 * @throws {UsageError} for changes that cannot be, and where this machine cannot build it; SideProcessError where one does not start. Nothing is left then.
 */
export async function startOllamaStack({ profiles, changes, ...build }: OllamaStackOptions): Promise<Stack<OllamaSide>> {
  const wanted = profiles.map((profile) => ({ profile, environment: sideEnvironment(profile, changes) }))
  const refused = Object.keys(changes).filter((change) => ours.includes(change.replace(/^.*:/, '')))
  if (refused.length > 0) throw new UsageError(refused.map((change): Problem => ({ what: `--set-env ${change}: the stack sets this itself.`, fix: 'Leave it out.' })))
  const program = await ollamaProgram(build)
  const starts = await Promise.allSettled(wanted.map(({ profile, environment }) => startOllama({ name: `ollama ${profile}`, program, environment, signal: build.signal })))
  const servers = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const down = async (): Promise<void> => { await Promise.all(servers.map((server) => server.stop())) }
  try {
    const failed = starts.find((start) => start.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const sides: OllamaSide[] = []
    // One after another: two that tell at once are both slower.
    for (const [index, { profile }] of wanted.entries()) sides.push(await side(profile, servers[index], build))
    return { sides, died: Promise.race(servers.map(({ died }) => died)), down }
  } catch (error) {
    await down()
    throw error
  }
}

async function side(profile: string, server: OllamaServer | undefined, { note, signal }: BuildOptions): Promise<OllamaSide> {
  if (server === undefined) throw new RangeError(`${profile} was not started`)
  const { url, model, settings } = server
  const tokensPerSecond = await measuredRate(server, signal)
  note(`ollama ${profile} is up at ${url} and tells ${Math.round(tokensPerSecond)} tokens a second`)
  return { name: profile, profile, url, model, settings, tokensPerSecond }
}

/** The profile, with what was changed: for all sides, and then for this one. */
function sideEnvironment(profile: string, changes: OllamaStackOptions['changes']): OllamaEnvironment {
  const own = `${profile}:`
  const general = Object.entries(changes).filter(([name]) => !name.includes(':'))
  const special = Object.entries(changes).flatMap(([name, value]) => (name.startsWith(own) ? [[name.slice(own.length), value]] : []))
  return { ...profileEnvironment(profile), ...Object.fromEntries([...general, ...special]) }
}

function profileEnvironment(profile: string): OllamaEnvironment {
  const known = (name: string): name is OllamaProfile => Object.hasOwn(ollamaProfiles, name)
  if (!known(profile)) throw new RangeError(`ollama has no profile ${profile}`)
  return ollamaProfiles[profile]
}
