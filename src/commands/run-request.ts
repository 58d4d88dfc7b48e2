import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { parseDuration } from '../duration.ts'
import type { Rules, SideSpec } from '../sample/run-file.ts'
import { type Credentials, credentials } from './credentials.ts'
import { againstProblems } from './against.ts'
import { inContainers } from './container-flag.ts'
import { switchedTargets, switchProblems } from './side-switch.ts'
import { type StackRequest, stackRequest, stackTargets } from './stack-request.ts'
import { whyNoBrowser } from '../target/browser/chromium.ts'
import { guardTarget } from './target-guard.ts'

/** What commander hands over of `run`: strings as typed. */
export interface RunFlags {
  readonly target?: string
  readonly before?: string
  readonly after?: string
  readonly label?: string
  readonly mock?: string
  readonly model?: string
  readonly apiKeyEnv?: string
  readonly apiKeyFile?: string
  readonly tokenEnv?: string
  readonly userEnv?: string
  readonly passwordEnv?: string
  readonly header?: string[]
  readonly caFile?: string
  readonly insecure?: boolean
  readonly modelUrl?: string
  readonly healthUrl?: string
  readonly container?: string[]
  readonly search?: boolean
  readonly maxMessages?: string
  readonly maxTokens?: string
  readonly against?: string
  readonly switch?: string
  readonly set?: string[]
  readonly config?: string
  readonly allowHost?: string[]
  readonly load?: string
  readonly defect?: string[]
  readonly stack?: string
  readonly profiles?: string
  readonly via?: string
  readonly modelServer?: string
  readonly setEnv?: string[]
  readonly quick?: boolean
  readonly rounds?: string
  readonly budget?: string
  readonly seed?: string
  readonly stallLimit?: string
  readonly engine?: string
  readonly out?: string
  readonly json?: boolean
  readonly strict?: boolean
  readonly yes?: boolean
  readonly list?: boolean
  readonly dryRun?: boolean
}

/** What a target speaks. */
export type TargetKind = 'openai' | 'ollama' | 'open-webui' | 'open-webui-socket' | 'browser'

/** A system that runs already, as a flag names it. */
export interface TargetFlag {
  readonly side: string
  readonly role: 'judged' | 'reference'
  readonly kind: TargetKind
  readonly url: string
  /** Of a stack that the run started: the profile of this side, and the settings in force. */
  readonly profile?: string
  readonly settings?: SideSpec['settings']
  /** Where its model tells as many tokens as it is asked for: how many a second. */
  readonly tokensPerSecond?: number
  /** The container that it runs in, where somebody named it. */
  readonly container?: string
}

export interface RunRequest {
  readonly targets: readonly TargetFlag[]
  /** A real stack to be started; its sides are `targets`, which have no address until it is up, no more than `mockUrl`. */
  readonly stack: StackRequest | undefined
  /** Whether the control stack is spoken to as Open WebUI's page does, whatever a scenario needs. */
  readonly controlVia: 'socket' | undefined
  readonly mockUrl: string | undefined
  /** The model directly: the base that an OpenAI client takes. */
  readonly modelUrl: string | undefined
  /** Whether an OpenAI-compatible target searches the web when it is asked to. */
  readonly search: boolean
  /** Why no browser can be started here, a sentence without its full stop; undefined where one can, and where none is asked for. */
  readonly noBrowser: string | undefined
  /** `gentle`: one message at a time, for systems that somebody may be using. `pages`: the same in a browser, and batches in as many pages as there may be. */
  readonly load: 'gentle' | 'pages' | 'full'
  /** Ceilings over everything that is said to targets; undefined for none. */
  readonly maxMessages: number | undefined
  readonly maxTokens: number | undefined
  /** The label of the earlier run that this one is compared with. */
  readonly against: string | undefined
  /** Whether the one system was given a label: another run may be compared with this one. */
  readonly isLabelled: boolean
  /** The command that puts a side in force. */
  readonly switchCommand: string | undefined
  /** What --set says, as typed. */
  readonly set: Readonly<Record<string, string>>
  /** Whether nothing is to be asked. */
  readonly yes: boolean
  readonly model: string | undefined
  readonly credentials: Credentials
  /** What /health is on targets of kind openai; the others have one that is known. */
  readonly healthUrl: string | undefined
  /** As typed; the control stack knows its own settings. */
  readonly defects: readonly string[]
  readonly size: Rules['size']
  readonly rounds: number | undefined
  readonly budget: number
  readonly seed: number
  readonly stallLimit: number | undefined
  readonly out: string
  readonly json: boolean
  readonly strict: boolean
}

