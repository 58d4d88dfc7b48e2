import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { z } from 'zod'
import { parseDuration } from '../duration.ts'
import { type Problem, UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { parseJson } from './config-json.ts'
import { beginsLikeSecret, type Config, configSchema, type Form, forms, memberNames } from './config-schema.ts'

export const configFileName = 'first-token.json'

/** The configuration that holds in a folder; `path` is undefined where there is no file, and `config` is then empty. */
export interface ConfigFile {
  readonly path: string | undefined
  readonly config: Config
}

/**
 * Reads first-token.json of the folder, or the file that --config names. Paths in it are relative to it, and come back relative to the folder.
 * @throws {UsageError} with everything that is wrong in it, each with its place and its fix.
 */
export async function readConfig({ file, folder }: { readonly file?: string | undefined; readonly folder: string }): Promise<ConfigFile> {
  const place = path.resolve(folder, file ?? configFileName)
  if (file === undefined && !existsSync(place)) return { path: undefined, config: {} }
  const name = path.relative(folder, place)
  const config = await parseConfig(textOf(place, name), name)
  const rebased = (member: 'apiKeyFile' | 'caFile' | 'out'): Partial<Config> => {
    const value = config[member]
    return value === undefined ? {} : { [member]: path.isAbsolute(value) ? value : path.relative(folder, path.resolve(path.dirname(place), value)) }
  }
  return { path: place, config: { ...config, ...rebased('apiKeyFile'), ...rebased('caFile'), ...rebased('out') } }
}

function textOf(place: string, name: string): string {
  try {
    return readFileSync(place, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    throw new UsageError({ what: `The configuration ${name} cannot be read${code}.`, fix: 'Check the path, or let `npx first-token init` write one.' })
  }
}

/**
 * The configuration that a text holds; `name` is what the file is called in messages.
 * @throws {UsageError} with everything that is wrong in it.
 */
export async function parseConfig(text: string, name: string = configFileName): Promise<Config> {
  const json = await parseJson(text, name)
  if (json.kind === 'problems') throw new UsageError(json.problems)
  const parsed = configSchema.safeParse(json.value)
  const found = [...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => issueProblems(issue, json.value))), ...combinationProblems(json.value), ...boundProblems(json.value), ...secretTexts(json.value, [])]
  // A value that breaks two rules is one mistake: the first says it best.
  const problems = found.filter(({ at }, index) => found.findIndex((one) => one.at === at) === index).map(({ at, what, fix }) => ({ what: `${name}: ${at === '' ? 'the file' : at} ${what}.`, fix }))
  if (problems.length > 0 || !parsed.success) throw new UsageError(problems)
  return parsed.data
}

/** A problem at a place in the file, as `pathText` writes it. `what` follows the place in the sentence. */
interface PlacedProblem extends Problem {
  readonly at: string
}

type Path = readonly PropertyKey[]

/** `bounds.concurrent."hello starts immediately".pass`, `allowHosts[1]`. */
export function pathText(steps: Path): string {
  return steps.map((step, index) => {
    if (typeof step === 'number') return `[${step}]`
    const word = String(step)
    return `${index === 0 ? '' : '.'}${/^[A-Za-z_$][\w$-]*$/.test(word) ? word : JSON.stringify(word)}`
  }).join('')
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function valueAt(json: unknown, steps: Path): unknown {
  return steps.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return typeof step === 'number' ? (value as unknown[])[step] : undefined
    return isRecord(value) && Object.hasOwn(value, step) ? value[String(step)] : undefined
  }, json)
}

const isForm = (word: string): word is Form => Object.hasOwn(forms, word)

function issueProblems(issue: z.core.$ZodIssue, json: unknown): PlacedProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownMember(issue.path, key, json))
  const at = pathText(issue.path)
  const { noun, fix } = forms[isForm(issue.message) ? issue.message : 'config']
  if (issue.code === 'invalid_key') return [{ at, what: `has a name that cannot be used in ${noun}`, fix }]
  const value = valueAt(json, issue.path)
  if (value === undefined) return [{ at, what: 'is missing', fix }]
  return [{ at, what: `is ${shown(value, issue.message)}${noun}`, fix }]
}

