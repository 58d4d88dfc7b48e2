import { expect, test } from 'vitest'
import { batchRun, inRounds, user } from '../../test/fixtures/batches.ts'
import { blocker, message, type MessageParts, probes, run, side } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { RoundRecord } from '../sample/run-file.ts'
import { attribution, negativeTimes, partsOf } from './attribution.ts'

interface Way {
  readonly tester?: number
  readonly connecting?: number
  /** With `connecting`. */
  readonly before?: number
  readonly model?: number
  readonly after?: number
}

/** A message that took exactly so long in each layer. */
function along(record: MessageRecord, { tester = 1, connecting = 0.5, before = 2, model = 3, after = 4 }: Way = {}): MessageRecord {
  const startedAt = record.dueAt + tester
  const receivedAt = startedAt + before
  const written = receivedAt + model
  const at = written + after
  return {
    ...record, startedAt, sentAt: startedAt + connecting, firstTokenAt: at, firstVisibleAt: at, endedAt: Math.max(at, record.endedAt),
    upstream: { receivedAt, firstTokenDueAt: written, firstTokenAt: written, lastTokenAt: written, clientGoneAt: null, socket: 1, requestsBefore: 0, tokensWritten: 1, others: [] },
  }
}

const rounds = (count: number, loaded: (index: number) => Way = () => ({})): MessageRecord[] => Array.from({ length: count }, (_, index) => index + 1).flatMap((round) => [
  ...probes({ round, from: 100 }).map((record) => along(record)),
  blocker({ round }),
  ...probes({ round, phase: 'behindStory' }).map((record, index) => along(record, loaded(index))),
])
const of = (messages: readonly MessageRecord[], phase = 'behindStory', spec = side()) => attribution(run({ messages }), spec).find((row) => row.phase === phase) ?? expect.fail(`no ${phase}`)

test('the four parts add up to the time to first token, and connecting is a part of the way to the model', () => {
  const record = along(message({ dueAt: 100 }), { tester: 1, connecting: 5, before: 20, model: 300, after: 4_000 })
  expect(partsOf(record)).toEqual({ tester: 1, beforeModel: 20, connecting: 5, model: 300, afterModel: 4_000 })
  expect((record.firstTokenAt ?? NaN) - record.dueAt).toBe(4_321)
})

test('each phase has the median and p95 of each part', () => {
  const row = of(rounds(6, (index) => ({ before: index === 0 ? 200 : 50 })))
  expect(row).toMatchObject({ phase: 'behindStory', n: 48, skipped: null })
  expect(row.parts?.beforeModel.p50).toBeCloseTo(50, 9)
  expect(row.parts?.beforeModel.p95).toBeCloseTo(200, 9)
  expect([row.parts?.tester.p50, row.parts?.connecting.p50, row.parts?.model.p50, row.parts?.afterModel.p50].map((time) => Math.round((time ?? NaN) * 1_000) / 1_000)).toEqual([1, 0.5, 3, 4])
})

test.each([
  ['beforeModel', { before: 52 }], ['model', { model: 53 }], ['afterModel', { after: 54 }],
] as const)('50 ms more in %s show there and nowhere else', (part, way) => {
  const [slow, usual] = [of(rounds(6, () => way)).parts, of(rounds(6)).parts]
  for (const each of ['tester', 'beforeModel', 'connecting', 'model', 'afterModel'] as const) {
    expect((slow?.[each].p50 ?? NaN) - (usual?.[each].p50 ?? NaN)).toBeCloseTo(each === part ? 50 : 0, 6)
  }
})

test.each([
  ['tester', { tester: 1_500 }], ['beforeModel', { before: 1_500 }], ['beforeModel', { connecting: 1_500, before: 1_500 }], ['model', { model: 1_500 }], ['afterModel', { after: 1_500 }],
] as const)('a hello that stalled in %s is laid at that door', (layer, way) => {
  const row = of(rounds(6, (index) => (index < 2 ? way : {})))
  expect(row.stalledBy).toEqual({ tester: 0, beforeModel: 0, model: 0, afterModel: 0, unknown: 0, [layer]: 12 })
})

