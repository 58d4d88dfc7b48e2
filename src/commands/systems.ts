import type { BundledScenario } from '../engine/bundle.ts'
import type { RunClock } from '../engine/node/clock.ts'
import { type Problem, UsageError } from '../errors.ts'
import { mockJournal } from '../observe/journal.ts'
import type { SideSpec } from '../sample/run-file.ts'
import type { Defect, ScenarioSpec } from '../scenario/spec.ts'
import type { Journal } from '../sample/journal.ts'
import { parseDefects } from '../stack/control/settings.ts'
import { startControlStack } from '../stack/control/stack.ts'
import { targetOf } from '../target/chat-target.ts'
import type { Target } from '../target/target.ts'
import type { MatrixCase, Shape } from './detection-matrix.ts'
import { observed, type Observers, observersOf } from './observers.ts'
import { processFiles } from './package-files.ts'
import type { RunRequest } from './run-request.ts'
import type { SideAccess } from './sign-in.ts'

/** What is to be measured, up and reachable: sides with a target each, and the mock behind them where it is ours. */
export interface Systems {
  readonly sides: readonly SideSpec[]
  readonly targets: ReadonlyMap<string, Target>
  readonly mock: { readonly target: Target; readonly journal: Journal } | undefined
  /** The model itself, where --model-url names it. */
  readonly model: Target | undefined
  /** Per side, what can be looked at beside its messages. */
  readonly observers: Observers
  /** Per side, what the mock's marker says beside what the scenario asks: how the stream is written. */
  readonly shapes: ReadonlyMap<string, Shape>
  /** Whether every side is an unaltered side of the control stack, whose answers are known. */
  readonly knownAnswers: boolean
  /** Resolves with a sentence when a process that we started ends unasked. Never resolves otherwise. */
  readonly died: Promise<string>
  down(): Promise<void>
}

const mockModel = 'mock'

/** Who sits at the pages of the control stack: everybody is told of the own messages, and of nobody else's. */
const controlPeople = Array.from({ length: 64 }, (_, index) => ({ authorization: `Bearer person-${index + 1}` }))

/**
 * That --defect and the scenarios' `provedBy` name settings of the control gateway, and values that they take: a proof by a misspelt defect would never
 * fail anything.
 * @throws {UsageError} with every one that does not.
 */
export function checkDefects(scenarios: readonly BundledScenario[], defectTexts: readonly string[]): void {
  const problems: Problem[] = []
  const check = (texts: readonly string[], where: string): void => {
    try {
      parseDefects(texts, controlSides.map((side) => side.name))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(...error.problems.map(({ what, fix }) => ({ what: where === '' ? what : what.replace(/^--defect/, where), fix })))
    }
  }
  check(defectTexts, '')
  for (const { spec } of scenarios) {
    for (const [claim, defect] of Object.entries(spec.provedBy)) check(Object.entries(defect).map(([name, value]) => `${name}=${String(value)}`), `provedBy "${claim}"`)
  }
  if (problems.length > 0) throw new UsageError(problems)
}

const controlSides = [{ name: 'before', profile: 'before' }, { name: 'after', profile: 'after' }] as const

/** How the control stack is spoken to: undefined is its API. */
export type Way = SideSpec['via']

/** As Open WebUI's page where the scenario is about that, or the user, or the systems that it is to vouch for. */
export const controlWay = ({ needs }: Pick<ScenarioSpec, 'needs'>, asked: Way): Way => (needs.includes('socket') ? 'socket' : asked)

/** The shipped control stack: our mock and the control gateway twice, as processes of their own on free loopback ports. */
export async function controlSystems(clock: RunClock, defectTexts: readonly string[], via: Way): Promise<Systems> {
  const defects = parseDefects([...defectTexts], controlSides.map((side) => side.name))
  const wanted = controlSides.map((side) => ({ ...side, role: side.name === 'before' ? ('reference' as const) : ('judged' as const), defects: defects[side.name] ?? {} }))
  return { ...(await stackSystems(clock, wanted, via)), knownAnswers: defectTexts.length === 0 }
}

