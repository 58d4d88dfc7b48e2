import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { configFileName, parseConfig } from './config-file.ts'
import { type Config, isBaseUrl, isVariableName, systemKinds } from './config-schema.ts'
import type { CommandContext } from './context.ts'
import { Interrupted, personAtTerminal, type Person } from './person.ts'
import { lookAt, modelsOf, type ServerKind } from './server-probe.ts'
import { guardTarget } from './target-guard.ts'

/** What commander hands over of `init`. */
export interface InitFlags {
  readonly url?: string
  readonly kind?: string
  readonly model?: string
  readonly tokenEnv?: string
  readonly allowHost?: string[]
  readonly out?: string
  readonly yes?: boolean
  readonly force?: boolean
}

/**
 * `first-token init`: asks what a run needs to know of a deployment, the server itself where that can tell, and writes first-token.json. Answers that
 * flags give are not asked for. Returns the process's exit code.
 * @throws {UsageError} naming every flag that is missing where nobody can be asked.
 */
export async function init(flags: InitFlags, context: CommandContext, person: Person | undefined = personAtTerminal()): Promise<number> {
  const asked = flags.yes === true ? undefined : person
  const place = path.resolve(flags.out ?? configFileName)
  try {
    checkFlags(flags)
    await mayWrite(place, flags, asked)
    const config = await answers(flags, context, asked)
    await write(place, config)
    context.out(nextCommands(place, config, context))
    return exitCodes.pass
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    if (error.by === 'end') throw new UsageError({ what: 'The input ended before the last answer: nothing was written.', fix: 'Give the answers as flags: npx first-token init --help lists them.' })
    context.err('Interrupted: nothing was written.\n')
    return exitCodes.interrupted
  } finally {
    asked?.leave()
  }
}

const kinds: readonly string[] = systemKinds
const isKind = (word: string): word is ServerKind => kinds.includes(word)

function checkFlags({ url, kind, tokenEnv }: InitFlags): void {
  const problems: Problem[] = []
  if (url !== undefined && !isBaseUrl(url)) problems.push({ what: '--url is not a base address.', fix: urlFix })
  if (kind !== undefined && !isKind(kind)) problems.push({ what: `--kind ${kind} is not known.`, fix: `It is one of ${kinds.join(', ')}.` })
  if (tokenEnv !== undefined && !isVariableName(tokenEnv)) problems.push({ what: '--token-env is not the name of an environment variable.', fix: tokenFix })
  if (problems.length > 0) throw new UsageError(problems)
}

const urlFix = 'Write it whole, without user name, ? and #, like http://localhost:3000.'
const tokenFix = 'Give its name, like ASTRA_TOKEN, never the token: first-token reads it from there when it runs.'

async function mayWrite(place: string, { force }: InitFlags, person: Person | undefined): Promise<void> {
  if (!existsSync(place) || force === true) return
  const name = path.relative(process.cwd(), place)
  if (person === undefined) throw new UsageError({ what: `${name} is there already.`, fix: 'Overwrite it with --force, or name another file with --out.' })
  if (!(await person.agrees(`${name} is there already. Overwrite it?`))) throw new UsageError({ what: `${name} was left as it is.`, fix: 'Name another file with --out.' })
}

/** The configuration, from flags, from the server, from the person; in this order. */
async function answers(flags: InitFlags, context: CommandContext, person: Person | undefined): Promise<Config> {
  const { url: address, allowHosts } = await addressOf(flags, context, person)
  const look = await lookAt(address)
  for (const words of look.seen) context.err(`${words}\n`)
  const missing: Problem[] = []
  const kind = await kindOf(flags, look.kind, person, missing)
  const url = kind === undefined ? address : look.urlFor(kind)
  const variable = await variableOf(flags, kind, person, missing)
  const model = await modelOf({ flags, kind, url, variable, context, person, missing })
  if (missing.length > 0 || kind === undefined) throw new UsageError(missing)
  return {
    target: { kind, url },
    ...(model === undefined ? {} : { model }),
    ...(variable === undefined ? {} : kind === 'open-webui' ? { tokenEnv: variable } : { apiKeyEnv: variable }),
    ...(allowHosts.length === 0 ? {} : { allowHosts: [...allowHosts] }),
  }
}

