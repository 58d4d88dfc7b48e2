import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { cacheFolder } from '../stack/cache-folder.ts'
import { serviceOf } from '../stack/compose/compose-stack.ts'
import { containerLogs, stopContainers } from '../stack/compose/left-over.ts'
import { stopStack } from '../stack/left-overs.ts'
import { isRunning } from '../stack/process-identity.ts'
import { type KnownStack, knownStacks } from '../stack/stack-folder.ts'
import type { CommandContext } from './context.ts'
import { unknownStack } from './stack-request.ts'
import { realStacks } from './stack-request.ts'

/** `first-token stack status`: every real stack that is up, or was left behind. */
export function stackStatus(name: string | undefined, context: CommandContext): number {
  const stacks = known(name, context)
  if (stacks.length === 0) context.out('Nothing is up.\n')
  for (const stack of stacks) context.out(`${inWords(stack).join('\n')}\n`)
  return exitCodes.pass
}

function inWords({ folder, state }: KnownStack): string[] {
  if (state === undefined) return [`${folder}: left behind, by a start that was cut short. End it: first-token stack down`]
  const { stack, owner, since, mock, project, sides } = state
  const stage = !isRunning(owner) ? `left behind (process ${owner.pid} is gone); end it: first-token stack down ${stack}` : sides.length === 0 ? 'coming up' : 'up'
  return [
    `${stack}: ${stage}, by process ${owner.pid}, since ${since}`,
    ...(project === undefined ? [] : [`  containers of the compose project ${project}`]),
    ...(mock === undefined ? [] : [`  mock          ${mock.url}/v1${mock.pid === undefined ? '' : `  pid ${mock.pid}`}`]),
    ...sides.map(({ name, profile, url, pids }) => `  ${name.padEnd(13)} ${url}${pids.length === 0 ? '' : `  pid ${pids.join(', ')}`}${profile === name ? '' : `  profile ${profile}`}`),
  ]
}

/** `first-token stack logs NAME [SIDE]`: of every stack of that name that is up. */
export async function stackLogs(name: string, side: string | undefined, context: CommandContext): Promise<number> {
  const sides = known(name, context).flatMap(({ state }) => (state?.sides ?? []).map((one) => ({ ...one, project: state?.project })))
  if (sides.length === 0) throw new UsageError({ what: `Nothing of ${name} is up.`, fix: `Start it: first-token stack up ${name}` })
  const wanted = side === undefined ? sides : sides.filter((one) => one.name === side)
  if (wanted.length === 0) throw new UsageError({ what: `${name} has no side "${side ?? ''}" up.`, fix: `It has ${[...new Set(sides.map((one) => one.name))].join(', ')}.` })
  for (const one of wanted) {
    if (wanted.length > 1) context.out(`── ${one.name}, ${one.url}\n`)
    if (one.project !== undefined) context.out(await containerLogs(one.project, [serviceOf(one.profile)], context.environment))
    else context.out(existsSync(one.log) ? readFileSync(one.log, 'utf8') : '')
  }
  return exitCodes.pass
}

/**
 * `first-token stack down [NAME]`: stops what is up, whoever started it, and what was left behind; of every stack where none is named.
 * @throws {UsageError} for containers of which nothing is known but that there were some: the others are stopped then.
 */
export async function stackDown(name: string | undefined, context: CommandContext): Promise<number> {
  const stacks = known(name, context)
  if (stacks.length === 0) context.out('Nothing is up.\n')
  const unknown: Problem[] = []
  for (const stack of stacks) {
    const project = stack.state?.project
    if (stack.state === undefined && nameOf(stack) === 'compose') {
      unknown.push(lostContainers(stack))
      continue
    }
    const whose = `${nameOf(stack)}, since ${stack.state?.since ?? 'some time'}`
    if (project !== undefined) {
      await stopContainers(stack, project, context.environment)
      context.out(`${whose}: stopped\n`)
      continue
    }
    const { ended } = await stopStack(stack)
    context.out(`${whose}: stopped${ended === 0 ? '' : `, ${ended} processes that were left behind among it`}\n`)
  }
  if (unknown.length > 0) throw new UsageError(unknown)
  return exitCodes.pass
}

/** Containers are found by the name of their project alone, and it stands in what cannot be read. */
const lostContainers = ({ folder }: KnownStack): Problem => ({
  what: `${path.join(folder, 'stack.json')} cannot be read, so that it is not known which containers were started.`,
  fix: `Find the project: docker compose ls --all --filter name=first-token-; then docker compose --project-name NAME down --volumes --remove-orphans, and remove ${folder}.`,
})

/** A folder is called by its stack, the process that made it, and a number of its own. */
const nameOf = ({ folder, state }: KnownStack): string => state?.stack ?? path.basename(folder).replace(/-\d+-[0-9a-f]+$/, '')

function known(name: string | undefined, { environment }: CommandContext): KnownStack[] {
  if (name === 'control') throw new UsageError({ what: 'The control stack is not kept account of: it ends with the command that started it.', fix: 'Press Ctrl-C there.' })
  if (name !== undefined && !realStacks.some((stack) => stack === name)) throw new UsageError(unknownStack(name))
  return knownStacks(cacheFolder(environment), name)
}
