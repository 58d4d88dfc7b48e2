import { expect, test } from 'vitest'
import { blocker, concurrent, probes, run } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { Run, RunFileRecord } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { conduct, type ConductorOptions, type Progress } from './conductor.ts'
import { type AnchorOrder, type Engine, Interrupted, type PhaseOrder, type PhaseReport } from './engine.ts'

interface Script {
  readonly looks?: readonly number[]
  readonly sides?: readonly string[]
  /** What a phase comes to; by default whole answers, nothing that stood still. */
  readonly phase?: (order: PhaseOrder) => Partial<PhaseReport>
  readonly decides?: (run: Run) => boolean
  readonly budget?: number
  readonly abortAfter?: number
  readonly options?: Partial<ConductorOptions>
  readonly anchor?: Engine['anchor']
  readonly scenario?: ScenarioSpec
}

/** A round takes 10 s of the engine's time. */
const phaseTime = 10_000 / 3

function messagesOf({ side, round, attempt, phase, sizes }: PhaseOrder): MessageRecord[] {
  const parts = { side: side.name, round, attempt, phase }
  const lasts = phase === 'behindStory' ? sizes.blockers['story'] : sizes.blockers['saga']
  return [...(phase === 'quiet' ? [] : [blocker({ ...parts, lasts: lasts ?? 0 })]), ...probes(parts)]
}

async function conducted({ looks = [6], sides = ['before', 'after'], phase = () => ({}), decides = () => true, budget = Infinity, abortAfter = Infinity, options = {}, anchor, scenario = concurrent }: Script) {
  const { header } = run({ messages: sides.flatMap((side) => probes({ side })), header: { scenario }, rules: { looks: [...looks] } })
  const orders: PhaseOrder[] = []
  const records: RunFileRecord[] = []
  const progress: Progress[] = []
  const controller = new AbortController()
  const engine: Engine = {
    calibrate: () => Promise.resolve(null),
    measure: (specs) => Promise.resolve(specs.map(({ name }) => ({ side: name, service: { aloneTime: 10, togetherTime: 10, together: 32 }, warmUp: { requests: 20, time: 3_000, settled: true } }))),
    walk: (order) => {
      orders.push(order)
      if (orders.length >= abortAfter) controller.abort('SIGINT')
      const { side, round, attempt, phase: name } = order
      const record = { type: 'phase', side: side.name, round, attempt, phase: name, from: 0, windowAt: 0, to: 1, offered: 8, delivered: 8, drained: true } as const
      return Promise.resolve({ record, messages: messagesOf(order), observations: [], longestBlock: 1, ...phase(order) })
    },
    clockCheck: () => Promise.resolve({ offset: 0, bound: 0.05, oneClock: true }),
    now: () => orders.length * phaseTime,
    ...(anchor === undefined ? {} : { anchor }),
  }
  const ended = await conduct({ header, engine, record: (record) => records.push(record), lookDecides: decides, budget, signal: controller.signal, onProgress: (event) => progress.push(event), ...options })
    .then(() => undefined, (error: unknown) => error)
  return { orders, records, progress, ended, rounds: records.filter((record) => record.type === 'round') }
}

const walkOf = (orders: readonly PhaseOrder[], side: string): string[] => orders.filter((order) => order.side.name === side).map(({ round, attempt, phase }) => `${round}.${attempt} ${phase}`)

test('every side walks every phase of every round, the quiet one first, in an order that the seed draws', async () => {
  const { orders, records } = await conducted({ looks: [2] })
  for (const side of ['before', 'after']) expect(walkOf(orders, side)).toEqual(['1.1 quiet', '1.1 behindStory', '1.1 behindSaga', '2.1 quiet', '2.1 behindStory', '2.1 behindSaga'])
  expect(records.filter(({ type }) => type === 'message')).toHaveLength(2 * 2 * (8 + 9 + 9))
})

test('it stops at the first look that decides, and goes on to the next one where none does', async () => {
  const lengths: number[] = []
  const rounds = async (decides: (run: Run) => boolean): Promise<number> => (await conducted({ looks: [2, 4, 6], sides: ['after'], decides })).rounds.length
  expect(await rounds((seen) => { lengths.push(seen.rounds.length); return seen.rounds.length >= 4 })).toBe(4)
  expect(lengths).toEqual([2, 4])
  expect(await rounds(() => false)).toBe(6)
})

test('a look that the budget does not reach is not begun', async () => {
  const rounds = async (budget: number): Promise<number> => (await conducted({ looks: [2, 4, 6], sides: ['after'], decides: () => false, budget })).rounds.length
  expect([await rounds(39_000), await rounds(40_000), await rounds(60_000)]).toEqual([2, 4, 6])
  // The first look is always taken: without it nothing could be said at all.
  expect(await rounds(1)).toBe(2)
})