const kinds: readonly TargetKind[] = ['openai', 'ollama', 'open-webui', 'open-webui-socket', 'browser']

/** Budgets of a scenario, ms: on the control stack, where one look takes 80 s and a second one fits, and elsewhere. */
const budgets = { control: 200_000, elsewhere: 600_000 }

/**
 * Reads the flags of `run`.
 * @throws {UsageError} with every problem found, not the first.
 */
export async function runRequest(flags: RunFlags, environment: Readonly<Record<string, string | undefined>>): Promise<RunRequest> {
  const problems: Problem[] = []
  const named = targetFlags(flags, problems)
  const [one] = named
  const stack = stackRequest(flags, problems, environment)
  const running = flags.switch === undefined || one === undefined ? named : switchedTargets(one)
  const targets = stack === undefined ? inContainers(running, flags.container ?? [], problems) : stackTargets(stack)
  const mockUrl = flags.mock === undefined ? undefined : httpUrl('--mock', flags.mock, problems)
  const urls = [...running.map((target) => target.url), ...(mockUrl === undefined ? [] : [mockUrl])]
  for (const url of urls) {
    const problem = await guardTarget(new URL(url), (flags.allowHost ?? []).map((host) => host.toLowerCase()))
    if (problem !== undefined && !problems.some((known) => known.what === problem.what)) problems.push(problem)
  }
  const modelUrl = flags.modelUrl === undefined ? undefined : httpUrl('--model-url', flags.modelUrl, problems)
  if (modelUrl !== undefined) problems.push(...[await guardTarget(new URL(modelUrl), (flags.allowHost ?? []).map((host) => host.toLowerCase()))].filter((found) => found !== undefined))
  checkCombinations(flags, running, problems)
  if (flags.stack === undefined || named.length > 0) problems.push(...switchProblems(flags), ...againstProblems(flags))
  const request: RunRequest = {
    targets,
    stack,
    controlVia: targets.some(({ kind }) => kind === 'open-webui-socket') || (stack === undefined && flags.via === 'socket') ? 'socket' : undefined,
    mockUrl: stack?.modelServer === 'mock' ? '' : mockUrl?.replace(/\/+$/, '').replace(/\/v1$/, ''),
    modelUrl,
    search: stack !== undefined || (flags.search ?? false),
    noBrowser: targets.some(({ kind }) => kind === 'browser') ? whyNoBrowser(environment) : undefined,
    load: flags.load === 'gentle' || (flags.load === undefined && running.length > 0) ? 'gentle' : targets.some(({ kind }) => kind === 'browser') ? 'pages' : 'full',
    maxMessages: whole('--max-messages', flags.maxMessages, 1, 10_000_000, problems),
    maxTokens: whole('--max-tokens', flags.maxTokens, 1, 1_000_000_000, problems),
    against: flags.against,
    isLabelled: flags.label !== undefined,
    switchCommand: flags.switch,
    set: settings(flags.set ?? [], problems),
    yes: flags.yes ?? false,
    model: flags.model,
    credentials: credentials(flags, environment, problems),
    healthUrl: flags.healthUrl === undefined ? undefined : httpUrl('--health-url', flags.healthUrl, problems),
    defects: stack === undefined ? flags.defect ?? [] : [],
    size: flags.quick === true ? 'quick' : 'standard',
    rounds: whole('--rounds', flags.rounds, 1, 100, problems),
    budget: time('--budget', flags.budget, problems) ?? (targets.length === 0 ? budgets.control : budgets.elsewhere),
    seed: whole('--seed', flags.seed, 0, 4_294_967_295, problems) ?? Math.floor(Math.random() * 4_294_967_296),
    stallLimit: stallLimit(flags.stallLimit, problems),
    out: flags.out ?? 'reports',
    json: flags.json ?? false,
    strict: flags.strict ?? false,
  }
  if (problems.length > 0) throw new UsageError(problems, exitCodes.usage)
  return request
}

