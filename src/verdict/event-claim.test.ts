import { expect, test } from 'vitest'
import { batchRun, failed, failure, inRounds, user, type UserParts } from '../../test/fixtures/batches.ts'
import { roundsRun } from '../../test/fixtures/rounds.ts'
import { concurrent, type RunParts, side } from '../../test/fixtures/run.ts'
import type { Integrity, MessageRecord, Outcome } from '../sample/message.ts'
import type { EventClaim, ScenarioSpec } from '../scenario/spec.ts'
import { judgeSide } from './claims.ts'
import type { ClaimResult } from './document.ts'

type Of = RunParts & { readonly scenario?: Partial<ScenarioSpec> }

function judged(messages: readonly MessageRecord[], claim: EventClaim, of: Of = {}): ClaimResult {
  const run = batchRun(messages, { it: claim }, of)
  const [found] = run.header.sides.flatMap((one) => judgeSide(run, one))
  return found ?? expect.fail('no claim')
}

const none = (measure: EventClaim['measure'], messages?: readonly string[]): EventClaim => ({ measure, ...(messages === undefined ? {} : { messages }), unit: 'count', bounds: { pass: 0, fail: 0 } })
const all = (measure: EventClaim['measure'], messages: readonly string[], pass = 1, fail = pass): EventClaim => ({ measure, messages, unit: 'share', bounds: { pass, fail, atLeast: true } })
const whole: Integrity = { expected: 40, received: 40, missing: 0, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: true }
const unmocked: Of = { header: { sides: [side({ hasMock: false })] } }
const crowd = (parts: (round: number, index: number) => UserParts = () => ({})): MessageRecord[] => inRounds((round, index, dueAt) => user({ round, dueAt, ...parts(round, index) }))
/** The first message of the second round is such. */
const one = (parts: UserParts): MessageRecord[] => crowd((round, index) => (round === 2 && index === 0 ? { id: 'm-x', ...parts } : {}))

test('three rounds of batches are enough where the plan has three, and the sentence tells messages and batches', () => {
  expect(judged(crowd(), none('foreignTokens'))).toMatchObject({ verdict: 'pass', value: 0, n: 24, reason: '0 of 24 answers had words of another answer (≤ 16 %), in 3 batches (≤ 73 %)' })
  expect(judged(crowd(), none('foreignTokens'), { rules: { looks: [6, 12, 24] } })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('3 rounds are too few, it takes 6') })
})

test.each([
  { measure: 'foreignTokens', spoils: { foreign: 5 }, says: '1 of 24 answers had words of another answer, 5 words in all (m-x crowd: 5 of 40); so it is above 0' },
  { measure: 'reorderedTokens', spoils: { reordered: 1 }, says: '1 of 24 answers had words out of order, 1 word in all (m-x crowd: 1 of 40); so it is above 0' },
  { measure: 'duplicatedTokens', spoils: { duplicated: 2 }, says: '1 of 24 answers said a word twice, 2 words in all (m-x crowd: 2 of 40); so it is above 0' },
] as const)('one answer with $spoils fails $measure and none of the other two', ({ measure, spoils, says }) => {
  const messages = one({ integrity: { ...whole, ...spoils, checksumMatches: false } })
  expect(judged(messages, none(measure))).toMatchObject({ verdict: 'fail', value: 1, reason: says })
  for (const other of ['foreignTokens', 'reorderedTokens', 'duplicatedTokens'] as const) if (other !== measure) expect(judged(messages, none(other)).verdict).toBe('pass')
  expect(judged(messages, none('lostTokens')).verdict).toBe('fail')
})

test('what came before the model failed, or the person left, has to be right too; lost is nothing of it', () => {
  const broken = (parts: Partial<Integrity>) => failure('silentMidAnswer', 500, failed('error-event'), { integrity: { ...whole, received: 10, missing: 30, checksumMatches: null, ...parts } })
  expect(judged([...crowd(), broken({})], none('lostTokens'))).toMatchObject({ verdict: 'pass', n: 24 })
  expect(judged([...crowd(), broken({})], none('foreignTokens'))).toMatchObject({ verdict: 'pass', n: 25 })
  expect(judged([...crowd(), broken({ foreign: 1 })], none('foreignTokens')).verdict).toBe('fail')
  expect(judged([...crowd(), user({ label: 'leaver', outcome: failed('cancelled'), integrity: { ...whole, duplicated: 1 } })], none('duplicatedTokens')).verdict).toBe('fail')
})

test('one of several said at once that failed has lost its words', () => {
  expect(judged(one({ outcome: failed('reset-mid-stream'), integrity: { ...whole, received: 10, missing: 30, checksumMatches: null } }), none('lostTokens'))).toMatchObject({ verdict: 'fail', value: 1 })
})

