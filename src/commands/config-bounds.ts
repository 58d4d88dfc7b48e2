import { parseDuration } from '../duration.ts'
import type { Problem } from '../errors.ts'
import { nearest } from '../nearest.ts'
import type { Bounds, ClaimSpec, ScenarioSpec } from '../scenario/spec.ts'
import { configFileName, pathText } from './config-file.ts'
import type { ConfigBounds } from './config-schema.ts'

export interface BoundedScenario {
  /** With the user's bounds in the place of the author's. */
  readonly spec: ScenarioSpec
  /** The sentences of the claims whose bounds are the user's. */
  readonly yours: readonly string[]
}

/**
 * The scenarios with the bounds of the configuration. `known` are the names of all shipped scenarios: bounds for one that this run does not measure wait for
 * another run. Problems are bounds that belong to nothing, and those in a unit that the claim has not.
 */
export function withBounds(specs: readonly ScenarioSpec[], bounds: ConfigBounds, known: readonly string[], problems: Problem[]): BoundedScenario[] {
  const names = [...new Set([...known, ...specs.map(({ name }) => name)])]
  for (const name of Object.keys(bounds)) if (!names.includes(name)) problems.push(unknown(['bounds', name], name, names, 'There is no such scenario; one of your own has its bounds in its file'))
  return specs.map((spec) => bounded(spec, Object.hasOwn(bounds, spec.name) ? (bounds[spec.name] ?? {}) : {}, problems))
}

function bounded(spec: ScenarioSpec, wanted: ConfigBounds[string], problems: Problem[]): BoundedScenario {
  const claims: Record<string, ClaimSpec> = { ...spec.claims }
  const yours: string[] = []
  for (const [sentence, bound] of Object.entries(wanted)) {
    const claim = Object.hasOwn(claims, sentence) ? claims[sentence] : undefined
    if (claim === undefined) {
      problems.push(unknown(['bounds', spec.name, sentence], sentence, Object.keys(spec.claims), `The claims of ${spec.name} are ${Object.keys(spec.claims).map((one) => `"${one}"`).join(', ')}`))
      continue
    }
    const read = (end: 'pass' | 'fail'): number | undefined => {
      const value = bound[end] ?? bound.pass
      const number = inUnitOf(claim, value)
      if (number === undefined && bound[end] !== undefined) problems.push({ what: `${configFileName}: ${pathText(['bounds', spec.name, sentence, end])} is ${JSON.stringify(value)}, and this claim is about ${unitWords[claim.unit]}.`, fix: `Write ${claim.unit === 'ms' ? 'a time in quotes with its unit, like "1s"' : `a number without quotes, like ${claim.bounds.pass}`}.` })
      return number
    }
    const both: Partial<Bounds> = { ...defined('pass', read('pass')), ...defined('fail', read('fail')) }
    if (both.pass === undefined || both.fail === undefined) continue
    claims[sentence] = { ...claim, bounds: { ...claim.bounds, pass: both.pass, fail: both.fail } }
    yours.push(sentence)
  }
  return { spec: { ...spec, claims }, yours }
}

const defined = (end: keyof Bounds, value: number | undefined): Partial<Bounds> => (value === undefined ? {} : { [end]: value })

const unitWords: Readonly<Record<ClaimSpec['unit'], string>> = { ms: 'a time', share: 'a share from 0 to 1', ratio: 'a ratio', count: 'a count' }

function inUnitOf(claim: ClaimSpec, value: string | number): number | undefined {
  if (claim.unit === 'ms') return typeof value === 'string' ? parseDuration(value)?.milliseconds : undefined
  return typeof value === 'number' && (claim.unit !== 'share' || value <= 1) ? value : undefined
}

function unknown(at: readonly string[], word: string, candidates: readonly string[], otherwise: string): Problem {
  const meant = nearest(word, candidates)
  return { what: `${configFileName}: ${pathText(at)} is not known.`, fix: meant === undefined ? `${otherwise}.` : `Did you mean "${meant}"?` }
}