/** `10, which is not `. What may be a secret, or hold one, is not repeated: messages end in logs. */
function shown(value: unknown, form: string): string {
  if (form === 'variable' || form === 'reference' || (typeof value === 'string' && (beginsLikeSecret(value) || /[@?#]/.test(value)))) return 'not '
  const text = JSON.stringify(value)
  return `${text.length > 40 ? `${text.slice(0, 39)}…` : text}, which is not `
}

/** What belongs to one run and not to a deployment. */
const flagsOnly = ['label', 'against', 'switch', 'quick', 'seed', 'json', 'strict', 'yes', 'defect', 'engine', 'list', 'dryRun', 'stack', 'profiles', 'config']

function unknownMember(steps: Path, key: string, json: unknown): PlacedProblem {
  const at = pathText([...steps, key])
  const value = valueAt(json, [...steps, key])
  if (typeof value === 'string' && namesSecret(key)) return { at, what: 'looks like a secret, and no secret stands in this file', fix: secretFix(key) }
  if (steps.length === 0 && flagsOnly.includes(key)) return { at, what: 'is nothing that a configuration says', fix: `It belongs to one run: say it there, with --${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.` }
  const known = memberNames[steps.length === 0 ? 'config' : steps[0] === 'bounds' ? 'bound' : 'system']
  const meant = nearest(key, known)
  return { at, what: 'is not known', fix: meant === undefined ? `There ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}.` : `Did you mean ${meant}?` }
}

/** `apiKey`, `token`, `Authorization`; not `tokenEnv`, `apiKeyFile` or `maxToken`, however misspelt. */
const namesSecret = (key: string): boolean => /key|token|passw|secret|credential|authorization|bearer/i.test(key) && !/^max|(env|file)\w?$/i.test(key)

const secretFix = (key: string): string => {
  const [member, variable] = /passw/i.test(key) ? ['passwordEnv', 'ASTRA_PASSWORD'] : /token|auth|bearer/i.test(key) ? ['tokenEnv', 'ASTRA_TOKEN'] : ['apiKeyEnv', 'ASTRA_KEY']
  return `Put it into an environment variable and name that: export ${variable}=…, and "${member}": "${variable}". Whoever has seen the file has seen the secret: make a new one.`
}

/** Secrets that stand where any text may stand. */
function secretTexts(value: unknown, steps: Path): PlacedProblem[] {
  if (typeof value === 'string') return beginsLikeSecret(value) ? [{ at: pathText(steps), what: 'looks like a secret, and no secret stands in this file', fix: secretFix(String(steps[steps.length - 1] ?? '')) }] : []
  if (Array.isArray(value)) return value.flatMap((entry, index) => secretTexts(entry, [...steps, index]))
  return isRecord(value) ? Object.entries(value).flatMap(([key, entry]) => secretTexts(entry, [...steps, key])) : []
}

function combinationProblems(json: unknown): PlacedProblem[] {
  if (!isRecord(json)) return []
  const problems: PlacedProblem[] = []
  const has = (member: keyof Config): boolean => json[member] !== undefined
  const clash = (at: keyof Config, others: readonly (keyof Config)[], fix: string): void => {
    const other = others.find(has)
    if (has(at) && other !== undefined) problems.push({ at, what: `and ${other} are both given`, fix })
  }
  clash('target', ['before', 'after'], 'Keep target for one system, or before and after for two.')
  clash('apiKeyEnv', ['apiKeyFile'], 'Keep one: both give a key.')
  clash('tokenEnv', ['userEnv', 'passwordEnv', 'apiKeyEnv', 'apiKeyFile'], 'Keep one way to sign in.')
  clash('userEnv', ['apiKeyEnv', 'apiKeyFile'], 'Keep one way to sign in.')
  const signIn = (['apiKeyEnv', 'apiKeyFile', 'tokenEnv', 'userEnv'] as const).find(has)
  const authorization = isRecord(json['headers']) ? Object.keys(json['headers']).find((name) => name.toLowerCase() === 'authorization') : undefined
  if (signIn !== undefined && authorization !== undefined) problems.push({ at: pathText(['headers', authorization]), what: `and ${signIn} are both given`, fix: 'Keep one way to sign in.' })
  if (has('before') && !has('after')) problems.push({ at: 'before', what: 'is given without after', fix: 'Add after, or call the one system target.' })
  if (has('userEnv') !== has('passwordEnv')) problems.push({ at: has('userEnv') ? 'userEnv' : 'passwordEnv', what: `is given without ${has('userEnv') ? 'passwordEnv' : 'userEnv'}`, fix: 'Signing in takes both.' })
  return problems
}

function boundProblems(json: unknown): PlacedProblem[] {
  const bounds = isRecord(json) && isRecord(json['bounds']) ? json['bounds'] : {}
  return Object.entries(bounds).flatMap(([scenario, claims]) => Object.entries(isRecord(claims) ? claims : {}).flatMap(([claim, bound]) => {
    if (!isRecord(bound)) return []
    const [pass, fail] = [bound['pass'], bound['fail']]
    const [low, high] = [amount(pass), amount(fail)]
    if (low === undefined || high === undefined) return []
    const at = pathText(['bounds', scenario, claim, 'fail'])
    if (typeof pass !== typeof fail) return [{ at, what: 'is not of the same kind as pass', fix: 'Write two times, or two numbers.' }]
    return high < low ? [{ at, what: 'is below pass', fix: 'It fails above the second bound, and passes below the first: swap them.' }] : []
  }))
}

const amount = (value: unknown): number | undefined => (typeof value === 'number' ? value : typeof value === 'string' ? parseDuration(value)?.milliseconds : undefined)
