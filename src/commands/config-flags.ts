import { type Problem, UsageError } from '../errors.ts'
import type { Config, ConfigBounds, ConfigSystem } from './config-schema.ts'
import type { RunFlags } from './run-request.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The flags of `run` with what a configuration may say besides: strings as one would type them, `set` as `name=value`, `bounds` as in the file. */
export interface ConfiguredFlags extends RunFlags {
  readonly tokenEnv?: string
  readonly userEnv?: string
  readonly passwordEnv?: string
  readonly modelUrl?: string
  readonly maxMessages?: string
  readonly maxTokens?: string
  readonly caFile?: string
  readonly set?: string[]
  readonly bounds?: ConfigBounds
}

/**
 * What holds for a run: its flags, before the environment (FIRST_TOKEN_…), before the configuration file. A file describes a deployment, so a run on the
 * shipped control stack takes little of it, and its credentials are sent to no other origin than it names.
 * @throws {UsageError} for a variable of the environment that says nothing.
 */
export function withConfig(flags: ConfiguredFlags, config: Config, environment: Environment): ConfiguredFlags {
  const ours = environmentFlags(environment)
  const systems = systemsOf(flags, ours.target, config)
  const onTarget = Object.keys(systems).length > 0
  const isOverruled = !onTarget && [config.target, config.before, config.after].some((system) => system !== undefined)
  const allowHost = [...new Set([...(flags.allowHost ?? []), ...ours.allowHost, ...(config.allowHosts ?? [])])]
  const everywhere: ConfiguredFlags = isOverruled ? some({ out: config.out }) : some({ out: config.out, rounds: config.rounds?.toString(), budget: config.budget, stallLimit: config.stallLimit })
  const aboutTarget: ConfiguredFlags = onTarget
    ? { ...some({ model: ours.model ?? config.model, modelUrl: config.modelUrl, mock: config.mock, container: containerOf(systems, config), load: config.load, maxMessages: config.maxMessages?.toString(), maxTokens: config.maxTokens?.toString(), caFile: config.caFile, bounds: config.bounds }), ...credentials(flags, systems, config) }
    : {}
  const set = isOverruled ? (flags.set ?? []) : parameters(flags.set ?? [], config.set ?? {})
  return {
    ...everywhere,
    ...aboutTarget,
    ...some({ out: ours.out, yes: ours.yes }),
    ...flags,
    ...systems,
    ...headers(flags, aboutTarget.header),
    ...(allowHost.length === 0 ? {} : { allowHost }),
    ...(set.length === 0 ? {} : { set }),
  }
}

/** The object without the members that are undefined: a flag that was not given is not there. */
function some<T extends Record<string, unknown>>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> }
}

interface EnvironmentFlags {
  readonly target: string | undefined
  readonly model: string | undefined
  readonly out: string | undefined
  readonly allowHost: readonly string[]
  readonly yes: true | undefined
}

function environmentFlags(environment: Environment): EnvironmentFlags {
  const problems: Problem[] = []
  const read = (name: string): string | undefined => {
    const text = environment[`FIRST_TOKEN_${name}`]?.trim()
    return text === '' ? undefined : text
  }
  const target = read('TARGET')
  if (target !== undefined && !/^[a-z-]+=./.test(target)) problems.push({ what: 'FIRST_TOKEN_TARGET is not KIND=URL.', fix: 'Write it like --target takes it: open-webui=http://localhost:3000.' })
  const yes = read('YES')?.toLowerCase()
  if (yes !== undefined && !['1', 'true', 'yes', '0', 'false', 'no'].includes(yes)) problems.push({ what: 'FIRST_TOKEN_YES is neither 1 nor 0.', fix: 'Write FIRST_TOKEN_YES=1 to be asked nothing, or unset it.' })
  if (problems.length > 0) throw new UsageError(problems)
  return { target, model: read('MODEL'), out: read('OUT'), allowHost: read('ALLOW_HOST')?.split(/[\s,]+/).filter((host) => host !== '') ?? [], yes: yes === '1' || yes === 'true' || yes === 'yes' ? true : undefined }
}

type Systems = Pick<ConfiguredFlags, 'target' | 'before' | 'after'>

/** Whoever names a system first names all: --before of the flags does not go with a target of the file. A --defect asks for the control stack, --stack for the one it names. */
function systemsOf(flags: ConfiguredFlags, fromEnvironment: string | undefined, config: Config): Systems {
  const typed: Systems = some({ target: flags.target, before: flags.before, after: flags.after })
  if (Object.keys(typed).length > 0) return typed
  if (flags.stack !== undefined || (flags.defect ?? []).length > 0) return {}
  if (fromEnvironment !== undefined) return { target: fromEnvironment }
  const text = (system: ConfigSystem | undefined): string | undefined => (system === undefined ? undefined : `${system.kind}=${system.url}`)
  return some({ target: text(config.target), before: text(config.before), after: text(config.after) })
}

/** The container of the file is that of the target of the file, and of no other that was named instead. */
function containerOf({ target }: Systems, { container, target: known }: Config): string[] | undefined {
  const isKnown = target !== undefined && known !== undefined && originOf(target.slice(target.indexOf('=') + 1)) === originOf(known.url)
  return container !== undefined && isKnown ? [container] : undefined
}

const waysToSignIn = ['apiKeyEnv', 'apiKeyFile', 'tokenEnv', 'userEnv', 'passwordEnv'] as const

function credentials(flags: ConfiguredFlags, systems: Systems, config: Config): ConfiguredFlags {
  const known = [config.target, config.before, config.after].flatMap((system) => (system === undefined ? [] : [originOf(system.url)]))
  const asked = Object.values(systems).map((text) => originOf(text.slice(text.indexOf('=') + 1)))
  if (known.length > 0 && !asked.every((origin) => origin !== undefined && known.includes(origin))) return {}
  const headersOfFile = Object.entries(config.headers ?? {}).map(([name, reference]) => `${name}=${reference}`)
  const typed = (flags.header ?? []).map(headerName)
  const signsIn = waysToSignIn.some((way) => flags[way] !== undefined)
  const header = headersOfFile.filter((text) => !typed.includes(headerName(text)) && !(signsIn && headerName(text) === 'authorization'))
  const signIn = signsIn || typed.includes('authorization') ? {} : some(Object.fromEntries(waysToSignIn.map((way) => [way, config[way]])))
  return { ...signIn, ...(header.length === 0 ? {} : { header }) }
}

const headers = (flags: ConfiguredFlags, fromFile: string[] | undefined): Pick<ConfiguredFlags, 'header'> => (fromFile === undefined ? {} : { header: [...(flags.header ?? []), ...fromFile] })

const headerName = (text: string): string => text.slice(0, Math.max(0, text.indexOf('='))).toLowerCase()

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined)

/** `name=value` of both; a name that was typed is not taken from the file. */
function parameters(typed: readonly string[], fromFile: NonNullable<Config['set']>): string[] {
  const name = (text: string): string => text.split('=', 1)[0] ?? ''
  return [...typed, ...Object.entries(fromFile).filter(([one]) => !typed.some((text) => name(text) === one)).map(([one, amount]) => `${one}=${amount}`)]
}