/** The profile `after`, once for each case of the detection matrix: every side is judged. */
export async function defectSystems(clock: RunClock, cases: readonly MatrixCase[], via: Way): Promise<Systems> {
  const systems = await stackSystems(clock, cases.map(({ name, defect }) => ({ name, profile: 'after', role: 'judged', defects: defect })), via)
  return { ...systems, shapes: new Map(cases.flatMap(({ name, shape }) => (shape === undefined ? [] : [[name, shape]]))) }
}

interface WantedSide {
  readonly name: string
  readonly profile: 'before' | 'after'
  readonly role: SideSpec['role']
  readonly defects: Defect
}

async function stackSystems(clock: RunClock, wanted: readonly WantedSide[], via: Way): Promise<Systems> {
  const stack = await startControlStack({ sides: wanted.map(({ name, profile, defects }) => ({ name, profile, defects: { ...defects } })), files: processFiles() })
  const sides = stack.sides.map((side): SideSpec => ({
    name: side.name,
    role: wanted.find((one) => one.name === side.name)?.role ?? 'judged',
    kind: 'control',
    url: `${side.url}/v1`,
    model: mockModel,
    profile: side.profile,
    settings: { ...side.settings },
    defects: { ...side.defects },
    hasMock: true,
    ...(via === undefined ? {} : { via }),
  }))
  const mock = mockAt(stack.mock.url, clock)
  return {
    sides,
    targets: targetsOf(sides, new Map(), clock),
    mock,
    model: undefined,
    observers: observersOf(sides, { access: new Map(), clock, healthUrl: undefined, model: mock.target }),
    shapes: new Map(),
    knownAnswers: false,
    died: stack.died.then(({ name, detail }) => `${name} ended unasked (${detail})`),
    down: async () => {
      await mock.close()
      await stack.down()
    },
  }
}

/** Systems that run already. Nothing of them is started or stopped. @param folder where pages leave their pictures */
export function runningSystems(clock: RunClock, request: RunRequest, { models, access, folder }: { readonly models: ReadonlyMap<string, string>; readonly access: SideAccess; readonly folder: string }): Systems {
  const isRelay = request.mockUrl !== undefined && request.stack?.modelServer === 'ollama'
  const sides = request.targets.map((target): SideSpec => ({
    name: target.side,
    role: target.role,
    kind: target.kind,
    url: target.url,
    model: models.get(target.side) ?? '',
    profile: target.profile ?? null,
    settings: target.settings ?? {},
    defects: {},
    hasMock: request.mockUrl !== undefined && !isRelay,
    ...(isRelay ? { hasRelay: true as const } : {}),
    ...(target.tokensPerSecond === undefined ? {} : { tokensPerSecond: target.tokensPerSecond }),
  }))
  const mock = request.mockUrl === undefined ? undefined : mockAt(request.mockUrl, clock)
  const model = request.modelUrl === undefined ? undefined : targetOf({ kind: 'openai', url: request.modelUrl, model: sides[0]?.model ?? '', headers: {}, clock })
  const observers = observersOf(sides, { access, clock, healthUrl: request.healthUrl, model: model ?? mock?.target })
  const targets = targetsOf(sides, access, clock, folder)
  return {
    sides: sides.map((side) => ({ ...side, observes: observed(observers, side.name) })),
    targets,
    mock,
    model,
    observers,
    shapes: new Map(),
    knownAnswers: false,
    died: new Promise(() => {}),
    down: async () => {
      await Promise.all([...targets.values()].map(async (target) => target.close?.()))
      await mock?.close()
    },
  }
}

function mockAt(url: string, clock: RunClock): { target: Target; journal: Journal; close(): Promise<void> } {
  const journal = mockJournal(url, () => clock.now())
  return { target: targetOf({ kind: 'openai', url: `${url}/v1`, model: mockModel, headers: {}, clock }), journal, close: () => journal.close() }
}

function targetsOf(sides: readonly SideSpec[], access: SideAccess, clock: RunClock, folder?: string): Map<string, Target> {
  return new Map(sides.map(({ name, kind, url, model, via }) => {
    const { headers = {}, trust, people } = access.get(name) ?? {}
    const pictures = folder === undefined ? undefined : { folder, name }
    return [name, via === undefined ? targetOf({ kind, url, model, clock, headers, trust, people, pictures }) : targetOf({ kind: 'open-webui-socket', url: new URL(url).origin, model, clock, headers, people: controlPeople })]
  }))
}