function targetFlags(flags: RunFlags, problems: Problem[]): TargetFlag[] {
  const single = flags.target === undefined ? [] : [target('--target', flags.target, flags.label ?? 'target', 'judged', problems)]
  const before = flags.before === undefined ? [] : [target('--before', flags.before, 'before', 'reference', problems)]
  const after = flags.after === undefined ? [] : [target('--after', flags.after, 'after', 'judged', problems)]
  return [...single, ...before, ...after].filter((found) => found !== undefined)
}

function target(flag: string, text: string, side: string, role: TargetFlag['role'], problems: Problem[]): TargetFlag | undefined {
  const separator = text.indexOf('=')
  const word = text.slice(0, Math.max(0, separator))
  const kind = kinds.find((known) => known === word)
  if (kind === undefined) {
    problems.push({
      what: `${flag} ${text} is not KIND=URL.`,
      fix: `Write ${flag} openai=http://HOST:PORT/v1 (the base that an OpenAI client takes), open-webui=http://HOST:PORT (its page: open-webui-socket=…, or browser=… in a real browser) or ollama=http://HOST:PORT.`,
    })
    return undefined
  }
  const url = httpUrl(flag, text.slice(separator + 1), problems)
  return url === undefined ? undefined : { side, role, kind, url }
}

/** `--set NAME=VALUE`, by name; the scenario knows what it takes. */
function settings(texts: readonly string[], problems: Problem[]): Record<string, string> {
  const set: Record<string, string> = {}
  for (const text of texts) {
    const [, name, value] = /^([A-Za-z][A-Za-z0-9]*)=(.+)$/s.exec(text) ?? []
    if (name === undefined || value === undefined) problems.push({ what: `--set ${text} is not NAME=VALUE.`, fix: 'Write --set errorWithin=8s, for one.' })
    else if (Object.hasOwn(set, name)) problems.push({ what: `--set ${name} is given twice.`, fix: 'Keep one.' })
    else set[name] = value
  }
  return set
}

function httpUrl(flag: string, text: string, problems: Problem[]): string | undefined {
  try {
    const url = new URL(text)
    if (url.username !== '' || url.password !== '') {
      problems.push({ what: `${flag}: the address holds a user name or a password.`, fix: 'Give credentials by --api-key-env or --header Name=env:VAR: arguments are visible to every process.' })
      return undefined
    }
    if (url.search !== '' || url.hash !== '') {
      problems.push({ what: `${flag}: the address has a query or a fragment, which a base address has not.`, fix: 'Leave out what follows the ? or #; keys go by --api-key-env or --header Name=env:VAR.' })
      return undefined
    }
    if (url.protocol === 'http:' || url.protocol === 'https:') return text.replace(/\/+$/, '')
  } catch {
    // falls through to the same message
  }
  problems.push({ what: `${flag}: "${text}" is not an address.`, fix: 'Write it whole, like http://127.0.0.1:3000/v1.' })
  return undefined
}

