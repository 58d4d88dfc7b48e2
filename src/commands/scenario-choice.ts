import { type BundledScenario, languageFile, loadScenario } from '../engine/bundle.ts'
import { type Problem, UsageError } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { isWindow, type ScenarioSpec } from '../scenario/spec.ts'
import { type BoundedScenario, withBounds } from './config-bounds.ts'
import type { ConfigBounds } from './config-schema.ts'
import { scenarioNames } from './scenario-files.ts'
import type { RunRequest, TargetFlag } from './run-request.ts'
import type { StackRequest } from './stack-request.ts'

/** A scenario as it is run on the systems asked for, and as it is run on the control stack: their parameters differ. */
export interface ChosenScenario {
  readonly asked: BundledScenario
  readonly control: BundledScenario
}

/**
 * Loads the scenarios with their parameters.
 * @throws {UsageError} for two of one name, and for a --set that no scenario has.
 */
export async function loadScenarios(files: readonly string[], request: Pick<RunRequest, 'targets' | 'size' | 'set' | 'stack'>, bounds: ConfigBounds | undefined): Promise<ChosenScenario[]> {
  const quick = request.size === 'quick'
  const onControl = request.targets.length === 0
  const set = { ...stackParameters(request), ...request.set }
  const chosen: ChosenScenario[] = []
  for (const file of files) {
    const asked = await loadScenario(file, languageFile(), { control: onControl, quick, set })
    // Before a target the control stack takes its quick rounds, by its own parameters.
    chosen.push({ asked, control: onControl ? asked : await loadScenario(file, languageFile(), { control: true, quick: true, set: {} }) })
  }
  const problems = [...sameNames(chosen, files), ...unknownParameters(chosen, Object.keys(request.set))]
  const own = withBounds(chosen.map(({ asked }) => asked.spec), onControl ? {} : bounds ?? {}, scenarioNames(), problems)
  if (problems.length > 0) throw new UsageError(problems)
  return chosen.map((one, index) => ({ ...one, asked: { ...one.asked, spec: marked(own[index] ?? { spec: one.asked.spec, yours: [] }) } }))
}

/** Pages that take a worker of Open WebUI seconds to read. `--set pageBytes=5000` asks for small ones. */
const heavyPages = { pages: '5', pageBytes: '1500000' }

/**
 * What is other than usual on a stack that we start: its time-outs are ours to choose, and what is claimed of them goes with them; and nobody else waits
 * there for a search whose pages are as expensive as some are.
 */
function stackParameters({ stack, size }: Pick<RunRequest, 'size' | 'stack'>): Record<string, string> {
  if (stack === undefined) return {}
  return { ...(size === 'quick' ? { errorWithin: `${stack.errorWithin}ms` } : {}), ...(stack.name === 'ollama' ? {} : heavyPages) }
}

/** The report says of whom a bound is. */
const marked = ({ spec, yours }: BoundedScenario): ScenarioSpec => (yours.length === 0 ? spec : { ...spec, ownBounds: yours })

/** Each scenario has a folder of its own, by its name. */
function sameNames(chosen: readonly ChosenScenario[], files: readonly string[]): Problem[] {
  return chosen.flatMap(({ asked: { spec: { name } } }, index) => {
    const first = chosen.findIndex(({ asked }) => asked.spec.name === name)
    return first === index ? [] : [{ what: `Two scenarios are called ${name}: ${files[first] ?? ''} and ${files[index] ?? ''}.`, fix: 'Name it once, or give one of them another name.' }]
  })
}

function unknownParameters(chosen: readonly ChosenScenario[], names: readonly string[]): Problem[] {
  const known = [...new Set(chosen.flatMap(({ asked }) => Object.keys(asked.spec.params ?? {})))]
  return names.filter((name) => !known.includes(name)).map((name) => {
    const suggestion = nearest(name, known)
    return { what: `--set ${name}: no scenario that is to be run has such a parameter.`, fix: suggestion !== undefined ? `Did you mean ${suggestion}?` : known.length === 0 ? 'Leave it out.' : `There are: ${known.join(', ')}.` }
  })
}

