import { expect, test } from 'vitest'
import { concurrent } from '../../test/fixtures/run.ts'
import type { PhaseSpec, ScenarioSpec } from '../scenario/spec.ts'
import { gentleCourse, gentlePlan, gentleRules, mannerOf, plannedBlocker } from './gentle-plan.ts'

const scenario = (phases: Readonly<Record<string, PhaseSpec>>, messages: ScenarioSpec['messages'] = {}): ScenarioSpec => ({ ...concurrent, messages: { ...concurrent.messages, ...messages }, phases, claims: {}, provedBy: {} })

function planned(spec: ScenarioSpec, hasMock = false): Extract<ReturnType<typeof gentlePlan>, { kind: 'plan' }> {
  const plan = gentlePlan(spec, hasMock)
  if (plan.kind === 'refused') throw new Error(plan.why)
  return plan
}

test('hello behind stories: 31 messages, and what they may cost', () => {
  // 13 stories of 400 tokens and 18 hellos of 16.
  expect(planned(concurrent)).toMatchObject({ rounds: 12, messages: 31, tokens: 13 * 400 + 18 * 16, inFlight: 2, leftOut: [], phases: [{ name: 'quiet', messages: 6 }, { name: 'behindStory', messages: 13 }, { name: 'behindSaga', messages: 12 }] })
  const withMock = planned(concurrent, true)
  // Our mock tells stories of 4 s, a token every 20 ms.
  expect(withMock.tokens).toBe(13 * 201 + 18)
  expect(withMock.time).toBeGreaterThan(13 * 4_000)
  expect(withMock.time).toBeLessThan(13 * 4_000 + 23_000)
})

test('most of the quiet hellos come first; the loaded phases take turns', () => {
  const course = gentleCourse(concurrent, false)
  expect(course.map((steps) => steps.flatMap((step) => (step.kind === 'quiet' ? step.count : [])))).toEqual([[4], [], [], [], [1], [], [], [], [1], [], [], []])
  expect(course.map((steps) => steps.flatMap((step) => (step.kind === 'pair' ? step.phase : [])).join())).toEqual(Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 'behindStory' : 'behindSaga')))
  expect(course[0]?.[0]).toEqual({ kind: 'discarded', phase: 'behindStory', label: 'story', isBlocker: true })
})

test('hello alone: one discarded, twelve quiet', () => {
  expect(planned(scenario({ quiet: { say: 'hello' } }))).toMatchObject({ rounds: 12, messages: 13, tokens: 13 * 16, inFlight: 1 })
})

test('batches are said one message at a time, six in all at most', () => {
  const batch = (copies: readonly number[], repeat: number, together: readonly string[] = ['story']): ScenarioSpec => scenario({ told: { together, copies, repeat } })
  expect(planned(batch([1], 3))).toMatchObject({ rounds: 3, messages: 3, inFlight: 1 })
  expect(planned(batch([1, 2], 3))).toMatchObject({ rounds: 6, messages: 6 })
  expect(planned(batch([1], 2, ['story', 'saga'])).messages).toBe(4)
})

test.each([
  ['capacity', { told: { together: ['story'], copies: [1, 2, 4, 8, 16], repeat: 3 } }, 'phase "told" says up to 16 at once: add --load full'],
  ['crowd', { crowd: { together: ['hello'], copies: [50], repeat: 3 } }, 'phase "crowd" says up to 50 at once: add --load full'],
  ['two stories and a hello', { loaded: { say: 'hello', while: { say: 'story', copies: 2 } } }, 'phase "loaded" says up to 3 at once: add --load full'],
  ['several', { one: { together: ['hello', 'story', 'saga'], copies: [1], repeat: 3 }, other: { together: ['hello'], copies: [8], repeat: 1 } }, 'phase "one" says up to 3 at once: add --load full; phase "other" says up to 8 at once: add --load full'],
] as const)('%s is refused', (_, phases, why) => {
  expect(gentlePlan(scenario(phases), true)).toEqual({ kind: 'refused', why })
})