interface Address {
  readonly url: string
  /** The public host that the person, or --allow-host, calls their own. */
  readonly allowHosts: readonly string[]
}

async function addressOf(flags: InitFlags, context: CommandContext, person: Person | undefined): Promise<Address> {
  if (flags.url === undefined && person === undefined) {
    const others = (['kind', 'model', 'tokenEnv'] as const).filter((flag) => flags[flag] === undefined).map((flag) => (flag === 'tokenEnv' ? '--token-env' : `--${flag}`))
    throw new UsageError({ what: '--url is missing, and nobody is to be asked.', fix: `Add --url http://HOST:PORT${others.length === 0 ? '' : `, and ${others.join(', ')} where the server does not tell`}.` })
  }
  for (;;) {
    const url = (flags.url ?? (await person?.ask('Address of the system, as in the browser (http://localhost:3000): ')) ?? '').replace(/\/+$/, '')
    const problem = isBaseUrl(url) ? await guardTarget(new URL(url), flags.allowHost ?? []) : { what: 'That is not a base address.', fix: urlFix }
    const host = isBaseUrl(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
    if (problem === undefined) return { url, allowHosts: (flags.allowHost ?? []).filter((allowed) => allowed.toLowerCase() === host) }
    const isPublic = problem.fix.includes('--allow-host')
    if (isPublic && person !== undefined && (await person.agrees(`${problem.what} Is it yours to load?`))) return { url, allowHosts: [host] }
    if (flags.url !== undefined || person === undefined) throw new UsageError(problem)
    context.err(`${problem.what} ${problem.fix}\n`)
  }
}

async function kindOf(flags: InitFlags, found: ServerKind | undefined, person: Person | undefined, missing: Problem[]): Promise<ServerKind | undefined> {
  if (flags.kind !== undefined && isKind(flags.kind)) return flags.kind
  if (person === undefined) {
    if (found === undefined) missing.push({ what: '--kind is missing: what answers at that address does not show what it is.', fix: `Add --kind with one of ${kinds.join(', ')}, or check --url.` })
    return found
  }
  for (;;) {
    const answer = await person.ask(`Kind of system, ${kinds.join(', ')}${found === undefined ? '' : ` [${found}]`}: `)
    if (answer === '' && found !== undefined) return found
    if (isKind(answer)) return answer
  }
}

async function variableOf(flags: InitFlags, kind: ServerKind | undefined, person: Person | undefined, missing: Problem[]): Promise<string | undefined> {
  if (flags.tokenEnv !== undefined) return flags.tokenEnv
  const isNeeded = kind === 'open-webui'
  if (person === undefined) {
    if (isNeeded) missing.push({ what: '--token-env is missing: Open WebUI answers nobody without a session token or a key.', fix: tokenFix })
    return undefined
  }
  for (;;) {
    const answer = await person.ask(isNeeded ? 'Name of the environment variable with the session token [ASTRA_TOKEN]: ' : 'Name of the environment variable with the key, if it takes one []: ')
    if (answer === '') return isNeeded ? 'ASTRA_TOKEN' : undefined
    if (isVariableName(answer)) return answer
  }
}

interface ModelQuestion {
  readonly flags: InitFlags
  readonly kind: ServerKind | undefined
  readonly url: string
  /** The environment variable that holds the token. */
  readonly variable: string | undefined
  readonly context: CommandContext
  readonly person: Person | undefined
  readonly missing: Problem[]
}

/** As many names as a person reads through. */
const mostListed = 40

async function modelOf({ flags, kind, url, variable, context, person, missing }: ModelQuestion): Promise<string | undefined> {
  if (kind === undefined) return flags.model
  const token = context.environment[variable ?? '']?.trim()
  const offer = await modelsOf(kind, url, token === '' ? undefined : token)
  if (offer.kind !== 'models') {
    if (flags.model !== undefined) return flags.model
    const why = offer.kind === 'refused' ? `${offer.why}: ${variable === undefined ? 'it wants a token' : token === undefined || token === '' ? `the environment has no ${variable}` : `what ${variable} holds is wrong or expired`}` : offer.why
    if (offer.kind === 'refused' && variable === undefined && kind !== 'open-webui' && person === undefined) missing.push({ what: `--token-env is missing: ${offer.why}.`, fix: tokenFix })
    if (person === undefined) missing.push({ what: `--model is missing, and the models cannot be asked for (${why}).`, fix: 'Add --model NAME, or put the token into its variable first: export NAME=…' })
    else context.err(`The models cannot be asked for (${why}).\n`)
    const answer = await person?.ask('Model (empty: the only one that is offered): ')
    return answer === '' ? undefined : answer
  }
  const { models } = offer
  const list = models.slice(0, mostListed).join(', ')
  if (flags.model !== undefined) {
    if (models.length > 0 && !models.includes(flags.model)) missing.push({ what: `--model: ${url} does not offer ${flags.model}.`, fix: `It offers ${list}.` })
    return flags.model
  }
  if (models.length === 1) {
    context.err(`Model: ${models[0] ?? ''}, the only one that is offered.\n`)
    return models[0]
  }
  if (person === undefined) {
    missing.push(models.length === 0 ? { what: `--model is missing, and ${url} lists none.`, fix: 'Add --model NAME.' } : { what: `--model is missing: ${url} offers ${models.length} models.`, fix: `Name one with --model: ${list}.` })
    return undefined
  }
  return chosen(models, person, context)
}

async function chosen(models: readonly string[], person: Person, context: CommandContext): Promise<string> {
  context.err(models.slice(0, mostListed).map((name, index) => `${String(index + 1).padStart(3)}  ${name}\n`).join(''))
  if (models.length > mostListed) context.err(`     … and ${models.length - mostListed} more, to be given by name\n`)
  for (;;) {
    const answer = await person.ask('Model, its number or its name: ')
    const name = models.includes(answer) || (models.length === 0 && answer !== '') ? answer : models[Number(answer) - 1]
    if (name !== undefined) return name
  }
}

/** Under a name of its own first, so that whoever interrupts it finds the old file or the new one, and no half. */
async function write(place: string, config: Config): Promise<void> {
  const schema = 'node_modules/first-token/schema/config.schema.json'
  const text = `${JSON.stringify({ ...(existsSync(path.join(path.dirname(place), schema)) ? { $schema: `./${schema}` } : {}), ...config }, null, 2)}\n`
  await parseConfig(text)
  const real = existsSync(place) ? realpathSync(place) : place
  const part = `${real}.${process.pid}.part`
  try {
    writeFileSync(part, text, { flag: 'wx' })
    renameSync(part, real)
  } catch (error) {
    rmSync(part, { force: true })
    throw new UsageError({ what: `${path.relative(process.cwd(), place)} cannot be written (${error instanceof Error && 'code' in error ? String(error.code) : String(error)}).`, fix: 'Name another file with --out.' })
  }
}

function nextCommands(place: string, config: Config, { environment }: CommandContext): string {
  const name = path.relative(process.cwd(), place)
  const variable = config.tokenEnv ?? config.apiKeyEnv
  const file = name === configFileName ? '' : ` --config ${/^[\w@%+=:,./-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`}`
  return [
    `${name} is written: ${config.target?.kind ?? ''} at ${config.target?.url ?? ''}${config.model === undefined ? '' : `, model ${config.model}`}.`,
    '',
    'Next:',
    ...(variable === undefined || (environment[variable] ?? '') !== '' ? [] : [`  read -rs ${variable} && export ${variable}    # paste the token; it stands in no file`]),
    `  npx first-token run all${file} --label before`,
    '  … change what is to be changed, and restart it …',
    `  npx first-token run all${file} --label after --against before`,
    '',
  ].join('\n')
}
