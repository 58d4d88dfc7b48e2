import { parseDuration } from '../../duration.ts'
import { type Problem, UsageError } from '../../errors.ts'
import { nearest } from '../../nearest.ts'

export type SettingValue = string | number | boolean
/** Some settings by name: what a profile, `--set` or `--defect` changes. */
export type SettingValues = Readonly<Record<string, SettingValue>>

/** Everything that the control gateway can be told; what each means stands in `table`. Times are milliseconds. */
export interface Settings {
  readonly slots: number | 'none'
  readonly lanes: number
  readonly connections: 'pooled' | 'fresh'
  readonly handshakeCost: number
  readonly upstreamTimeout: 'none' | `total:${number}` | `idle:${number}`
  readonly keepAlive: number
  readonly drops: 'none' | 'tokens'
  readonly dropEvery: number
  readonly repeats: 'none' | 'tokens'
  readonly repeatEvery: number
  readonly buffers: boolean
  readonly delayBefore: number
  readonly delayAfter: number
  readonly swallowsErrors: boolean
  readonly cutsAfter: number | 'none'
  readonly keepsUpstream: boolean
  readonly search: 'async' | 'blocking' | 'late' | 'none'
  readonly fakesSources: boolean
  readonly healthBlocks: boolean
  readonly healthDelay: number
  readonly databasePool: number | 'none'
  readonly poolLimit: number | 'none'
  readonly reusesDead: boolean
  readonly reorders: 'none' | 'tokens'
  readonly reorderEvery: number
  readonly mixes: 'none' | 'tokens'
  readonly mixEvery: number
  readonly tailEvery: number | 'none'
  readonly tailDelay: number
  readonly tailWhen: 'always' | 'busy'
  readonly coalesces: number | 'none'
  readonly delaysErrors: number
  readonly apologises: boolean
  readonly wrongStatus: boolean
  readonly cutsEvery: number
  readonly cancelsLate: number
  readonly stallsEvery: number | 'none'
  readonly stallFor: number
  readonly socketsInMemory: boolean
  readonly forgetsMissed: boolean
  readonly oneAtATime: 'none' | 'chat' | 'person'
  readonly forgetsIdle: number | 'none'
  readonly searchThreads: number | 'none'
  readonly auth: 'none' | 'required'
}
export type SettingName = keyof Settings

interface Setting<Value extends SettingValue> {
  /** The value in a sound gateway without any limit. */
  readonly standard: Value
  /** Undefined for a text that is none of its values. */
  readonly read: (text: string) => Value | undefined
  readonly takes: string
  readonly meaning: string
}

const whole = (text: string): number | undefined => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined)
/** A bare number is milliseconds, the unit of every setting; `300ms` and `45s` are taken too. Up to 11 days: longer does not fit into a timer. */
function time(text: string): number | undefined {
  const milliseconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : parseDuration(text)?.milliseconds
  return milliseconds !== undefined && milliseconds <= 1e9 ? milliseconds : undefined
}
const orNone = <Value>(read: (text: string) => Value | undefined) => (text: string): Value | 'none' | undefined => (text === 'none' ? 'none' : read(text))
const oneOf = <Word extends string>(...words: readonly Word[]) => (text: string): Word | undefined => words.find((word) => word === text)

function deadline(text: string): Settings['upstreamTimeout'] | undefined {
  const match = /^(total|idle):(.+)$/.exec(text)
  const milliseconds = time(match?.[2] ?? '')
  if (milliseconds === undefined || milliseconds === 0) return undefined
  return match?.[1] === 'total' ? `total:${milliseconds}` : `idle:${milliseconds}`
}

const count = (standard: number, meaning: string): Setting<number> => ({ standard, read: whole, takes: 'a whole number of at least 1', meaning })
const countOrNone = (meaning: string): Setting<number | 'none'> => ({ standard: 'none', read: orNone(whole), takes: 'a whole number of at least 1, or none', meaning })
const tokensOrNone = (meaning: string): Setting<'none' | 'tokens'> => ({ standard: 'none', read: oneOf('none', 'tokens'), takes: 'none or tokens', meaning })
const timeSetting = (standard: number, meaning: string): Setting<number> => ({ standard, read: time, takes: 'milliseconds (300) or a time (300ms, 45s)', meaning })
const yesOrNo = (meaning: string): Setting<boolean> => ({
  standard: false,
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  takes: 'true or false',
  meaning,
})

