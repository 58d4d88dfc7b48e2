import { isMilliseconds, type Milliseconds } from '../duration.ts'
import { type Measures, measures } from './claim.ts'
import type { ClaimSpec, Defect, MessageSpec, PhaseSpec, ScenarioSpec } from './spec.ts'

/** What a person says. `mock` is what our own mock model is asked to do with it; a real model ignores it. */
export interface Message {
  readonly text: string
  readonly mock?: {
    readonly tokens?: number
    /** How long the answer streams at least; the plan stretches it so that every probe is exposed. */
    readonly lasts?: Milliseconds
    /** Before the first content token. Default 2 ms. */
    readonly firstTokenAfter?: Milliseconds
    /** Between two tokens. Default 20 ms. */
    readonly gap?: Milliseconds
  }
}

/** A phase says one message over and over, evenly spaced; alone, or while answers to another are being told. */
export interface Phase<M extends string> {
  readonly say: M
  readonly while?: M | { readonly say: M; readonly copies: number }
}

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
  const problems: string[] = [...unknownKeys(definition, 'scenario', ['name', 'question', 'gate', 'needs', 'messages', 'phases', 'claims', 'provedBy']), ...flagProblems(definition)]
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

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `in` would find `constructor` and `toString` in every object. */
const has = (values: object, key: string): boolean => Object.keys(values).includes(key)

/** A misspelt key is worse than a misspelt label: `whlie` would make a quiet phase of a loaded one, and nobody would hear of it. */
function unknownKeys(value: unknown, at: string, known: readonly string[]): string[] {
  if (!isRecord(value)) return []
  return Object.keys(value).filter((key) => !known.includes(key)).map((key) => `${at}: there is no "${key}"; what can be said is ${known.join(', ')}`)
}