test('what the model began only when a story that it had been asked for had ended stood in its queue; what it began sooner, or was not asked for behind a story, did not', () => {
  const told = (story: { from: number; to: number }, way: Way) => [1, 2, 3, 4, 5, 6].flatMap((round) => [
    ...probes({ round, from: 100 }).map((record) => along(record)),
    ...[along(blocker({ round }))].map((record) => ({ ...record, upstream: record.upstream === null ? null : { ...record.upstream, receivedAt: story.from, firstTokenAt: story.from + 500, lastTokenAt: story.to } })),
    ...probes({ round, phase: 'behindStory' }).map((record, index) => along(record, index === 0 ? way : {})),
  ])
  const queue = (story: { from: number; to: number }, way: Way) => of(told(story, way)).modelQueue
  // The first probe is due at 1,000 ms, and comes to the model 3 ms later.
  expect(queue({ from: 900, to: 3_000 }, { model: 2_000 })).toEqual({ queued: 6, begun: 6 })
  expect(queue({ from: 900, to: 3_010 }, { model: 2_000 })).toEqual({ queued: 0, begun: 6 })
  expect(queue({ from: 1_010, to: 3_000 }, { model: 2_000 })).toEqual({ queued: 0, begun: 6 })
  expect(queue({ from: 900, to: 1_002 }, { model: 2_000 })).toEqual({ queued: 0, begun: 6 })
  // It stood in the queue as well, and waited longer before it.
  expect(queue({ from: 900, to: 5_000 }, { before: 2_600, model: 2_000 })).toEqual({ queued: 0, begun: 0 })
  const never = told({ from: 900, to: 3_000 }, { model: 2_000 }).map((record) => (record.part === 'probe' && record.dueAt === 1_000 && record.upstream !== null ? { ...record, firstTokenAt: null, firstVisibleAt: null, upstream: { ...record.upstream, firstTokenAt: null } } : record))
  expect(of(never)).toMatchObject({ stalledBy: { model: 6 }, modelQueue: { queued: 0, begun: 0 } })
})

test('the layer that grew most is to blame, not the one that is longest', () => {
  const slowModel = (round: number): MessageRecord[] => [
    ...probes({ round, from: 100 }).map((record) => along(record, { model: 900 })), blocker({ round }),
    ...probes({ round, phase: 'behindStory' }).map((record) => along(record, { model: 900, before: 700 })),
  ]
  expect(of([1, 2, 3, 4, 5, 6].flatMap(slowModel)).stalledBy).toMatchObject({ beforeModel: 48, model: 0 })
})

test('a hello that got no token is laid where it got stuck, and is not in the medians', () => {
  const stuck = (change: (record: MessageRecord) => MessageRecord) => of(rounds(6).map((record) => (record.phase === 'behindStory' && record.part === 'probe' && record.dueAt === 1_000 ? change(record) : record)))
  const silent: MessageParts = { firstTokenAt: null, firstVisibleAt: null, outcome: { kind: 'failed', code: 'silent', detail: '', afterTokens: 0 } }
  const without = (record: MessageRecord): MessageRecord => ({ ...record, ...silent })
  expect(stuck(without)).toMatchObject({ n: 42, stalledBy: { afterModel: 6 } })
  expect(stuck((record) => ({ ...without(record), upstream: record.upstream === null ? null : { ...record.upstream, firstTokenAt: null } }))).toMatchObject({ n: 42, stalledBy: { model: 6 } })
  expect(stuck((record) => ({ ...without(record), upstream: null }))).toMatchObject({ n: 42, stalledBy: { unknown: 6 } })
})

test('every phase of the scenario has a row, whether or not there is something in it', () => {
  expect(attribution(run({ messages: rounds(1) }), side()).map(({ phase, n, skipped }) => [phase, n, skipped])).toEqual([
    ['quiet', 8, null], ['behindStory', 8, null], ['behindSaga', 0, "the mock's journal has none of these messages"],
  ])
})

test('without a mock, or with a clock that drifts, it is skipped and says why', () => {
  expect(of(rounds(6), 'quiet', side({ hasMock: false }))).toMatchObject({ skipped: 'no mock model of ours is known to be behind this side', parts: null })
  const said = run({ messages: rounds(6) })
  const drifting = (clock: RoundRecord['clock'], count: number) => attribution({ ...said, rounds: said.rounds.map((round, index) => (index < count ? { ...round, clock } : round)) }, side())[0]
  const drift = { oneClock: true, offset: 0, bound: 0.1, drift: 1.1 }
  expect(drifting(drift, 6)).toMatchObject({ n: 0, skipped: "the mock's clock could not be read, or drifted by more than 1 ms in every round" })
  expect(drifting(null, 6)).toMatchObject({ parts: null })
  expect(drifting(drift, 2)).toMatchObject({ n: 32, skipped: null })
  expect(drifting({ ...drift, drift: 1 }, 6)).toMatchObject({ n: 48, skipped: null })
})

test('where a relay of ours hears a real model, its journal tells as much as a mock would', () => {
  expect(of(rounds(6), 'quiet', side({ hasMock: false, hasRelay: true }))).toMatchObject({ n: 48, skipped: null })
})