test('a round in which the tester stood still for more than a third of the stall limit is said again, three times a side and no more', async () => {
  const still = (longestBlock: number) => conducted({ looks: [2], sides: ['before', 'after'], phase: ({ side }) => (side.name === 'after' ? { longestBlock } : {}) })
  // A third of 500 ms.
  expect((await still(166)).rounds.map(({ kept }) => kept)).toEqual([true, true, true, true])
  const { rounds, progress } = await still(167)
  const after = rounds.filter(({ side }) => side === 'after')
  expect(after.map(({ round, attempt, kept }) => [round, attempt, kept])).toEqual([[1, 1, false], [1, 2, false], [1, 3, false], [1, 4, true], [2, 1, true]])
  expect(after.map(({ spoiltBy }) => spoiltBy)).toEqual(Array.from({ length: 5 }, () => expect.stringContaining('stood still for 167 ms')))
  expect(rounds.filter(({ side }) => side === 'before')).toHaveLength(2)
  expect(progress.filter(({ kind }) => kind === 'spoilt')).toHaveLength(5)
})

test('a round whose long story lasted less than twice the short one is said again', async () => {
  const { rounds } = await conducted({ looks: [1], sides: ['after'], phase: (order) => (order.attempt === 1 && order.phase === 'behindSaga' ? { messages: [blocker({ phase: 'behindSaga', lasts: 1_300 })] } : {}) })
  expect(rounds.map(({ kept, spoiltBy }) => [kept, spoiltBy])).toEqual([[false, expect.stringContaining('less than 2 ×')], [true, null]])
})

test('searches are compared by the time to their first word, and how long they tell afterwards does not spoil a round', async () => {
  const messages = Object.fromEntries(Object.entries(concurrent.messages).map(([label, spec]) => [label, label === 'hello' ? spec : { ...spec, search: true as const }]))
  const search = ({ phase, round, attempt }: PhaseOrder, times: Readonly<Record<string, number>>) =>
    (times[phase] === undefined ? {} : { messages: [blocker({ phase, round, attempt, ttft: times[phase], lasts: 5_000, sources: 3 })] })
  const of = (times: Readonly<Record<string, number>>) => conducted({ looks: [1], sides: ['after'], scenario: { ...concurrent, messages }, phase: (order) => search(order, times) })
  expect((await of({ behindStory: 1_000, behindSaga: 3_000 })).rounds.map(({ kept }) => kept)).toEqual([true])
  expect((await of({ behindStory: 1_000, behindSaga: 1_500 })).rounds.at(0)?.spoiltBy).toContain('less than 2 ×')
})

test('a story that the system broke off is not asked for again: what it did is the data', async () => {
  const cut = { kind: 'failed', code: 'truncated', detail: '', afterTokens: 40 } as const
  const { rounds } = await conducted({ looks: [1], sides: ['after'], phase: ({ phase, round, attempt }) => (phase === 'behindSaga' ? { messages: [blocker({ phase, round, attempt, lasts: 600, outcome: cut })] } : {}) })
  expect(rounds.map(({ kept, spoiltBy }) => [kept, spoiltBy])).toEqual([[true, null]])
})

test('where quiet answers vary more than the plan allowed for, the stories grow before they are told', async () => {
  const slow = (order: PhaseOrder): Partial<PhaseReport> => ({ messages: order.phase === 'quiet' ? probes({ side: 'after', round: order.round, perKind: 24, ttft: (index) => (index % 5 === 0 ? 700 : 100) }) : messagesOf(order) })
  const { records, orders } = await conducted({ looks: [3], sides: ['after'], phase: slow })
  const plans = records.filter((record) => record.type === 'plan')
  expect(plans).toHaveLength(2)
  // The limit is 3 × 600 ms; a story of 2.4 limits shows who waits.
  expect(plans[1]?.blockers['story']).toBeGreaterThan(2.4 * 1_800)
  expect((plans[1]?.blockers['saga'] ?? 0) / (plans[1]?.blockers['story'] ?? 1)).toBeCloseTo(3, 2)
  expect(orders[1]?.sizes.blockers).toEqual(plans[1]?.blockers)
})

test('one answer of 20 s among the first few does not make stories of minutes', async () => {
  const hiccup = (order: PhaseOrder): Partial<PhaseReport> => (order.phase === 'quiet' ? { messages: probes({ side: 'after', round: order.round, perKind: 9, ttft: (index) => (order.round === 1 && index === 3 ? 20_000 : 10) }) } : {})
  const { orders } = await conducted({ looks: [3], sides: ['after'], phase: hiccup })
  for (const { sizes } of orders) expect(sizes.blockers['story'] ?? 0).toBeLessThan(2.4 * 1.25 * 4 * 500 + 1)
})