function flagProblems({ gate, needs }: Record<string, unknown>): string[] {
  const problems: string[] = []
  if (gate !== undefined && typeof gate !== 'boolean') problems.push(`gate: true or false, not ${JSON.stringify(gate)}`)
  if (needs !== undefined && !(Array.isArray(needs) && needs.every((need) => typeof need === 'string'))) problems.push(`needs: a list of names like ['search'], not ${JSON.stringify(needs)}`)
  return problems
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

function messageSpec(message: Message, label: string, problems: string[]): MessageSpec {
  const at = `messages.${label}`
  if (typeof message?.text !== 'string' || message.text === '') problems.push(`${at}.text: what the person says is missing`)
  problems.push(...unknownKeys(message, at, ['text', 'mock']), ...unknownKeys(message?.mock, `${at}.mock`, ['tokens', 'lasts', 'firstTokenAfter', 'gap']))
  if (message?.mock !== undefined && !isRecord(message.mock)) problems.push(`${at}.mock: an object like { tokens: 20 }, not ${JSON.stringify(message.mock)}`)
  const mock = isRecord(message?.mock) ? message.mock : {}
  const time = (name: 'lasts' | 'firstTokenAfter' | 'gap'): number | undefined => {
    const value: unknown = mock[name]
    if (value === undefined) return undefined
    if (isMilliseconds(value) && value.milliseconds > longestTime) problems.push(`${at}.mock.${name}: more than an hour is more than a run can bear`)
    if (isMilliseconds(value)) return value.milliseconds
    problems.push(`${at}.mock.${name}: a time is ms(…), seconds(…) or minutes(…), not ${JSON.stringify(value)}`)
    return undefined
  }
  const lasts = time('lasts')
  const tokens = mock.tokens
  if (tokens !== undefined && (!Number.isInteger(tokens) || tokens < 1)) problems.push(`${at}.mock.tokens: a whole number of at least 1, not ${JSON.stringify(tokens)}`)
  if (tokens !== undefined && tokens > mostTokens) problems.push(`${at}.mock.tokens: at most ${mostTokens}, not ${tokens}`)
  if (tokens !== undefined && lasts !== undefined) problems.push(`${at}.mock: tokens and lasts both say how long the answer is; keep one`)
  const gap = time('gap') ?? 20
  if (lasts === 0) problems.push(`${at}.mock.lasts: an answer that lasts needs a length`)
  if (gap === 0 && lasts !== undefined) problems.push(`${at}.mock.gap: an answer that lasts needs time between its tokens`)
  const length = lasts === undefined ? { tokens: tokens ?? 20 } : { lasts }
  return { text: message?.text ?? '', mock: { ...length, firstTokenAfter: time('firstTokenAfter') ?? 2, gap } }
}

/** Of one answer; the mock takes no more. */
const mostTokens = 100_000
/** Of anything that a message takes, ms. */
const longestTime = 3_600_000
/** Of one message at once: more connections than a machine has to spare measure the machine. */
const mostCopies = 1_000

function phaseSpec(phase: Phase<string>, name: string, labels: readonly string[], problems: string[]): PhaseSpec {
  const known = (label: unknown, where: string): string => {
    if (typeof label === 'string' && labels.includes(label)) return label
    problems.push(`phases.${name}.${where}: there is no message ${JSON.stringify(label)}; the messages are ${labels.join(', ')}`)
    return String(label)
  }
  problems.push(...unknownKeys(phase, `phases.${name}`, ['say', 'while']), ...unknownKeys(phase?.while, `phases.${name}.while`, ['say', 'copies']))
  const say = known(phase?.say, 'say')
  if (phase?.while === undefined) return { say }
  const blocker = isRecord(phase.while) ? phase.while : { say: phase.while, copies: 1 }
  if (!Number.isInteger(blocker.copies) || blocker.copies < 1 || blocker.copies > mostCopies) problems.push(`phases.${name}.while.copies: a whole number from 1 to ${mostCopies}, not ${JSON.stringify(blocker.copies)}`)
  return { say, while: { say: known(blocker.say, 'while'), copies: blocker.copies } }
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

function claimProblems(sentence: string, claim: ClaimSpec, spec: ScenarioSpec): string[] {
  const at = `claims "${sentence}"`
  if (typeof claim?.measure !== 'string') return [`${at}: is not a claim; end it with .atMost(…)`]
  if (claim.measure === 'lostTokens') return []
  const problems: string[] = []
  if (!has(spec.messages, claim.message)) problems.push(`${at}: there is no message "${claim.message}"; the messages are ${Object.keys(spec.messages).join(', ')}`)
  const loaded = claim.measure === 'delayGrowth' ? [claim.from, claim.to] : claim.during
  const named = claim.measure === 'stalledShare' ? [...loaded, claim.quiet] : loaded
  for (const phase of named) {
    if (!has(spec.phases, phase)) problems.push(`${at}: there is no phase "${phase}"; the phases are ${Object.keys(spec.phases).join(', ')}`)
    else if (has(spec.messages, spec.phases[phase]?.say ?? '') && spec.phases[phase]?.say !== claim.message) problems.push(`${at}: "${claim.message}" is not what phase "${phase}" says`)
  }
  if (loaded.length === 0) problems.push(`${at}: names no phase`)
  if (problems.length > 0 || claim.measure === 'firstVisible') return problems
  for (const phase of loaded) if (spec.phases[phase]?.while === undefined) problems.push(`${at}: phase "${phase}" has no blocker (while)`)
  const quiet = claim.measure === 'stalledShare' ? claim.quiet : quietPhase(spec, claim.message)
  if (quiet === undefined) problems.push(`${at}: there is no quiet phase, { say: '${claim.message}' }, to compare with`)
  else if (spec.phases[quiet]?.while !== undefined) problems.push(`${at}: the quiet phase "${quiet}" has a blocker`)
  return problems
}

/** The phase that says `message` while nothing else is: what a loaded phase is compared with. */
export function quietPhase(spec: ScenarioSpec, message: string): string | undefined {
  return Object.keys(spec.phases).find((name) => spec.phases[name]?.say === message && spec.phases[name]?.while === undefined)
}
