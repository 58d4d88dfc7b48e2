import { parseDuration } from '../duration.ts'
import type { Problem } from '../errors.ts'
import { nearest } from '../nearest.ts'
import type { SideSpec } from '../sample/run-file.ts'
import { ollamaProfiles, ownVariables as ollamaVariables } from '../stack/ollama/profiles.ts'
import { ownVariables as openWebUiVariables } from '../stack/open-webui/environment.ts'
import { fullErrorWithin, openWebUiProfiles, profileNames, quickErrorWithin } from '../stack/profiles.ts'
import { type MockSettings, mockSettings } from './mock-settings.ts'
import type { RunFlags, TargetFlag, TargetKind } from './run-request.ts'

/** Real stacks that a run can start; without one of them it starts the control stack. */
export const realStacks = ['open-webui', 'ollama', 'compose'] as const
export type RealStack = (typeof realStacks)[number]

/** A real stack that is to be started, and how. */
export interface StackRequest {
  readonly name: RealStack
  /** Each is a side; `before` is a reference, all others are judged. */
  readonly profiles: readonly string[]
  /** How its sides are spoken to. */
  readonly via: 'api' | 'socket' | 'browser'
  /** What answers behind it. */
  readonly modelServer: 'mock' | 'ollama'
  /** What --set-env changes, on all sides; by side where it was named: `after:THREAD_POOL_SIZE`. */
  readonly environment: Readonly<Record<string, string>>
  /** Those of them whose value stands in a variable of whoever runs this: it is told to the side, and to nobody else. */
  readonly untold: readonly string[]
  /** What --defect changes of the mock: `slots`, for one. */
  readonly mockSettings: MockSettings
  /** Within what time an error has to be seen, ms: the time-outs of the stack go with it, and so do the claims about them. */
  readonly errorWithin: number
}

const profilesOf: Readonly<Record<RealStack, { readonly known: readonly string[]; readonly standard: readonly string[] }>> = {
  'open-webui': { known: profileNames, standard: ['before', 'after', 'recommended'] },
  ollama: { known: ['before', 'after'], standard: ['before', 'after'] },
  compose: { known: ['before', 'after', 'recommended'], standard: ['before', 'after', 'recommended'] },
}

const ways = ['api', 'socket', 'browser'] as const

type Environment = Readonly<Record<string, string | undefined>>

/** What --stack and the flags beside it ask for; undefined is the control stack. */
export function stackRequest(flags: RunFlags, problems: Problem[], environment: Environment): StackRequest | undefined {
  const via = wayOf(flags, problems)
  if (flags.stack === undefined || flags.stack === 'control') {
    // The control gateway knows the page's socket, too; a way that there is none of is told of as such.
    const hasWay = via === undefined || (flags.target === undefined && flags.before === undefined && flags.after === undefined && via !== 'browser')
    for (const flag of ['profiles', 'via', 'modelServer', 'setEnv'] as const) {
      if (flags[flag] !== undefined && !(flag === 'via' && hasWay)) problems.push({ what: `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} says something about a real stack, and none was asked for.`, fix: 'Add --stack open-webui.' })
    }
    return undefined
  }
  const name = realStacks.find((known) => known === flags.stack)
  if (name === undefined) {
    problems.push(unknownStack(flags.stack))
    // What is wrong whichever was meant. Defects of sides may be those of the control stack.
    modelServerOf(flags, undefined, problems)
    changesOf(flags.setEnv ?? [], undefined, problems, environment)
    mockSettings((flags.defect ?? []).filter((text) => text.startsWith('mock:')), problems)
    return undefined
  }
  const { known, standard } = profilesOf[name]
  const profiles = flags.profiles === undefined ? standard : flags.profiles.split(',').map((profile) => profile.trim()).filter((profile) => profile !== '')
  for (const profile of profiles) if (!known.includes(profile)) problems.push({ what: `--profiles: ${name} has no profile "${profile}".`, fix: `It has ${known.join(', ')}.` })
  if (profiles.length === 0 || new Set(profiles).size < profiles.length) problems.push({ what: `--profiles ${flags.profiles ?? ''} names none, or one twice.`, fix: `Write --profiles ${standard.join(',')}, for one.` })
  if (name === 'ollama' && via !== undefined && via !== 'api') problems.push({ what: `--via ${via}: Ollama has an API and no page.`, fix: 'Leave it out.' })
  const modelServer = modelServerOf(flags, name, problems)
  const spoilt = mockSettings(flags.defect ?? [], problems)
  if (modelServer === 'ollama' && Object.keys(spoilt).length > 0) problems.push({ what: '--defect mock:… spoils our mock model, and a real one answers here.', fix: 'Leave it out.' })
  const request = { name, profiles, via: via ?? 'api', modelServer: modelServer ?? 'mock', ...changesOf(flags.setEnv ?? [], profiles, problems, environment), mockSettings: spoilt, errorWithin: errorWithinOf(flags) }
  problems.push(...refusedChanges(request))
  return request
}