test('what breaks needs our mock', () => {
  const broken = scenario({ breaks: { together: ['cut'], copies: [1], repeat: 3 } }, { cut: { text: 'Hello', fault: { kind: 'reset', afterTokens: 10 }, mock: { tokens: 20, firstTokenAfter: 2, gap: 20 } } })
  expect(gentlePlan(broken, false)).toMatchObject({ kind: 'refused', why: expect.stringContaining('--mock') })
  expect(gentlePlan(broken, true)).toMatchObject({ kind: 'plan', messages: 3 })
})

test('a phase that cannot be said is left out, with the reason, and the others are said', () => {
  const mixed = scenario({ quiet: { say: 'hello' }, crowd: { together: ['hello'], copies: [8], repeat: 3 } })
  expect(planned(mixed)).toMatchObject({ messages: 13, leftOut: [{ name: 'crowd', why: 'says up to 8 at once: add --load full' }] })
})

test('blockers of our mock leave room for random moments whatever the limit is', () => {
  expect([500, 2_000, 10_000].map((limit) => plannedBlocker(1_200, limit))).toEqual([4_000, 5_800, 25_000])
  expect(plannedBlocker(9_000, 500)).toBe(9_000)
})

test('one look after the last round, at 5 %', () => {
  expect(gentleRules(planned(concurrent))).toEqual({ size: 'standard', looks: [12], alpha: 0.05, stallFloor: 500, stallLimitFixed: false, knownAnswers: false, load: 'gentle' })
  expect(gentleRules({ rounds: 3 }, 900)).toMatchObject({ looks: [3], stallFloor: 900, stallLimitFixed: true })
})

const inPages = { load: 'pages', quick: false } as const

test('in pages a batch is said whole, two at once instead of eight, as often as it is repeated', () => {
  const batch = scenario({ told: { together: ['story'], copies: [1, 2, 4, 8, 16], repeat: 3 }, crowd: { together: ['hello'], copies: [50], repeat: 3 } })
  const plan = gentlePlan(batch, true, undefined, inPages)
  expect(plan).toMatchObject({ kind: 'plan', rounds: 3, messages: 3 * (1 + 2) + 3 * 2, inFlight: 2, leftOut: [] })
  expect(gentlePlan(batch, true, undefined, { ...inPages, quick: true })).toMatchObject({ rounds: 1, messages: 1 + 2 + 2 })
  expect(gentleCourse(batch, true, inPages)[0]).toEqual([{ kind: 'batch', phase: 'told', labels: ['story'], copies: [1, 2], via: undefined }, { kind: 'batch', phase: 'crowd', labels: ['hello'], copies: [2], via: undefined }])
})

test('in pages hello is said behind stories as gently, and three at once are too many', () => {
  expect(gentlePlan(concurrent, true, undefined, inPages)).toMatchObject({ rounds: 12, messages: 31, inFlight: 2 })
  expect(gentlePlan(scenario({ loaded: { say: 'hello', while: { say: 'story', copies: 2 } } }), true, undefined, inPages)).toEqual({ kind: 'refused', why: 'phase "loaded" says 3 at once, which is more than a browser\'s 2 pages: ask the API' })
})

test('a network that goes needs no mock', () => {
  const offline = scenario({ lost: { together: ['lost'], copies: [2], repeat: 3 } }, { lost: { text: 'Hello', fault: { kind: 'offline', before: 'send' }, mock: { tokens: 20, firstTokenAfter: 2, gap: 20 } } })
  expect(gentlePlan(offline, false, undefined, inPages)).toMatchObject({ kind: 'plan', rounds: 3, messages: 6, tokens: Infinity })
})

test('the rules say how it goes, and it is told from them', () => {
  for (const manner of [inPages, { load: 'pages', quick: true }, { load: 'gentle', quick: false }] as const) expect(mannerOf(gentleRules({ rounds: 3 }, undefined, manner))).toEqual(manner)
  expect(mannerOf({ size: 'standard' })).toBeUndefined()
})