/** Each of the operators' problems is one of them; the rest are the classics of gateways that go wrong. */
const table: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  slots: countOrNone('answers told at a time in each lane; the others wait, first come first served'),
  lanes: count(1, 'workers: client connections are dealt to them in turn with their first request, the sockets of pages apart from the others, and each has slots of its own'),
  connections: { standard: 'pooled', read: oneOf('pooled', 'fresh'), takes: 'pooled or fresh', meaning: 'upstream connections: kept for 30 s and used again, or a new one for every message' },
  handshakeCost: timeSetting(0, 'what a new upstream connection costs; a fresh one pays it before it asks for a slot, a pool when it grows'),
  upstreamTimeout: {
    standard: 'none',
    read: orNone(deadline),
    takes: 'none, total:MS or idle:MS',
    meaning: 'how long the model may take for a whole answer (total) or between two events (idle); then the client is told of an error',
  },
  keepAlive: timeSetting(75_000, 'how long an idle client connection is kept; 0 is for ever'),
  drops: tokensOrNone('loses every dropEvery-th token of an answer, and the first token of every 200th answer'),
  dropEvery: count(16, 'which tokens of an answer drops=tokens loses'),
  repeats: tokensOrNone('says every repeatEvery-th token of an answer twice, and the first token of every 200th answer'),
  repeatEvery: count(16, 'which tokens of an answer repeats=tokens says twice'),
  buffers: yesOrNo('collects the whole answer and sends it at its end'),
  delayBefore: timeSetting(0, 'waits so long before the request goes to the model, holding its slot'),
  delayAfter: timeSetting(0, 'holds everything that comes from the model for so long: late by a constant, in order'),
  swallowsErrors: yesOrNo('turns every failure of the model into an answer that ends normally'),
  cutsAfter: { standard: 'none', read: orNone(time), takes: 'none, milliseconds (300) or a time (300ms, 45s)', meaning: 'ends an answer so long after it began, without saying so' },
  keepsUpstream: yesOrNo('does not notice that the client left: the model goes on and the slot is held'),
  search: {
    standard: 'async',
    read: oneOf('async', 'blocking', 'late', 'none'),
    takes: 'async, blocking, late or none',
    meaning: 'a message with features.web_search is searched for: beside everything else, or while everything else stands still, or (late) only when its answer is over, whose sources are made up, or (none) not at all, without a word about it',
  },
  fakesSources: yesOrNo('shows sources to whoever wants a search, without having searched'),
  healthBlocks: yesOrNo('/health takes a slot of its lane as an answer does'),
  healthDelay: timeSetting(0, '/health answers that much later'),
  databasePool: countOrNone('database connections: an answer holds one while it is told, /api/v1/chats/ and /health/db need one for an instant; who finds none waits'),
  poolLimit: countOrNone('answers that the model tells at a time, over all lanes; the others wait for a connection while they hold their slot'),
  reusesDead: yesOrNo('a pool that does not notice when the model closes or resets a connection: the message that gets it next fails'),
  reorders: tokensOrNone('swaps every reorderEvery-th token of an answer with the one behind it'),
  reorderEvery: count(16, 'which tokens of an answer reorders=tokens swaps'),
  mixes: tokensOrNone('puts a token of another answer behind every mixEvery-th token of an answer, and behind the first token of every 200th answer'),
  mixEvery: count(16, 'behind which tokens of an answer mixes=tokens puts a foreign one'),
  tailEvery: countOrNone('every tailEvery-th answer goes to the model tailDelay late, holding its slot'),
  tailDelay: timeSetting(3_000, 'how late the answers are that tailEvery hits'),
  tailWhen: { standard: 'always', read: oneOf('always', 'busy'), takes: 'always or busy', meaning: 'which answers tailEvery counts and hits: all, or (busy) those that begin while another one is told' },
  coalesces: countOrNone('collects so many tokens and sends them in one write'),
  delaysErrors: timeSetting(0, 'tells the client of a failure that much later'),
  apologises: yesOrNo('turns every failure of the model into an answer that says it is sorry, and ends normally'),
  wrongStatus: yesOrNo('tells every failure before the head as a 401'),
  cutsEvery: count(1, 'which answers cutsAfter cuts'),
  cancelsLate: timeSetting(0, 'notices that the client left that much later: until then the model goes on and the slot is held'),
  stallsEvery: countOrNone('every stallsEvery-th answer pauses once, in front of its third token, for stallFor'),
  stallFor: timeSetting(3_000, 'how long the answers pause that stallsEvery hits'),
  socketsInMemory: yesOrNo('each worker (lanes) knows the pages whose socket it has, and the answers that it tells itself, and no other: what it tells of a message reaches those pages alone, and a Stop that comes to another worker stops nothing'),
  forgetsMissed: yesOrNo('a page that lost its socket gets nothing of what it missed: neither does the end of an answer repeat it, nor is it kept'),
  oneAtATime: { standard: 'none', read: oneOf('none', 'chat', 'person'), takes: 'none, chat or person', meaning: 'messages of pages that wait until the one before is answered: none, those of the same chat, or those of the same person' },
  forgetsIdle: { standard: 'none', read: orNone(time), takes: 'none, milliseconds (300) or a time (300ms, 45s)', meaning: 'forgets a connection on which nothing was said for so long, as a balancer in between may: what is said on it then is lost, and nobody is told' },
  searchThreads: countOrNone('searches at a time; the others wait, holding their slot'),
  auth: { standard: 'none', read: oneOf('none', 'required'), takes: 'none or required', meaning: 'whether chat and models answer 401 without a bearer token; the token "expired" gets one everywhere' },
}