test('a model server that is spoken to directly needs no journal: what is neither the tester nor connecting is its own', () => {
  const direct = (messages: readonly MessageRecord[]) => {
    const said = run({ messages: messages.map((record) => ({ ...record, upstream: null })) })
    return attribution({ ...said, rounds: said.rounds.map((round) => ({ ...round, clock: null })) }, side({ kind: 'ollama', hasMock: false }))
  }
  const row = direct(rounds(6, (index) => (index < 2 ? { model: 1_500 } : {}))).find(({ phase }) => phase === 'behindStory')
  expect(row).toMatchObject({ n: 48, skipped: null, stalledBy: { tester: 0, beforeModel: 0, model: 12, afterModel: 0, unknown: 0 } })
  expect([row?.parts?.tester.p50, row?.parts?.beforeModel.p50, row?.parts?.connecting.p50, row?.parts?.model.p50].map((time) => Math.round((time ?? NaN) * 1_000) / 1_000)).toEqual([1, 0.5, 0.5, 8.5])
  // The story is told from its first token at 902 ms until 2,900 ms.
  expect(direct(rounds(6, (index) => (index < 2 ? { model: 2_500 } : {}))).find(({ phase }) => phase === 'behindStory')?.modelQueue).toEqual({ queued: 12, begun: 12 })
  expect(row?.modelQueue).toEqual({ queued: 0, begun: 12 })
  expect(direct(rounds(6, (index) => (index < 2 ? { connecting: 1_500, before: 1_500 } : {}))).find(({ phase }) => phase === 'behindStory')?.stalledBy).toMatchObject({ beforeModel: 12 })
})

test('a token that the gateway says before the model does accuses no clock, and tells nothing about the way', () => {
  const thinking = message({ id: 'm-z', dueAt: 300 })
  const own = { ...along(thinking, { after: -3 }), firstVisibleAt: (thinking.firstTokenAt ?? 0) + 5 }
  const said = run({ messages: [own, along(message({ dueAt: 100 }), {})] })
  expect(negativeTimes(said, 'after')).toEqual({ count: 0, example: null })
  expect(attribution(said, side())[0]).toMatchObject({ phase: 'quiet', n: 1 })
})

test('a part below zero is found and named, a rounding is not', () => {
  const with_ = (way: Way, clock?: RoundRecord['clock']) => {
    const said = run({ messages: [along(message({ id: 'm-y', dueAt: 100 }), way), along(message({ dueAt: 200 }))] })
    return negativeTimes(clock === undefined ? said : { ...said, rounds: said.rounds.map((round) => ({ ...round, clock })) }, 'after')
  }
  expect(with_({})).toEqual({ count: 0, example: null })
  expect(with_({ before: -0.001 })).toEqual({ count: 0, example: null })
  expect(with_({ before: -0.5 })).toEqual({ count: 1, example: 'm-y: beforeModel took -0.500 ms' })
  expect(with_({ after: -3 })).toEqual({ count: 1, example: 'm-y: afterModel took -3.000 ms' })
  const twoClocks = { oneClock: false, offset: 40, bound: 1, drift: 0.2 }
  expect(with_({ after: -1.1 }, twoClocks).count).toBe(0)
  expect(with_({ after: -1.3 }, twoClocks).count).toBe(1)
})

test('in a gentle run the quiet messages of one round are what those of all others are compared with', () => {
  const pair = (round: number): MessageRecord[] => [blocker({ round, lasts: 4_000 }), along(message({ round, phase: 'behindStory', dueAt: 1_900 }), { before: 1_500 })]
  const messages = [...[100, 200, 300, 400].map((dueAt) => along(message({ dueAt }))), ...[1, 2, 3].flatMap(pair)]
  const rows = attribution(run({ messages, rules: { load: 'gentle', looks: [12], alpha: 0.05 } }), side())
  expect(rows.find(({ phase }) => phase === 'behindStory')?.stalledBy).toEqual({ tester: 0, beforeModel: 3, model: 0, afterModel: 0, unknown: 0 })
})

test('of what was said at once those count that were meant to be answered whole; phases without any are left out', () => {
  const phases = { crowd: { together: ['chat', 'leaver'], copies: [8], repeat: 3 }, leaving: { together: ['leaver'], copies: [8], repeat: 3 }, direct: { together: ['chat'], copies: [8], repeat: 3, via: 'model' } } as const
  const users = (label: string, phase: string, way: Way = {}) => inRounds((round, _, dueAt) => along(user({ label, phase, round, dueAt }), way))
  const rows = attribution(batchRun([...users('chat', 'crowd', { before: 70 }), ...users('leaver', 'crowd', { before: 9_000 }), ...users('leaver', 'leaving'), ...users('chat', 'direct')], {}, { scenario: { phases } }), side())
  expect(rows.map(({ phase, n, skipped }) => [phase, n, skipped])).toEqual([['crowd', 24, null]])
  expect(rows[0]?.parts?.beforeModel.p95).toBeCloseTo(70, 6)
})