test('without a mock nobody numbers words: skipped, but an answer that failed is lost', () => {
  const unnumbered = crowd(() => ({ integrity: null, upstream: null }))
  for (const measure of ['foreignTokens', 'reorderedTokens', 'duplicatedTokens', 'lostTokens'] as const) expect(judged(unnumbered, none(measure), unmocked)).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('--mock') })
  const broken = one({ integrity: null, upstream: null, outcome: failed('truncated') })
  expect(judged(broken, none('lostTokens'), unmocked).verdict).toBe('fail')
  expect(judged(broken, none('foreignTokens'), unmocked).verdict).not.toBe('pass')
})

test('every answer came whole', () => {
  expect(judged(crowd(), all('wholeAnswers', ['chat']))).toMatchObject({
    verdict: 'pass', value: 1, n: 24, bounds: { pass: 1, fail: 1, atLeast: true },
    reason: '24 of 24 chats came whole (broken: ≤ 16 %), in 3 batches (≤ 73 %); the longest was answered for 790 ms',
  })
})

test.each<{ what: string; parts: UserParts; says: string }>([
  { what: 'one word missing', parts: { integrity: { ...whole, received: 39, missing: 1, checksumMatches: false } }, says: 'm-x crowd: 1 of 40 words missing' },
  { what: 'another text', parts: { integrity: { ...whole, checksumMatches: false } }, says: 'the text is not what the mock wrote' },
  { what: 'cut', parts: { outcome: failed('truncated') }, says: 'm-x crowd: truncated after 10 words' },
  { what: 'hung', parts: { outcome: failed('hung', '', 3) }, says: 'hung after 3 words' },
])('one answer of 24 that is not whole fails: $what', ({ parts, says }) => {
  expect(judged(one(parts), all('wholeAnswers', ['chat']))).toMatchObject({ verdict: 'fail', value: 23 / 24, reason: expect.stringContaining(says) })
})

test('a label that was never said is not whole, however whole the others are', () => {
  expect(judged(crowd(), all('wholeAnswers', ['chat', 'long']))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('no long was said') })
  expect(judged([], all('wholeAnswers', ['chat'])).verdict).toBe('inconclusive')
})

test('a chat of which no word came fails; the sentence tells those that were finished, and how many tokens came', () => {
  const unseen = inRounds((round, index, dueAt) => user({ round, dueAt, ...(index > 1 ? {} : { ttft: null, integrity: { ...whole, received: 0, missing: 40, checksumMatches: null }, outcome: failed('not-delivered', '', 0) }) }))
  expect(judged(unseen, all('deliveredShare', ['chat']))).toMatchObject({ verdict: 'fail', value: 18 / 24, reason: expect.stringMatching(/^6 of 24 chats got no tokens \(9.2 % to 48 %\), all of them though the answer was finished \(.*\); of 960 tokens 720 came; so it is below 100 %$/) })
  expect(judged(crowd(), all('deliveredShare', ['chat']))).toMatchObject({ verdict: 'pass', value: 1, reason: expect.stringMatching(/^0 of 24 chats got no token/) })
  expect(judged(crowd(), all('deliveredShare', ['long']))).toMatchObject({ verdict: 'inconclusive' })
})

test('where a share of them may break, it is judged by its interval', () => {
  const many = (broken: number): MessageRecord[] => inRounds((round, index, dueAt) => user({ round, dueAt, ...(index < broken ? { outcome: failed('truncated') } : {}) }), { copies: 100 })
  // 18 of 300 broken: 94 % whole, .9075 to .9632 at 2 % each way.
  const at = (pass: number, fail: number): string => judged(many(6), all('wholeAnswers', ['chat'], pass, fail)).verdict
  expect([at(0.9, 0.9), at(0.94, 0.94), at(0.94, 0.9), at(0.97, 0.97), at(1, 0.9), at(1, 0.97)]).toEqual(['pass', 'inconclusive', 'warn', 'fail', 'warn', 'fail'])
  expect(judged(many(6), all('wholeAnswers', ['chat'], 0.9)).reason).toMatch(/^18 of 300 chats did not come whole .*: 90 % to 97 % did; so it is at least 90 %$/)
  expect(judged(many(0), all('wholeAnswers', ['chat'], 0.9))).toMatchObject({ verdict: 'pass', value: 1, high: 1 })
})

