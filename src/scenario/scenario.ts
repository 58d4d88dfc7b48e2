import { isMilliseconds, type Milliseconds } from '../duration.ts'
import { type Measures, measures } from './claim.ts'
import { claimProblems } from './claim-check.ts'
import { type Message, messageSpec } from './message.ts'
import { parameters } from './parameter.ts'
import { type Phase, phaseSpec } from './phase.ts'
import { has, isRecord, unknownKeys } from './shape.ts'
import type { ClaimSpec, Defect, Observed, ObserveSpec, ScenarioSpec } from './spec.ts'

export type { Message } from './message.ts'
export type { Phase } from './phase.ts'

/** A scenario as its author writes it. `M`: message labels, `P`: phase names, `C`: claim sentences. */
export interface Definition<M extends string, P extends string, C extends string> {
  readonly name: string
  readonly question: string
  /** Whether the CI gate runs it. Default false. */
  readonly gate?: boolean
  /** Capabilities without which a target skips it, `search` for one. */
  readonly needs?: readonly string[]
  readonly messages: { readonly [K in M]: Message }
  readonly phases: { readonly [K in P]: Phase<NoInfer<M>> }
  /** What is looked at meanwhile, and how often. */
  readonly observe?: { readonly [What in Observed]?: Milliseconds }
  readonly claims: (measures: Measures<NoInfer<M>, NoInfer<P>>) => { readonly [K in C]: ClaimSpec }
  /** For each claim the setting of the control gateway that must make it fail. */
  readonly provedBy?: { readonly [K in NoInfer<C>]?: Defect }
}

/** Everything that is wrong with a scenario, a line each. */
export class ScenarioError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ScenarioError'
    this.problems = problems
  }
}

/**
 * Declares a scenario: one question, the messages of a person, the phases in which they are said, the claims that answer it.
 * @throws {ScenarioError} with every problem, for what a compiler would have refused: unknown labels and phases, bare numbers for times.
 */
export function scenario<const M extends string, const P extends string, const C extends string>(definition: Definition<M, P, C>): ScenarioSpec {
  if (!isRecord(definition)) throw new ScenarioError([`a scenario is an object with name, question, messages, phases and claims, not ${JSON.stringify(definition)}`])
  const problems: string[] = [...unknownKeys(definition, 'scenario', ['name', 'question', 'gate', 'needs', 'messages', 'phases', 'observe', 'claims', 'provedBy']), ...flagProblems(definition)]
  const messages = record<Message>(definition.messages, 'messages', problems)
  const phases = record<Phase<string>>(definition.phases, 'phases', problems)
  if (typeof definition.name !== 'string' || !/^[a-z][a-z0-9-]*$/.test(definition.name)) problems.push(`name: ${JSON.stringify(definition.name)} is not a lower-case name like "long-story"`)
  if (typeof definition.question !== 'string' || definition.question === '') problems.push('question: the question that the scenario answers is missing')
  const spec: ScenarioSpec = {
    name: definition.name,
    question: definition.question,
    gate: definition.gate ?? false,
    needs: definition.needs ?? [],
    messages: mapped(messages, (message, label) => messageSpec(message, label, problems)),
    phases: mapped(phases, (phase, name) => phaseSpec(phase, name, Object.keys(messages), problems)),
    ...(definition.observe === undefined ? {} : { observe: observeSpec(definition.observe, problems) }),
    ...(Object.keys(parameters()).length === 0 ? {} : { params: parameters() }),
    claims: claimSpecs(definition, problems),
    provedBy: provedBySpec(definition.provedBy, problems),
  }
  for (const [sentence, claim] of Object.entries(spec.claims)) problems.push(...claimProblems(sentence, claim, spec))
  for (const sentence of Object.keys(spec.provedBy)) {
    // Claims that threw are told of once, not once more for each proof.
    if (Object.keys(spec.claims).length > 0 && !has(spec.claims, sentence)) problems.push(`provedBy: there is no claim "${sentence}"`)
  }
  if (problems.length > 0) throw new ScenarioError(problems)
  return spec
}

function flagProblems({ gate, needs }: Record<string, unknown>): string[] {
  const problems: string[] = []
  if (gate !== undefined && typeof gate !== 'boolean') problems.push(`gate: true or false, not ${JSON.stringify(gate)}`)
  if (needs !== undefined && !(Array.isArray(needs) && needs.every((need) => typeof need === 'string'))) problems.push(`needs: a list of names like ['search'], not ${JSON.stringify(needs)}`)
  return problems
}

/** Oftener than this a look at the system is a load on it, ms. */
const leastCadence = 20

function observeSpec(observe: unknown, problems: string[]): ObserveSpec {
  problems.push(...unknownKeys(observe, 'observe', ['health', 'database', 'model']))
  if (!isRecord(observe)) {
    problems.push(`observe: an object like { health: ms(250) }, not ${JSON.stringify(observe)}`)
    return {}
  }
  return Object.fromEntries(Object.entries(observe).map(([what, every]) => {
    if (isMilliseconds(every) && every.milliseconds >= leastCadence) return [what, every.milliseconds]
    problems.push(`observe.${what}: how often, as ms(250), at least ${leastCadence} ms; not ${JSON.stringify(every)}`)
    return [what, leastCadence]
  }))
}

function provedBySpec(provedBy: unknown, problems: string[]): Record<string, Defect> {
  if (provedBy === undefined) return {}
  if (!isRecord(provedBy)) {
    problems.push('provedBy: an object from claim to defect')
    return {}
  }
  const isDefect = (value: unknown): value is Defect => isRecord(value) && Object.values(value).every((setting) => ['string', 'number', 'boolean'].includes(typeof setting))
  return Object.fromEntries(Object.entries(provedBy).map(([sentence, defect]) => {
    if (isDefect(defect)) return [sentence, defect]
    problems.push(`provedBy "${sentence}": settings of the control gateway like { slots: 1 }, not ${JSON.stringify(defect)}`)
    return [sentence, {}]
  }))
}

function record<T>(value: Readonly<Record<string, T>> | undefined, where: string, problems: string[]): Record<string, T> {
  if (!isRecord(value) || Object.keys(value).length === 0) {
    problems.push(`${where}: at least one is needed`)
    return {}
  }
  return value
}

function mapped<T, R>(values: Record<string, T>, map: (value: T, key: string) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]))
}

function claimSpecs<M extends string, P extends string, C extends string>(definition: Definition<M, P, C>, problems: string[]): Record<string, ClaimSpec> {
  if (typeof definition.claims !== 'function') {
    problems.push('claims: a function from measures to claims is missing, as in claims: ({ stalledShare }) => ({ … })')
    return {}
  }
  try {
    const claims = definition.claims(measures<M, P>())
    if (Object.keys(claims).length === 0) problems.push('claims: at least one is needed, or nothing can be judged')
    return claims
  } catch (error) {
    problems.push(`claims: ${error instanceof Error ? error.message : String(error)}`)
    return {}
  }
}