const settingNames = Object.keys(table)
const isSettingName = (name: string): name is SettingName => Object.hasOwn(table, name)

const standard = Object.fromEntries(Object.entries(table).map(([name, setting]) => [name, setting.standard])) as { [Name in SettingName]: Settings[Name] }

/**
 * The operators' deployment before their changes and after them: one answer at a time, nothing limits the model, 300 ms for each connection; and what
 * they meant to have, with their idle time-out of 45 s scaled to 2 s.
 */
export const profiles = {
  before: { slots: 1, upstreamTimeout: 'none', connections: 'fresh', handshakeCost: 300 },
  // The operators' 45 s, scaled to what the faults of the control stack last: a silent model must be told of within seconds, not minutes.
  after: { slots: 4, upstreamTimeout: 'idle:2000', connections: 'pooled' },
} as const satisfies Record<string, Partial<Settings>>
export type ProfileName = keyof typeof profiles
export const profileNames = Object.keys(profiles)

const isProfileName = (name: string): name is ProfileName => Object.hasOwn(profiles, name)

/**
 * What is in force: the standard values, changed by the profile, changed by `sets` (`slots=2`), a later one over an earlier one.
 * @throws {UsageError} with every problem in them.
 */
export function settingsOf(profile: string | undefined, sets: readonly string[]): Settings {
  const problems: Problem[] = []
  if (profile !== undefined && !isProfileName(profile)) problems.push({ what: `There is no profile "${profile}".`, fix: meant(profile, profileNames) })
  const changes = sets.map((text) => {
    const read = readSetting(text)
    if ('what' in read) problems.push(read)
    return read
  })
  if (problems.length > 0) throw new UsageError(problems)
  const chosen = profile !== undefined && isProfileName(profile) ? profiles[profile] : {}
  return Object.assign({ ...standard, ...chosen }, ...changes.map((change) => ('name' in change ? { [change.name]: change.value } : {}))) as Settings
}

/**
 * What `--defect [SIDE:]setting=value` asks for, by side; without SIDE it is every side. A side that has none has an empty record. A later text
 * overrides an earlier one.
 * @throws {UsageError} with every problem in all of them.
 */
export function parseDefects(texts: readonly string[], sideNames: readonly string[]): Record<string, SettingValues> {
  const problems: Problem[] = []
  const defects: Record<string, Record<string, SettingValue>> = Object.fromEntries(sideNames.map((side) => [side, {}]))
  for (const text of texts) {
    // A colon behind the = belongs to the value: upstreamTimeout=idle:2000.
    const [, side, assignment = ''] = /^(?:([^:=]*):)?(.*)$/s.exec(text) ?? []
    if (side !== undefined && !sideNames.includes(side)) problems.push({ what: `--defect ${text}: there is no side "${side}".`, fix: meant(side, sideNames) })
    const read = readSetting(assignment)
    if ('what' in read) problems.push({ what: `--defect ${text}: ${read.what}`, fix: read.fix })
    else for (const name of side === undefined ? sideNames : [side]) Object.assign(defects[name] ?? {}, { [read.name]: read.value })
  }
  if (problems.length > 0) throw new UsageError(problems)
  return defects
}

function readSetting(text: string): { readonly name: SettingName; readonly value: SettingValue } | Problem {
  const [, name = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  if (!isSettingName(name)) return { what: `The control gateway has no setting "${name}".`, fix: meant(name, settingNames) }
  const { read, takes } = table[name]
  const parsed = value === undefined ? undefined : read(value)
  if (parsed !== undefined) return { name, value: parsed }
  return value === undefined ? { what: `${name} has no value.`, fix: `Write ${name}=VALUE; it takes ${takes}.` } : { what: `${name} cannot be "${value}".`, fix: `It takes ${takes}.` }
}

function meant(word: string, known: readonly string[]): string {
  const suggestion = nearest(word, known)
  return suggestion === undefined ? `There are: ${known.join(', ')}.` : `Did you mean ${suggestion}?`
}

/** A line for each setting: name, standard value, what it takes, what it means. */
export const settingsHelp = (): string =>
  Object.entries(table).map(([name, { standard: value, takes, meaning }]) => `  ${`${name}=${value}`.padEnd(24)} ${meaning} (${takes})`).join('\n')
