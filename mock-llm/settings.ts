import { constant, type Delay, delayFromJson, isLength } from './delay.ts'
import { isRecord } from './json.ts'
import { type Marker, mostTokens } from './marker.ts'

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
  readonly tokens: number
  /** Reasoning tokens before the content. */
  readonly reasoning: number
  /** Whether a request that offers tools gets a tool call. */
  readonly tools: boolean
  /** A model that goes on, slot and all, after its client left. */
  readonly finishesWhenGone: boolean
  readonly seed: number
}

export const defaultSettings: Settings = {
  slots: null,
  queue: null,
  head: constant(0),
  first: constant(100),
  gap: constant(20),
  firstTokenDelay: 0,
  tokens: 50,
  reasoning: 0,
  tools: false,
  finishesWhenGone: false,
  seed: 1,
}

export type Change = { readonly kind: 'changed'; readonly settings: Settings } | { readonly kind: 'refused'; readonly problems: readonly string[] }

/** Settings after a PATCH. Refused as a whole, with every unknown key and wrong value, so that half a change never measures anything. */
export function changed(settings: Settings, patch: unknown): Change {
  if (!isRecord(patch)) return { kind: 'refused', problems: ['the body must be a JSON object of settings'] }
  const problems: string[] = []
  const next: { -readonly [K in keyof Settings]: Settings[K] } = { ...settings }
  const wrong = (key: string, wanted: string): void => void problems.push(`${key}: ${JSON.stringify(patch[key])} is not ${wanted}`)
  for (const [key, value] of Object.entries(patch)) {
    switch (key) {
      case 'slots':
      case 'queue': {
        const least = key === 'slots' ? 1 : 0
        if (value === null || isWhole(value, least)) next[key] = value
        else wrong(key, `a whole number of at least ${least}, or null for no limit`)
        break
      }
      case 'head':
      case 'first':
      case 'gap': {
        const delay = delayFromJson(value)
        if (delay === undefined) wrong(key, `a number of ms, or {kind:'const',ms}, {kind:'normal',mean,sd}, {kind:'lognormal',median,sigma}`)
        else next[key] = delay
        break
      }
      case 'firstTokenDelay':
        if (isLength(value)) next[key] = value
        else wrong(key, 'a number of ms')
        break
      case 'tokens':
      case 'reasoning':
      case 'seed': {
        const least = key === 'tokens' ? 1 : 0
        if (isWhole(value, least) && (key === 'seed' || value <= mostTokens)) next[key] = value
        else wrong(key, `a whole number of at least ${least}${key === 'seed' ? '' : ` and at most ${mostTokens}`}`)
        break
      }
      case 'tools':
      case 'finishesWhenGone':
        if (typeof value === 'boolean') next[key] = value
        else wrong(key, 'true or false')
        break
      default:
        problems.push(`${key}: there is no such setting; the settings are ${Object.keys(settings).join(', ')}`)
    }
  }
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'changed', settings: next }
}

function isWhole(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least
}

/** What one answer is like. */
export type Behaviour = Pick<Settings, 'head' | 'first' | 'gap' | 'firstTokenDelay' | 'tokens' | 'reasoning' | 'tools' | 'finishesWhenGone' | 'seed'>

/** Marker before model name before settings. A model name speaks by its ending, so that `--models` may call the models as it likes. */
export function behaviour(settings: Settings, model: string, marker: Marker | null): Behaviour {
  const byName = nameBehaviour(model)
  const set = { ...settings, ...byName }
  if (marker === null) return set
  return {
    ...set,
    head: marker.head === undefined ? set.head : constant(marker.head),
    first: marker.first === undefined ? set.first : constant(marker.first),
    gap: marker.gap === undefined ? set.gap : constant(marker.gap),
    tokens: marker.tokens ?? set.tokens,
    reasoning: marker.reasoning ?? set.reasoning,
  }
}

/** The models offered unless `--models` says otherwise. */
export const defaultModels: readonly string[] = ['mock', 'mock-slow', 'mock-reasoning', 'mock-tools']

function nameBehaviour(model: string): Partial<Behaviour> {
  if (model.endsWith('-slow')) return { first: constant(3_000), gap: constant(100) }
  if (model.endsWith('-reasoning')) return { reasoning: 10 }
  return model.endsWith('-tools') ? { tools: true } : {}
}