test('what was quiet in a thrown-away attempt does not stay in the limit', async () => {
  const spoilt = (order: PhaseOrder): Partial<PhaseReport> => (order.attempt === 1 && order.round === 1 ? { longestBlock: 900, ...(order.phase === 'quiet' ? { messages: probes({ side: 'after', perKind: 9, ttft: 10, every: 10 }).map((message, index) => ({ ...message, firstTokenAt: (message.firstTokenAt ?? 0) + 300 * index })) } : {}) } : {})
  const { orders } = await conducted({ looks: [2], sides: ['after'], phase: spoilt })
  expect(Math.max(...orders.filter(({ round }) => round === 1).map(({ stallLimit }) => stallLimit))).toBeGreaterThan(500)
  expect(orders.filter(({ round }) => round === 2).map(({ stallLimit }) => stallLimit)).toEqual([500, 500, 500])
})

test('a hiccup among the first quiet answers does not make every later story longer', async () => {
  const hiccup = (order: PhaseOrder): Partial<PhaseReport> => (order.phase === 'quiet' ? { messages: probes({ side: 'after', round: order.round, perKind: 16, ttft: (index) => (order.round === 1 && index === 3 ? 900 : 10) }) } : {})
  const { orders } = await conducted({ looks: [3], sides: ['after'], phase: hiccup })
  const story = orders.filter(({ phase }) => phase === 'behindStory').map(({ sizes }) => sizes.blockers['story'] ?? 0)
  expect(story[0]).toBeGreaterThan(2_000)
  expect(story.slice(1)).toEqual([expect.closeTo(1_250, -2), expect.closeTo(1_250, -2)])
})

test('an abort ends it at the next phase, with what was recorded', async () => {
  const { ended, orders, records } = await conducted({ looks: [6], abortAfter: 4 })
  expect(ended).toBeInstanceOf(Interrupted)
  expect(orders).toHaveLength(4)
  expect(records.filter(({ type }) => type === 'phase')).toHaveLength(4)
})

test('one system that is switched: A B, B A, A B …, each side measured when it first is in force', async () => {
  const course: string[] = []
  const switchTo = (side: string): Promise<void> => {
    course.push(`to ${side}`)
    return Promise.resolve()
  }
  const phase = ({ side, round, phase: name }: PhaseOrder): Partial<PhaseReport> => {
    if (name === 'quiet') course.push(`${side.name} ${round}`)
    return {}
  }
  const { records, progress } = await conducted({ looks: [4], phase, options: { switchTo } })
  expect(course.filter((step) => !step.startsWith('to '))).toEqual(['before 1', 'after 1', 'after 2', 'before 2', 'before 3', 'after 3', 'after 4', 'before 4'])
  // Before each visit, never after it: whether a switch is needed is for the one who switches.
  expect(course.slice(0, 6)).toEqual(['to before', 'before 1', 'to after', 'after 1', 'to after', 'after 2'])
  const at = (of: (record: RunFileRecord) => boolean): number => records.findIndex(of)
  expect(at((record) => record.type === 'plan' && record.side === 'after')).toBeGreaterThan(at((record) => record.type === 'round' && record.side === 'before'))
  expect(progress.filter(({ kind }) => kind === 'planned' || kind === 'warming-up').map(({ kind }) => kind)).toEqual(['warming-up', 'warming-up', 'planned'])
  expect(progress.find((event) => event.kind === 'planned')?.plans.map(({ side }) => side)).toEqual(['before', 'after'])
})

test('a switch that fails ends the run, and what was measured before it is there', async () => {
  const broken = await conducted({ options: { switchTo: (side) => (side === 'after' ? Promise.reject(new Error('exit code 7')) : Promise.resolve()) } })
  expect(broken.ended).toEqual(new Error('exit code 7'))
  expect(broken.rounds).toHaveLength(1)
})

test('anchors are said at the end of every round that is asked for them, and spoil none', async () => {
  const asked: AnchorOrder[] = []
  const anchor = (order: AnchorOrder) => {
    asked.push(order)
    const { side, round, attempt } = order
    return Promise.resolve(probes({ perKind: 1, side: side.name, round, attempt, phase: 'anchor', label: 'mock', part: 'anchor', ttft: null }))
  }
  const { records, rounds } = await conducted({ looks: [2], sides: ['after'], anchor, options: { anchors: true } })
  expect(asked.map(({ round, count }) => [round, count])).toEqual([[1, 12], [2, 12]])
  expect(rounds.map(({ kept }) => kept)).toEqual([true, true])
  const last = records.slice(-3).map((record) => (record.type === 'message' ? record.part : record.type))
  expect(last).toEqual(['anchor', 'anchor', 'round'])
  await conducted({ looks: [2], sides: ['after'], anchor })
  expect(asked).toHaveLength(2)
})