function checkCombinations(flags: RunFlags, targets: readonly TargetFlag[], problems: Problem[]): void {
  const onTargets = flags.target !== undefined || flags.before !== undefined || flags.after !== undefined
  if (flags.target !== undefined && (flags.before !== undefined || flags.after !== undefined)) problems.push({ what: '--target and --before/--after are both given.', fix: 'Use --target for one system, --before and --after for two.' })
  if (flags.before !== undefined && flags.after === undefined) problems.push({ what: '--before is given without --after.', fix: 'Name the system to be judged with --after KIND=URL, or measure one alone with --target.' })
  if (!['gentle', 'full', undefined].includes(flags.load)) problems.push({ what: `--load ${flags.load ?? ''} is not known.`, fix: 'It takes gentle (what a target gets) or full (where the system is yours alone while it is measured).' })
  if (onTargets && flags.stack !== undefined) problems.push({ what: '--stack starts a system, and one that runs already was named.', fix: 'Drop one of the two.' })
  if (onTargets && (flags.defect ?? []).length > 0) problems.push({ what: '--defect changes the control stack, and a target was named.', fix: 'Drop one of the two.' })
  if (!onTargets) problems.push(...targetless(flags))
  if (flags.label !== undefined && flags.target === undefined && onTargets) problems.push({ what: '--label names the one system of --target; --before and --after have names.', fix: 'Leave it out.' })
  if (flags.label !== undefined && !/^[\w.-]{1,32}$/.test(flags.label)) problems.push({ what: `--label "${flags.label}" is not a name.`, fix: 'Use letters, digits, dots and dashes, 32 at most.' })
  if (flags.engine !== undefined && flags.engine !== 'node') problems.push({ what: `--engine ${flags.engine} is not supported yet.`, fix: 'Leave it out: the engine is node.' })
  if (flags.switch !== undefined && targets.some(({ kind }) => kind === 'browser')) problems.push({ what: '--switch takes turns, and a browser says too few messages for it.', fix: 'Measure its API by turns: --target open-webui=URL.' })
  if (flags.caFile !== undefined && targets.some(({ kind }) => kind === 'browser')) problems.push({ what: '--ca-file: a browser believes the authorities of its own store, and takes no file.', fix: 'Add the authority to the store of this machine’s Chromium, or measure the API with --target open-webui=URL.' })
  const origin = (url: string): string => url.replace(/\/+$/, '').replace(/\/v1$/, '')
  if (targets.some((one) => origin(one.url) === origin(flags.mock ?? ''))) problems.push({ what: '--mock and the target are the same address.', fix: 'The target is the gateway, --mock the model behind it.' })
}

const aboutTargets = ['mock', 'model', 'modelUrl', 'apiKeyEnv', 'apiKeyFile', 'tokenEnv', 'userEnv', 'passwordEnv', 'caFile', 'container', 'maxMessages', 'maxTokens', 'against', 'label'] as const

/** What is said about a target where there is none. With --stack it is no help to name one: it would be refused next. */
function targetless(flags: RunFlags): Problem[] {
  const flagName = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  if (flags.stack === undefined) return aboutTargets.filter((flag) => flags[flag] !== undefined).map((flag) => ({ what: `${flagName(flag)} says something about a target, and none was named.`, fix: 'Add --target openai=URL.' }))
  return [...aboutTargets, 'switch' as const].filter((flag) => flags[flag] !== undefined).map((flag) => ({ what: `${flagName(flag)} says something about a target, and --stack starts a stack of ours.`, fix: `Leave it out: ${whyNotOurs(flag)}` }))
}

function whyNotOurs(flag: (typeof aboutTargets)[number] | 'switch'): string {
  switch (flag) {
    case 'against': case 'label': return 'a stack of ours has its sides in one run; two runs are compared by `first-token compare RUN RUN`.'
    case 'switch': return 'a stack of ours has all its sides in one run.'
    case 'maxMessages': case 'maxTokens': return 'a stack of ours is nobody else’s, and costs nothing a message.'
    default: return 'a stack of ours brings its own model, accounts and containers.'
  }
}

/** Stories last two and a half limits and three times that, and nobody waits for a quarter of an hour. */
const longestStallLimit = 60_000

function stallLimit(text: string | undefined, problems: Problem[]): number | undefined {
  const limit = time('--stall-limit', text, problems)
  if (limit !== undefined && limit > longestStallLimit) problems.push({ what: `--stall-limit ${text ?? ''} is too long: stories would have to last for many minutes to show a stall.`, fix: 'It takes a minute at most.' })
  return limit
}

function whole(flag: string, text: string | undefined, least: number, most: number, problems: Problem[]): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value
  problems.push({ what: `${flag} ${text} is not a whole number from ${least} to ${most}.`, fix: `Write ${flag} ${Math.max(least, 6)}, for one.` })
  return undefined
}

function time(flag: string, text: string | undefined, problems: Problem[]): number | undefined {
  if (text === undefined) return undefined
  const value = parseDuration(text)?.milliseconds
  if (value !== undefined && value > 0) return value
  if (value === 0) problems.push({ what: `${flag} ${text}: it has to be more than 0.`, fix: `Write it like ${flag} 500ms, 45s, 2m.` })
  else problems.push({ what: `${flag} ${text} is not a length of time.`, fix: `Write it with its unit: ${flag} 500ms, 45s, 2m.` })
  return undefined
}
