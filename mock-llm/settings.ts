import { constant, type Delay, delayFromJson, isLength } from './delay.ts'
import { type Fault, readFault } from './fault.ts'
import { isRecord } from './json.ts'
import { type Marker, mostPageBytes, mostPages, mostTokens } from './marker.ts'
import { plain, readShape, type Shape } from './shape.ts'

/** How the mock behaves where neither marker nor model name says otherwise. Flags give the start, `PATCH /mock/settings` changes it. Times in ms. */
export interface Settings {
  /** Answers told at once; null is no limit. Ollama calls it NUM_PARALLEL. */
  readonly slots: number | null
  /** Requests that may wait for a slot; one more gets 503. Null is no limit. */
  readonly queue: number | null
  /** From the request's first byte to the response head. */
  readonly head: Delay
  /** From the request's first byte to the first token (content, reasoning or tool arguments). */
  readonly first: Delay
  /** Between two tokens. */
  readonly gap: Delay
  /** Added to `first` of every answer, those with a marker too: a model that became slower. */
  readonly firstTokenDelay: number
  /** Each further answer told at the same time makes every gap longer by this share of it: 0 is a model that does not notice, 1 one that shares itself out. */
  readonly slowdown: number
  readonly tokens: number
  /** Reasoning tokens before the content. */
  readonly reasoning: number
  /** Whether a request that offers tools gets a tool call. */
  readonly tools: boolean
  /** A model that goes on, slot and all, after its client left. */
  readonly finishesWhenGone: boolean
  /** Of every chat request whose marker has none, as a marker writes it. */
  readonly fault: string | null
  readonly shape: string | null
  /** How long the search engine takes, and its status; an error for all from 400 on. */
  readonly searchTakes: number
  readonly searchStatus: number
  /** Results of a search, and how long each of their pages is and takes. */
  readonly pages: number
  readonly pageBytes: number
  readonly pageTakes: number
  readonly seed: number
}

export const defaultSettings: Settings = {
  slots: null,
  queue: null,
  head: constant(0),
  first: constant(100),
  gap: constant(20),
  firstTokenDelay: 0,
  slowdown: 0,
  tokens: 50,
  reasoning: 0,
  tools: false,
  finishesWhenGone: false,
  fault: null,
  shape: null,
  searchTakes: 0,
  searchStatus: 200,
  pages: 3,
  pageBytes: 5_000,
  pageTakes: 0,
  seed: 1,
}

/** The value of a setting, or what it should have been. */
type Reading<T> = { readonly value: T } | { readonly wanted: string }
type Reader<T> = (value: unknown) => Reading<T>

const limit = (least: number): Reader<number | null> => (value) =>
  value === null || isWhole(value, least, Infinity) ? { value } : { wanted: `a whole number of at least ${least}, or null for no limit` }
const whole = (least: number, most: number): Reader<number> => (value) =>
  isWhole(value, least, most) ? { value } : { wanted: `a whole number of at least ${least}${most === Infinity ? '' : ` and at most ${most}`}` }
const milliseconds: Reader<number> = (value) => (isLength(value) ? { value } : { wanted: 'a number of ms' })
const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? { value } : { wanted: 'true or false' })
const delay: Reader<Delay> = (value) => {
  const read = delayFromJson(value)
  return read === undefined ? { wanted: `a number of ms, or {kind:'const',ms}, {kind:'normal',mean,sd}, {kind:'lognormal',median,sigma}` } : { value: read }
}
/** A text as a marker has it, judged by the marker's reader, whose complaint is a string. */
const markerText = (example: string, read: (text: string) => object | string): Reader<string | null> => (value) => {
  if (value === null) return { value }
  if (typeof value !== 'string') return { wanted: `null or a text like ${example}` }
  const reading = read(value)
  return typeof reading === 'string' ? { wanted: `null or a text like ${example}: it ${reading}` } : { value }
}

