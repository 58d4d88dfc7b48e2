import { expect, test } from 'vitest'
import { blocker, message, run, side } from '../../test/fixtures/run.ts'
import { UsageError } from '../errors.ts'
import type { MessageRecord, Upstream } from '../sample/message.ts'
import type { Rules, SideSpec } from '../sample/run-file.ts'
import { SideKnowledge } from './gentle-knowledge.ts'
import { answerLimits, type GentleStep } from './gentle-plan.ts'

const discarded: GentleStep = { kind: 'discarded', phase: 'behindStory', label: 'story', isBlocker: true }
const quiet: GentleStep = { kind: 'quiet', phase: 'quiet', label: 'hello', count: 4 }
const pair: GentleStep = { kind: 'pair', phase: 'behindStory', label: 'hello', blocker: 'story' }
const upstream: Upstream = { receivedAt: 0, firstTokenDueAt: null, firstTokenAt: null, lastTokenAt: null, clientGoneAt: null, socket: 1, requestsBefore: 0, tokensWritten: 1, others: [] }

const knowledge = (spec: Partial<SideSpec> = { hasMock: false }, rules: Partial<Rules> = {}): SideKnowledge => new SideKnowledge(side({ kind: 'openai', ...spec }), run({ rules: { load: 'gentle', ...rules } }).header, answerLimits)
/** Said at 900, its first token 5 ms later. */
const story = (lasts: number, parts: Partial<MessageRecord> = {}): MessageRecord => blocker({ lasts, part: 'warm-up', ...parts })
const hellos = (...times: number[]): MessageRecord[] => times.map((ttft) => message({ ttft, upstream }))

test('a random moment lies between a second and where twice the limit known so far would no longer show', () => {
  const known = knowledge()
  known.learn(discarded, [story(7_995)])
  known.learn(quiet, hellos(100, 100, 110, 90))
  // 95 % of 8 s, less twice 500 ms, the quiet median and 50 ms.
  expect([known.delay('story', 0), known.delay('story', 1)]).toEqual([1_000, 0.95 * 8_000 - 1_000 - 100 - 50])
  // Of a story that was never told the length of others is assumed.
  expect(known.delay('saga', 1)).toBe(known.delay('story', 1))
  known.learn(pair, [blocker({ lasts: 3_995 })])
  expect(known.delay('story', 1)).toBe(0.95 * 4_000 - 1_000 - 100 - 50)
})

test('a story that failed says nothing of how long one lasts', () => {
  const known = knowledge()
  known.learn(discarded, [story(7_995)])
  known.learn(pair, [blocker({ lasts: 100, outcome: { kind: 'failed', code: 'truncated', detail: '', afterTokens: 1 } })])
  expect(known.delay('story', 1)).toBe(0.95 * 8_000 - 1_000 - 50)
})

test('where nothing is known, or stories are short, it is a second', () => {
  expect(knowledge().delay('story', 1)).toBe(1_000)
  const known = knowledge()
  known.learn(discarded, [story(900)])
  expect(known.delay('story', 0.7)).toBe(1_000)
})

test('our mock tells stories that are long enough for twice the limit', () => {
  const known = knowledge({ hasMock: true })
  expect(known.planned('story')).toBe(4_000)
  known.learn(discarded, [story(4_000, { upstream })])
  known.learn(quiet, hellos(8_000, 8_000, 8_000, 9_000))
  expect(known.planned('story')).toBe(2.4 * 2 * 3_000 + 1_000)
  // It took 5 ms more than the mock had been asked for.
  expect(known.delay('story', 1)).toBe(15_400 + 5 - 6_000 - 8_000 - 50)
})

test('a fixed limit is the limit', () => {
  const known = knowledge({ hasMock: false }, { stallFloor: 300, stallLimitFixed: true })
  known.learn(discarded, [story(7_995)])
  known.learn(quiet, hellos(100, 2_000))
  expect(known.delay('story', 1)).toBe(0.95 * 8_000 - 300 - 100 - 50)
})

test('hellos are short, stories longer; a hello of a model that thinks first gets as much room as a story', () => {
  const known = knowledge()
  expect([known.mostTokens('hello'), known.mostTokens('story')]).toEqual([16, 400])
  known.learn(discarded, [story(4_000, { firstVisibleAt: 2_000 })])
  expect(known.mostTokens('hello')).toBe(400)
})

test('a model that only thinks, however long it may, is refused where a claim is about words', () => {
  const known = knowledge()
  expect(() => known.learn(discarded, [story(4_000, { firstVisibleAt: null })])).toThrow(UsageError)
})

test('a mock that has seen nothing of what was answered is not behind the side', () => {
  const known = knowledge({ hasMock: true })
  known.learn(discarded, [story(4_000)])
  expect(() => known.learn(quiet, [message()])).toThrow('it is not the model behind it')
  const seen = knowledge({ hasMock: true })
  seen.learn(discarded, [story(4_000, { upstream })])
  expect(() => seen.learn(quiet, [message()])).not.toThrow()
})