test('who was to lose the connection and did not is no answer that came whole in spite of it', () => {
  const loses = (forTime: number): Of => ({ scenario: { messages: { chat: { text: 'Hello', loses: { afterTokens: 10, forTime }, mock: { lasts: 1_000, firstTokenAfter: 5, gap: 20 } } } } })
  const away = (parts: Partial<MessageRecord>): MessageRecord[] => crowd(() => parts)
  const it = all('wholeAnswers', ['chat'])
  const upstream = (lastTokenAt: number): Partial<MessageRecord> => ({ upstream: { ...user().upstream, lastTokenAt } as MessageRecord['upstream'] })
  expect(judged(away({}), it, loses(500))).toMatchObject({ verdict: 'inconclusive', n: 0, reason: expect.stringContaining('no chat lost its connection in the middle of its answer') })
  expect(judged(away({ lostAt: 300, rejoinedAt: 800 }), it, loses(500))).toMatchObject({ verdict: 'pass', n: 24 })
  // One that is to miss the end as well has to have missed it.
  expect(judged(away({ lostAt: 300, rejoinedAt: 2_300, ...upstream(1_000) }), it, loses(2_000))).toMatchObject({ verdict: 'pass', n: 24 })
  expect(judged(away({ lostAt: 300, rejoinedAt: 2_300, ...upstream(2_500) }), it, loses(2_000)).verdict).toBe('inconclusive')
  expect(judged(one({ outcome: failed('truncated') }), it, loses(500)).verdict).toBe('fail')
})

test('a real model whose story ends before any time-out shows nothing about time-outs', () => {
  const of = (errorWithin: number): Of => ({ ...unmocked, scenario: { params: { errorWithin } } })
  const stories = inRounds((round, _, dueAt) => user({ round, dueAt, label: 'long', lasts: 1_200, integrity: null, upstream: null }))
  expect(judged(stories, all('wholeAnswers', ['long']), of(2_000))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('the longest lasted 1.21 s, shorter than the promised 2.00 s: nothing is shown about the time-outs') })
  expect(judged(stories, all('wholeAnswers', ['long']), of(1_000))).toMatchObject({ verdict: 'pass', reason: expect.stringContaining('24 by their end alone, nobody numbered their words; the longest was answered for 1.21 s') })
  // Nobody asked for one that lasts longer: nothing was to be shown.
  expect(judged(crowd(() => ({ integrity: null, upstream: null })), all('wholeAnswers', ['chat']), of(2_000)).verdict).toBe('pass')
  const cut = [...stories, user({ round: 2, label: 'long', integrity: null, outcome: failed('truncated') })]
  expect(judged(cut, all('wholeAnswers', ['long']), of(2_000)).verdict).toBe('fail')
})

const searchedAt = (receivedAt: number): MessageRecord['upstream'] => ({ ...user().upstream, receivedAt: 2, others: [{ kind: 'search', receivedAt, tokensWritten: 0 }] }) as MessageRecord['upstream']
const searched = searchedAt(1.5)
const searches = (parts: (index: number) => UserParts = () => ({})): MessageRecord[] =>
  inRounds((round, index, dueAt) => user({ round, dueAt, id: `m-${round}-${index}`, label: 'lookUp', phase: 'search', copies: 4, sources: 3, upstream: searched, ...parts(index) }), { copies: 4 })

test('every search shows sources that were really searched for', () => {
  expect(judged(searches(), all('sourcesShown', ['lookUp']))).toMatchObject({ verdict: 'pass', reason: '12 of 12 lookUps showed their sources (without: ≤ 28 %), in 3 batches (≤ 73 %), and our mock was searched for each' })
})

test.each<{ what: string; parts: UserParts; says: string }>([
  { what: 'none', parts: { sources: 0 }, says: 'no sources' },
  { what: 'made up', parts: { upstream: user().upstream }, says: '3 sources, and nothing was searched' },
  { what: 'not known to the journal', parts: { upstream: null }, says: '3 sources, and nothing was searched' },
  { what: 'looked for afterwards', parts: { upstream: searchedAt(2.5) }, says: '3 sources, and the search came after the question to the model' },
  { what: 'failed', parts: { outcome: failed('http-status', '500') }, says: 'http-status' },
])('sources that are $what fail', ({ parts, says }) => {
  expect(judged(searches((index) => (index === 0 ? parts : {})), all('sourcesShown', ['lookUp']))).toMatchObject({ verdict: 'fail', value: 9 / 12, reason: expect.stringContaining(says) })
})

test('without a mock the sources alone are seen', () => {
  expect(judged(searches(() => ({ upstream: null })), all('sourcesShown', ['lookUp']), unmocked)).toMatchObject({ verdict: 'pass', reason: expect.not.stringContaining('our mock') })
})

const labels = ['silentMidAnswer', 'overloaded', 'garbled']
const failures = (outcomes: Partial<Record<string, Outcome>> = {}, parts: UserParts = {}): MessageRecord[] => labels.flatMap((label) =>
  inRounds((round, index, dueAt) => failure(label, 500, outcomes[label] ?? failed('error-event'), { round, dueAt, id: `m-${label}-${round}-${index}`, ...parts })))