export function unknownStack(name: string): Problem {
  const known = ['control', ...realStacks]
  const suggestion = nearest(name, known)
  return { what: `There is no stack "${name}".`, fix: suggestion === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${suggestion}?` }
}

function wayOf({ via: said = 'api' }: RunFlags, problems: Problem[]): StackRequest['via'] | undefined {
  const via = ways.find((way) => way === said)
  if (via === undefined) problems.push({ what: `--via ${said} is not known.`, fix: `It takes ${ways.join(', ')}.` })
  return via
}

/** Of a stack that is not known it is only whether there is such a server. */
function modelServerOf({ modelServer: said }: RunFlags, name: RealStack | undefined, problems: Problem[]): StackRequest['modelServer'] | undefined {
  const server = (['mock', 'ollama'] as const).find((known) => known === (said ?? (name === 'ollama' ? 'ollama' : 'mock')))
  if (server === undefined || (name === 'ollama' && server === 'mock')) problems.push({ what: `--model-server ${said ?? ''} is not known here.`, fix: name === 'ollama' ? 'Leave it out: this stack is a model server.' : 'It takes mock or ollama.' })
  else if (name === 'compose' && server === 'ollama') problems.push({ what: '--model-server ollama: the Ollama of the compose file has no model to begin with.', fix: 'Take --stack open-webui --model-server ollama, or start it by hand as docker-compose.test.yaml says.' })
  return server
}

/** What --set says; else 45 s, and in a quick run 6 s. What is no time is told of where the scenario takes it. */
function errorWithinOf({ set = [], quick }: RunFlags): number {
  const said = set.map((text) => /^errorWithin=(.+)$/.exec(text)?.[1]).find((text) => text !== undefined)
  const time = said === undefined ? undefined : parseDuration(said)?.milliseconds
  return time ?? (quick === true ? quickErrorWithin : fullErrorWithin)
}

/** Its sides, before they have an address. */
export function stackTargets({ name, profiles, via }: StackRequest): TargetFlag[] {
  const kind: TargetKind = name === 'ollama' ? 'ollama' : via === 'socket' ? 'open-webui-socket' : via === 'browser' ? 'browser' : 'open-webui'
  return profiles.map((profile) => ({ side: profile, role: profile === 'before' && profiles.length > 1 ? 'reference' : 'judged', kind, url: '' }))
}

/** What a side of it is called by in the run: no more by the bare name of its profile where --set-env made it another. */
export function profileInRun({ environment }: StackRequest, profile: string): string {
  const changed = Object.keys(environment).flatMap((key) => (key.includes(':') && !key.startsWith(`${profile}:`) ? [] : [key.replace(/^.*:/, '')]))
  return changed.length === 0 ? profile : `${profile} with another ${changed.join(', ')}`
}

/** The settings of a side as they may be stored and shown: of a variable whose value is nobody's business, that it is set. */
export function toldSettings({ untold }: StackRequest, settings: SideSpec['settings']): SideSpec['settings'] {
  const hidden = untold.map((key) => key.replace(/^.*:/, ''))
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, hidden.includes(name) ? 'set' : value]))
}

/** Names whose values are secrets. What is typed stands in the run file, in the report, and in the list of processes. */
const secretName = /SECRET|PASSWORD|TOKEN|_KEYS?$|(?:^|_)DATABASE_URL$/

/** @param profiles the sides that there are; undefined where that is not known */
function changesOf(texts: readonly string[], profiles: readonly string[] | undefined, problems: Problem[], environment: Environment): Pick<StackRequest, 'environment' | 'untold'> {
  const changes: Record<string, string> = {}
  const untold: string[] = []
  for (const text of texts) {
    const [, side, name, value] = /^(?:([a-z]+):)?([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
    const typed = text.replace(/=.*$/s, '=…')
    const [, variable] = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(value ?? '') ?? []
    const told = variable === undefined ? value : environment[variable]
    if (name === undefined || value === undefined) problems.push({ what: `--set-env ${typed} is not [PROFILE:]NAME=VALUE.`, fix: 'Write --set-env after:THREAD_POOL_SIZE=40, for one.' })
    else if (side !== undefined && profiles !== undefined && !profiles.includes(side)) problems.push({ what: `--set-env ${typed}: there is no side ${side} in this run.`, fix: `There are ${profiles.join(', ')}.` })
    else if (told === undefined || (variable !== undefined && told === '')) problems.push({ what: `--set-env ${name}: the environment has no ${variable ?? ''}.`, fix: `Set it: export ${variable ?? ''}=…` })
    else if (variable === undefined && secretName.test(name)) problems.push({ what: `--set-env ${name}: this is the name of a secret, and what is typed is stored with the run.`, fix: `Write --set-env ${name}=env:VAR: then the value comes from the environment, and is not stored.` })
    else {
      const key = side === undefined ? name : `${side}:${name}`
      if (Object.hasOwn(changes, key)) problems.push({ what: `--set-env ${key} is given twice.`, fix: 'Keep one.' })
      changes[key] = told
      if (variable !== undefined) untold.push(key)
    }
  }
  return { environment: changes, untold }
}

/** Whether a change, `NAME` or `PROFILE:NAME`, is an Ollama's own and nothing to Open WebUI. */
export const isOllamas = (key: string): boolean => /^(?:.*:)?OLLAMA_(?!API_|BASE_URL)/.test(key)

/** What would keep a stack from being found, or would be another model behind each side; and what of its profiles is misspelt, or no number. */
function refusedChanges(request: StackRequest): Problem[] {
  const { name, modelServer, environment } = request
  return Object.entries(environment).flatMap(([key, value]): Problem[] => {
    const plain = key.replace(/^.*:/, '')
    const isBehind = name !== 'ollama' && modelServer === 'ollama' && isOllamas(key)
    if (isBehind && key !== plain) return [{ what: `--set-env ${key}: one Ollama answers all sides.`, fix: `Write --set-env ${plain}=…` }]
    const ofOllama = isBehind || name === 'ollama'
    if (!ofOllama && ['REDIS_URL', 'WEBSOCKET_REDIS_URL'].includes(plain)) return [ownRedis(request, key)]
    if ((ofOllama ? ollamaVariables : openWebUiVariables).includes(plain)) return [{ what: `--set-env ${key}: first-token sets this one itself, or it would not find the side.`, fix: 'Leave it out.' }]
    return [...misspelt(key, plain, ofOllama ? Object.keys(ollamaProfiles.before) : openWebUiNames), ...noNumber(key, plain, value)]
  })
}

function ownRedis({ name, profiles }: StackRequest, key: string): Problem {
  const [, side = profiles.find((profile) => profile === 'after') ?? profiles[0] ?? 'after'] = /^(.*):/.exec(key) ?? []
  const what = `--set-env ${key}: first-token brings the Redis of a side itself, with its address.`
  // In containers the file says which side has one.
  return { what, fix: name === 'compose' ? 'Leave it out: the side recommended has one.' : `Write --set-env ${side}:WEBSOCKET_MANAGER=redis, and first-token starts one.` }
}

const openWebUiSettings = Object.values(openWebUiProfiles).flat()
const openWebUiNames = openWebUiSettings.map((setting) => setting.name)

/** One letter, and no more: other variables of Open WebUI have names like these. */
function misspelt(key: string, plain: string, known: readonly string[]): Problem[] {
  const suggestion = known.includes(plain) ? undefined : nearest(plain, known, 1)
  return suggestion === undefined ? [] : [{ what: `--set-env ${key}: nothing reads a variable of this name.`, fix: `Did you mean ${suggestion}?` }]
}

/** Open WebUI goes by its own value where it cannot read a number, without a word. An empty value is what it takes for none. */
function noNumber(key: string, plain: string, value: string): Problem[] {
  const setting = openWebUiSettings.find((one) => one.name === plain && typeof one.value === 'number')
  const isNumber = plain in ollamaProfiles.before || setting !== undefined
  if (!isNumber || /^\d*$/.test(value)) return []
  return [{ what: `--set-env ${key}: its value is no whole number.`, fix: setting?.isTimeOut === true ? `It is in seconds, without a unit: ${key}=45.` : `Write --set-env ${key}=4, for one.` }]
}