const readers: { readonly [K in keyof Settings]: Reader<Settings[K]> } = {
  slots: limit(1),
  queue: limit(0),
  head: delay,
  first: delay,
  gap: delay,
  firstTokenDelay: milliseconds,
  slowdown: (value) => (isLength(value) ? { value } : { wanted: 'a number of at least 0' }),
  tokens: whole(1, mostTokens),
  reasoning: whole(0, mostTokens),
  tools: flag,
  finishesWhenGone: flag,
  fault: markerText('silence@first', readFault),
  shape: markerText('packed:3', readShape),
  searchTakes: milliseconds,
  searchStatus: (value) => (value === 200 || isWhole(value, 400, 599) ? { value } : { wanted: '200, or a status from 400 to 599' }),
  pages: whole(0, mostPages),
  pageBytes: whole(0, mostPageBytes),
  pageTakes: milliseconds,
  seed: whole(0, Infinity),
}

export type Change = { readonly kind: 'changed'; readonly settings: Settings } | { readonly kind: 'refused'; readonly problems: readonly string[] }

/** Settings after a PATCH. Refused as a whole, with every unknown key and wrong value, so that half a change never measures anything. */
export function changed(settings: Settings, patch: unknown): Change {
  if (!isRecord(patch)) return { kind: 'refused', problems: ['the body must be a JSON object of settings'] }
  const problems: string[] = []
  const next: Partial<Record<keyof Settings, unknown>> = {}
  for (const [key, value] of Object.entries(patch)) {
    if (!isSetting(key)) {
      problems.push(`${key}: there is no such setting; the settings are ${Object.keys(settings).join(', ')}`)
      continue
    }
    const reading: Reading<unknown> = readers[key](value)
    if ('wanted' in reading) problems.push(`${key}: ${JSON.stringify(value)} is not ${reading.wanted}`)
    else next[key] = reading.value
  }
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'changed', settings: Object.assign({ ...settings }, next) }
}

const isSetting = (key: string): key is keyof Settings => Object.hasOwn(readers, key)

function isWhole(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
}

/** What one answer is like. */
export interface Behaviour extends Pick<Settings, 'head' | 'first' | 'gap' | 'firstTokenDelay' | 'slowdown' | 'tokens' | 'reasoning' | 'tools' | 'finishesWhenGone' | 'seed'> {
  readonly fault: Fault | null
  readonly shape: Shape
}

/** Marker before model name before settings. A model name speaks by its ending, so that `--models` may call the models as it likes. */
export function behaviour(settings: Settings, model: string, marker: Marker | null): Behaviour {
  const fault = settings.fault === null ? null : readFault(settings.fault)
  const shape = settings.shape === null ? plain : readShape(settings.shape)
  const set = {
    ...settings,
    ...nameBehaviour(model),
    fault: typeof fault === 'string' ? null : fault,
    shape: typeof shape === 'string' ? plain : shape,
  }
  if (marker === null) return set
  return {
    ...set,
    head: marker.head === undefined ? set.head : constant(marker.head),
    first: marker.first === undefined ? set.first : constant(marker.first),
    gap: marker.gap === undefined ? set.gap : constant(marker.gap),
    tokens: marker.tokens ?? set.tokens,
    reasoning: marker.reasoning ?? set.reasoning,
    fault: marker.fault ?? set.fault,
    shape: marker.shape ?? set.shape,
  }
}

/** The models offered unless `--models` says otherwise. */
export const defaultModels: readonly string[] = ['mock', 'mock-slow', 'mock-reasoning', 'mock-tools']

function nameBehaviour(model: string): Partial<Pick<Behaviour, 'first' | 'gap' | 'reasoning' | 'tools'>> {
  const name = untagged(model)
  if (name.endsWith('-slow')) return { first: constant(3_000), gap: constant(100) }
  if (name.endsWith('-reasoning')) return { reasoning: 10 }
  return name.endsWith('-tools') ? { tools: true } : {}
}

/** Ollama's clients call a model without a tag by the tag `latest`. */
export const untagged = (model: string): string => model.replace(/:latest$/, '')

export function isOffered(names: readonly string[], model: string): boolean {
  return names.includes(model) || names.includes(untagged(model)) || names.includes(`${model}:latest`)
}