/** The systems as this scenario speaks to them: an Open WebUI that we started has a socket for a scenario that needs it, whatever the others go by. */
export function targetsFor({ needs }: Pick<ScenarioSpec, 'needs'>, { targets, stack }: Pick<RunRequest, 'targets' | 'stack'>): readonly TargetFlag[] {
  if (stack === undefined || !needs.includes('socket')) return targets
  return targets.map((target) => (target.kind === 'open-webui' ? { ...target, kind: 'open-webui-socket' } : target))
}

/** A line about a --via api that a scenario does not go by, because it is about the page's socket; undefined where there is nothing to tell. */
export function viaNotTaken({ name, needs }: Pick<ScenarioSpec, 'name' | 'needs'>, via: string | undefined, { stack }: Pick<RunRequest, 'stack'>): string | undefined {
  if (via !== 'api' || !needs.includes('socket') || stack?.name === 'ollama') return undefined
  return `${name} is about the socket of Open WebUI's page and is said over it: --via api does not hold for it.`
}

/** Whether a page is taken off its network: the control stack has no page, and cannot say such a scenario. */
export const takesBrowser = ({ messages }: Pick<ScenarioSpec, 'messages'>): boolean => Object.values(messages).some(({ fault }) => fault?.kind === 'offline')

/** Why a scenario says nothing about the systems asked for, and is left out: a sentence without its full stop. Undefined where it can be run. */
export function whyLeftOut(spec: ScenarioSpec, request: Pick<RunRequest, 'targets' | 'stack' | 'mockUrl' | 'modelUrl' | 'search' | 'load' | 'noBrowser'>): string | undefined {
  const { mockUrl, modelUrl, search, load, noBrowser } = request
  const targets = targetsFor(spec, request)
  if (takesBrowser(spec) && !(targets.length > 0 && targets.every(({ kind }) => kind === 'browser'))) return 'it takes a page off the network, and only a browser has one: name the system with browser=URL, or say --via browser'
  if (targets.length === 0) return undefined
  if (noBrowser !== undefined && targets.some(({ kind }) => kind === 'browser')) return noBrowser
  if (spec.needs.includes('socket') && targets.some(({ kind }) => kind !== 'open-webui-socket')) return `it is about the socket of Open WebUI's page: ${request.stack === undefined ? 'name the system with open-webui-socket=URL' : request.stack.via === 'browser' ? 'leave out --via browser' : 'run it with --stack open-webui'}`
  if (spec.needs.includes('people') && request.stack === undefined) return 'it takes the accounts of several people, which only a stack of ours has: run it with --stack open-webui'
  const messages = Object.values(spec.messages)
  if (spec.needs.includes('search')) {
    if (targets.some(({ kind }) => kind === 'ollama')) return 'Ollama does not search the web'
    if (!search && targets.some(({ kind }) => kind === 'openai')) return 'it is not known whether this gateway searches the web; if it does (features.web_search), say --search'
  }
  if (load === 'gentle' && mockUrl === undefined && spec.params?.['errorWithin'] !== undefined && Object.values(spec.claims).some(({ measure }) => measure === 'wholeAnswers')) {
    return 'a gentle run asks for short answers, and it takes a long one to meet a time-out: add --load full'
  }
  const wantsMock = mockUrl === undefined && messages.some(({ fault, leave }) => (fault !== undefined && fault.kind !== 'offline') || leave !== undefined)
  if (wantsMock) return `the model has to fail and to be watched for it: ${request.stack === undefined ? 'put `npx first-token mock` behind the system and give its address with --mock' : ourMock(request.stack)}`
  const goesPast = mockUrl === undefined && modelUrl === undefined && Object.values(spec.phases).some((phase) => !isWindow(phase) && phase.via === 'model')
  if (!goesPast) return undefined
  return `it compares with the model itself: ${request.stack === undefined ? 'give its address with --model-url, or put our mock behind the system' : ourMock(request.stack)}`
}

/** How our mock comes to stand behind a stack of ours, which has a real model. */
const ourMock = ({ name }: StackRequest): string => (name === 'ollama' ? 'run it with --stack open-webui' : 'leave out --model-server ollama')