test('failures that are told as failures pass', () => {
  expect(judged(failures(), none('wrongErrors', labels))).toMatchObject({ verdict: 'pass', n: 72, reason: '0 of 72 failures of the model in 3 kinds were told as something else (≤ 5.3 %), in 3 batches (≤ 73 %)' })
})

test.each([
  failed('http-status', '500 with an HTML page'), failed('http-status', '503 intermediary'), failed('error-event'), failed('reset'), failed('reset-mid-stream'), failed('refused'),
  // No error at all: that the time to the error counts.
  failed('hung'), failed('silent'), failed('no-first-token'), failed('over-deadline'),
])('$code $detail is no wrong error', (outcome) => {
  expect(judged(failures({ silentMidAnswer: outcome }), none('wrongErrors', labels)).verdict).toBe('pass')
})

test.each<{ outcome: Outcome; says: string }>([
  { outcome: { kind: 'answered' }, says: 'told as a complete answer' },
  { outcome: failed('empty'), says: 'told as an empty answer' },
  { outcome: failed('truncated'), says: 'told as the end of the answer' },
  { outcome: failed('http-status', '401 unauthorised'), says: 'told as HTTP 401' },
  { outcome: failed('http-status', '404'), says: 'told as HTTP 404' },
  { outcome: failed('http-status', '429 too many'), says: 'told as HTTP 429' },
  { outcome: failed('malformed'), says: 'malformed' },
])('$says: that misleads', ({ outcome, says }) => {
  expect(judged(failures({ silentMidAnswer: outcome }), none('wrongErrors', labels))).toMatchObject({ verdict: 'fail', value: 24, reason: expect.stringContaining(says) })
})

test('a silence may be told as 408, a time-out, and nothing else may', () => {
  expect(judged(failures({ silentMidAnswer: failed('http-status', '408 timed out') }), none('wrongErrors', labels)).verdict).toBe('pass')
  expect(judged(failures({ overloaded: failed('http-status', '408 timed out') }), none('wrongErrors', labels))).toMatchObject({ verdict: 'fail', reason: expect.stringContaining('overloaded told as HTTP 408') })
})

test('the model’s own 429 may be passed on, its garbage called malformed, and got over', () => {
  expect(judged(failures({ overloaded: failed('http-status', '429 slow down') }), none('wrongErrors', labels)).verdict).toBe('pass')
  expect(judged(failures({ garbled: failed('malformed') }), none('wrongErrors', labels)).verdict).toBe('pass')
  const repaired = labels.flatMap((label) => inRounds((round, _, dueAt) => failure(label, 500, label === 'garbled' ? { kind: 'answered' } : failed('error-event'), { round, dueAt, ...(label === 'garbled' ? { integrity: whole } : {}) })))
  expect(judged(repaired, none('wrongErrors', labels))).toMatchObject({ verdict: 'pass', reason: expect.stringContaining('; 24 were got over, nobody noticed') })
  expect(judged(failures({ garbled: { kind: 'answered' } }), none('wrongErrors', labels)).verdict).toBe('fail')
})

test('messages that never came to their failure are told, and say nothing', () => {
  const queued = inRounds((round, _, dueAt) => user({ round, dueAt, label: 'overloaded', outcome: failed('http-status', '404') }), { copies: 2 })
  const seen = judged([...failures(), ...queued], none('wrongErrors', labels))
  expect(seen).toMatchObject({ verdict: 'pass', n: 72, reason: expect.stringContaining('; 6 messages more never came to their failure') })
  expect(judged([...failures().filter(({ label }) => label !== 'overloaded'), ...queued], none('wrongErrors', labels))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('no overloaded failed at the model') })
  expect(judged(queued, none('wrongErrors', ['overloaded']))).toMatchObject({ verdict: 'inconclusive', value: null, reason: expect.stringContaining('6 messages did not come so far') })
  expect(judged(queued.map((message) => ({ ...message, upstream: null })), none('wrongErrors', ['overloaded']), unmocked).verdict).toBe('skipped')
})

test('blockers and batches are both episodes of a run that has both', () => {
  const run = roundsRun({}, { header: { scenario: { ...concurrent, claims: { it: none('lostTokens') } } } })
  const mixed = { ...run, messages: [...run.messages, ...crowd()] }
  expect(judgeSide(mixed, side())[0]).toMatchObject({ verdict: 'pass', reason: '0 of 900 answers lacked a word (≤ 0.5 %), in 12 blockers and 3 batches (≤ 23 %)' })
})
