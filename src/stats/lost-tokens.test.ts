import { expect, test } from 'vitest'
import { blocker, message, probes, run } from '../../test/fixtures/run.ts'
import type { FailureCode, Integrity, MessageRecord } from '../sample/message.ts'
import { lostTokens } from './lost-tokens.ts'

const whole: Integrity = { expected: 100, received: 100, missing: 0, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: true }
const failed = (code: FailureCode, afterTokens = 0) => ({ kind: 'failed', code, detail: '', afterTokens }) as const
const story = (integrity: Partial<Integrity>, parts: Partial<MessageRecord> = {}) => blocker({ id: 'm-x', integrity: { ...whole, ...integrity }, ...parts })
const of = (messages: readonly MessageRecord[], thrownAway: readonly string[] = []) => lostTokens(run({ messages, thrownAway }), 'after')

test('whole answers lost nothing', () => {
  expect(of([...probes(), ...probes({ phase: 'behindStory' }), blocker()])).toMatchObject({ n: 17, offending: 0, missing: 0, duplicated: 0, reordered: 0, foreign: 0, episodes: { blockers: 1, batches: 0 }, examples: [] })
})

test('a missing token in an answer that ended well is a lost one', () => {
  expect(of([story({ received: 98, missing: 2, checksumMatches: false })])).toMatchObject({ n: 1, offending: 1, missing: 2, examples: ['m-x behindStory: 2 of 100 missing'] })
})

test('an answer that broke off has lost what did not come', () => {
  const cut = story({ received: 40, missing: 60, checksumMatches: null }, { outcome: failed('reset-mid-stream', 40) })
  expect(of([cut])).toMatchObject({ offending: 1, missing: 60, examples: ['m-x behindStory: 60 of 100 missing (reset-mid-stream)'] })
})

test('a 500 has lost every word, even where nobody counted the missing', () => {
  expect(of([story({ received: 0, missing: 0, checksumMatches: null }, { outcome: failed('http-status') })])).toMatchObject({ offending: 1, missing: 100 })
})

test('an answer that failed after its last word has lost nothing', () => {
  expect(of([story({}, { outcome: failed('truncated', 100) })])).toMatchObject({ n: 1, offending: 0, missing: 0 })
})

test('a text that is not what the mock wrote, or lacks its end, has lost words', () => {
  expect(of([story({ checksumMatches: false })])).toMatchObject({ offending: 1, missing: 0, examples: ['m-x behindStory: the text is not what the mock wrote'] })
  expect(of([story({ checksumMatches: null })])).toMatchObject({ offending: 1, missing: 0 })
})

test('a missing token is lost even where the checksum agrees', () => {
  expect(of([story({ received: 99, missing: 1 })])).toMatchObject({ offending: 1, missing: 1 })
})

test('tokens twice, out of order and of others are counted apart', () => {
  expect(of([story({ duplicated: 3, reordered: 2, foreign: 1, checksumMatches: false }), story({ duplicated: 1, checksumMatches: false })])).toMatchObject({ duplicated: 4, reordered: 2, foreign: 1, offending: 2 })
})

test('what the tester cancelled does not count, nor what nobody numbered', () => {
  expect(of([story({ received: 3, missing: 97, checksumMatches: null }, { outcome: failed('cancelled', 3) }), message({ integrity: null })])).toMatchObject({ n: 0, offending: 0, episodes: { blockers: 0 } })
})

test('what was lost in a round that was said again is lost all the same: a stack that breaks off stories must not be asked until it does not', () => {
  const thrown = story({ missing: 2, checksumMatches: false }, { round: 2 })
  expect(of([...probes(), thrown], ['after/2/1'])).toMatchObject({ n: 9, offending: 1 })
})

test('an end that the tester’s own timer made after its pause says nothing about a round that was thrown away', () => {
  const hung = story({ received: 40, missing: 60, checksumMatches: null }, { round: 2, outcome: failed('hung', 40) })
  expect(of([...probes(), hung], ['after/2/1'])).toMatchObject({ offending: 0 })
  expect(of([...probes(), hung])).toMatchObject({ offending: 1 })
})

test.each(['duplicated', 'reordered', 'foreign'] as const)('a token that is %s makes another answer of it, whatever the checksum says', (what) => {
  expect(of([story({ [what]: 1 })])).toMatchObject({ offending: 1, missing: 0 })
})

test('where nobody numbered the tokens an answer that failed has lost some, and of the others nothing is known', () => {
  const unnumbered = [message({ integrity: null }), message({ integrity: null, ttft: null, id: 'm-y', outcome: failed('hung') })]
  expect(of(unnumbered)).toMatchObject({ n: 1, offending: 1, missing: 0, examples: ['m-y quiet: hung'] })
})

test('an episode is a loaded phase of a round', () => {
  expect(of([1, 2].flatMap((round) => [...probes({ round }), blocker({ round }), blocker({ round, phase: 'behindSaga' }), ...probes({ round, phase: 'behindSaga' })])).episodes).toEqual({ blockers: 4, batches: 0 })
})

test('three examples are enough', () => {
  expect(of(Array.from({ length: 9 }, () => story({ missing: 1, checksumMatches: false })))).toMatchObject({ offending: 9, examples: { length: 3 } })
})
