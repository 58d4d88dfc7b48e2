import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { parseDefects } from '../stack/control/settings.ts'
import { startControlStack } from '../stack/control/stack.ts'
import type { Death } from '../stack/side-process.ts'
import type { CommandContext } from './context.ts'
import { processFiles } from './package-files.ts'
import { type StackRequest, stackRequest } from './stack-request.ts'
import { type StartedStack, startStack } from './started-stack.ts'
import { StopSignal } from './stop-signal.ts'

/** What commander hands over of `stack up`: strings as typed. */
export interface StackFlags {
  readonly profiles?: string
  readonly modelServer?: string
  readonly setEnv?: string[]
  readonly port?: string
  readonly quick?: boolean
  readonly defect?: string[]
}

/** `first-token stack up NAME`: a stack in the foreground, to be looked at by hand, until Ctrl-C. */
export async function stackUp(name: string, flags: StackFlags, context: CommandContext): Promise<number> {
  if (name === 'control') return controlUp(flags, context)
  const { request, firstPort } = requested(name, flags, context)
  const stop = new StopSignal()
  let stack: StartedStack | undefined
  try {
    stack = await startStack(request, { note: (line) => context.err(`${line}\n`), signal: stop.signal, firstPort })
    context.out(described(stack))
    context.err(`The stack runs until Ctrl-C, or until: first-token stack down ${name}\n`)
    return await untilStopped(stack, stop, context)
  } catch (error) {
    if (stop.exitCode === undefined) throw error
    return stop.exitCode
  } finally {
    await stack?.down()
    stop.release()
  }
}

function requested(name: string, { port, ...flags }: StackFlags, { environment }: CommandContext): { readonly request: StackRequest; readonly firstPort: number | undefined } {
  const problems: Problem[] = []
  const request = stackRequest({ ...flags, stack: name }, problems, environment)
  const firstPort = port === undefined ? undefined : Number(port)
  if (firstPort !== undefined && !(Number.isInteger(firstPort) && firstPort >= 1 && firstPort <= 65_500)) problems.push({ what: `--port ${port ?? ''} is no port.`, fix: 'Write --port 3000, for one.' })
  if (request === undefined || problems.length > 0) throw new UsageError(problems)
  return { request, firstPort }
}

/** Where everything is, and how one of the sides is measured as it stands. Tokens and passwords are in a file. */
function described({ targets, mockUrl, modelUrl, models, accountsFile }: StartedStack): string {
  const behind = modelUrl === undefined ? { name: 'mock', url: mockUrl, flag: `--mock ${mockUrl ?? ''}` } : { name: 'model', url: modelUrl, flag: `--model-url ${modelUrl}` }
  const lines = behind.url === undefined ? [] : [`${behind.name} ${behind.url.replace(/\/v1$/, '')}/v1`]
  for (const { side, url, settings = {} } of targets) lines.push('', `${side} ${url}`, ...Object.entries(settings).map(([name, value]) => `  ${name}=${String(value)}`))
  const [first] = targets
  if (accountsFile !== undefined && first !== undefined) {
    const variable = `${first.side.toUpperCase()}_PERSON`
    lines.push(
      '', `E-mail addresses, passwords and tokens (SIDE_PERSON_TOKEN and so on) are in`, `  ${accountsFile}`, `To measure ${first.side} as it stands:`,
      `  (set -a; . ${accountsFile}; first-token run concurrent --target open-webui=${first.url}${behind.url === undefined ? '' : ` ${behind.flag}`} --model ${models.get(first.side) ?? ''} --token-env ${variable}_TOKEN --load full --yes)`,
    )
  }
  return `${lines.join('\n')}\n`
}

async function untilStopped({ died }: { readonly died: Promise<Death> }, stop: StopSignal, context: CommandContext): Promise<number> {
  void died.then(({ name, detail }) => stop.abort(`${name} ended unasked (${detail})`))
  await new Promise<void>((resolve) => {
    if (stop.signal.aborted) resolve()
    else stop.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  if (stop.exitCode !== undefined) return exitCodes.pass
  context.err(`${String(stop.signal.reason)}\n`)
  return exitCodes.fail
}

async function controlUp({ defect = [], ...others }: StackFlags, context: CommandContext): Promise<number> {
  const foreign = Object.keys(others)
  if (foreign.length > 0) throw new UsageError({ what: `${foreign.map((flag) => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`).join(', ')}: the control stack has no such thing.`, fix: 'Its settings are changed by --defect.' })
  const names = ['before', 'after'] as const
  const perSide = parseDefects([...defect], [...names])
  const stop = new StopSignal()
  const stack = await startControlStack({ sides: names.map((side) => ({ name: side, profile: side, defects: perSide[side] ?? {} })), files: processFiles() })
  try {
    context.out(`mock    ${stack.mock.url}/v1\n`)
    for (const side of stack.sides) context.out(`${side.name.padEnd(7)} ${side.url}/v1   ${Object.entries(side.settings).map(([key, value]) => `${key}=${String(value)}`).join(' ')}\n`)
    context.err('The stack runs until Ctrl-C.\n')
    return await untilStopped(stack, stop, context)
  } finally {
    await stack.down()
    stop.release()
  }
}
