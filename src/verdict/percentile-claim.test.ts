import { expect, test } from 'vitest'
import { concurrent, message, run, type RunParts, side } from '../../test/fixtures/run.ts'
import { streamed, through, type ThroughParts } from '../../test/fixtures/upstream.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { ObservationRecord } from '../sample/run-file.ts'
import type { ClaimSpec, Statistic } from '../scenario/spec.ts'
import { judgeSide, lookDecides } from './claims.ts'
import type { ClaimResult } from './document.ts'

type Measure = 'firstVisible' | 'addedToFirstToken' | 'e2e' | 'connectionCost'
const timeClaim = (measure: Measure, pass: number, fail = pass, statistic: Statistic = 'p95'): ClaimSpec => ({ measure, message: 'hello', during: ['quiet'], statistic, unit: 'ms', bounds: { pass, fail } })
const burstClaim = (pass: number): ClaimSpec => ({ measure: 'coalescedShare', message: 'hello', during: ['quiet'], statistic: 'p95', unit: 'share', bounds: { pass, fail: pass } })
const healthClaim = (pass: number): ClaimSpec => ({ measure: 'healthTime', statistic: 'p95', unit: 'ms', bounds: { pass, fail: pass } })

/** Six rounds of 16 messages. */
const rounds = (make: (index: number, parts: { readonly round: number }) => MessageRecord): MessageRecord[] => Array.from({ length: 96 }, (_, index) => make(index % 16, { round: 1 + Math.floor(index / 16) }))

function judged(claim: ClaimSpec, messages: readonly MessageRecord[], parts: Omit<RunParts, 'messages'> = {}): ClaimResult {
  const of = run({ ...parts, messages, header: { ...parts.header, scenario: { ...concurrent, claims: { it: claim } } } })
  const [found] = of.header.sides.flatMap((one) => judgeSide(of, one))
  if (found === undefined) throw new Error('no claim')
  return found
}

test.each([
  { what: 'what the stack adds', claim: timeClaim('addedToFirstToken', 50), good: () => through({ ttft: 10, modelTime: 5 }), bad: () => through({ ttft: 100, modelTime: 5 }) },
  { what: 'a slow model is not the stack’s', claim: timeClaim('addedToFirstToken', 50), good: () => through({ ttft: 1_010, modelTime: 1_000 }), bad: () => through({ ttft: 1_100, modelTime: 1_000 }) },
  { what: 'the whole answer', claim: timeClaim('e2e', 50), good: () => message({ endedAt: 40 }), bad: () => message({ ttft: 10, endedAt: 60 }) },
  { what: 'new connections', claim: timeClaim('connectionCost', 50), good: () => through(), bad: () => through({ wayIn: 300, upstream: { requestsBefore: 0 } }) },
  { what: 'bursts', claim: burstClaim(0.1), good: () => streamed(21, 2), bad: () => streamed(21, 20) },
])('$what: all good passes, all bad fails, eight in a hundred decide nothing', ({ claim, good, bad }) => {
  const of = (isBad: (index: number) => boolean): ClaimResult => judged(claim, rounds((index, { round }) => ({ ...(isBad(index) ? bad() : good()), round })))
  expect([of(() => false).verdict, of(() => true).verdict, of((index) => index === 3).verdict]).toEqual(['pass', 'fail', 'inconclusive'])
})

test.each([
  { claim: timeClaim('addedToFirstToken', 50), said: through({ ttft: 10, modelTime: 5 }), words: 'p95 of what the stack adds to the first token: 5.0 ms (5.0 ms to 5.0 ms); 0 of 96 hellos had 50 ms or more added (≤ 4 %; up to 5 % may); so it is at most 50 ms' },
  { claim: timeClaim('e2e', 50), said: message({ endedAt: 40 }), words: 'p95 of the whole answer: 40 ms (40 ms to 40 ms); 0 of 96 hellos took 50 ms or longer (≤ 4 %; up to 5 % may); so it is at most 50 ms' },
  { claim: timeClaim('connectionCost', 0), said: through(), words: 'p95 of what new connections to the model cost: 0.0 ms (0.0 ms to 0.0 ms); 0 of 96 hellos paid more than 0 ms (≤ 4 %; up to 5 % may); so it is at most 0 ms' },
  { claim: burstClaim(0.1), said: streamed(21, 1), words: 'p95 of the share of an answer that came in bursts: 5 % (5 % to 5 %); 0 of 96 hellos had more than 10 % of it (≤ 4 %; up to 5 % may); so it is at most 10 %' },
])('the reason says what it is of: $claim.measure', ({ claim, said, words }) => {
  expect(judged(claim, rounds((_, { round }) => ({ ...said, round }))).reason).toBe(words)
})

test('equality passes where values come in steps: a cost of 0 is at most 0, a twentieth at most a twentieth', () => {
  expect(judged(timeClaim('connectionCost', 0), rounds((_, { round }) => through({ round }))).verdict).toBe('pass')
  expect(judged(burstClaim(0.05), rounds((_, { round }) => ({ ...streamed(21, 1), round })))).toMatchObject({ verdict: 'pass', value: 0.05, high: 0.05, unit: 'share' })
})

test.each([
  { claim: timeClaim('addedToFirstToken', 50), never: '(no first token at all)' },
  { claim: timeClaim('e2e', 50), never: '(not answered to the end at all)' },
  { claim: timeClaim('connectionCost', 50), never: '(never reached the model at all)' },
])('a system that answers nobody fails, and says so: $claim.measure', ({ claim, never }) => {
  expect(judged(claim, rounds((_, { round }) => message({ round, ttft: null })))).toMatchObject({ verdict: 'fail', value: null, censored: 96, reason: expect.stringContaining(never) })
})

test.each([timeClaim('addedToFirstToken', 50), timeClaim('connectionCost', 50), burstClaim(0.1)])('without a mock behind the side it is skipped, with the reason, and not waited for: $measure', (claim) => {
  const parts = { header: { sides: [side({ hasMock: false })], scenario: { ...concurrent, claims: { it: claim } } } }
  const messages = rounds((_, { round }) => ({ ...streamed(21, 20), round, upstream: null }))
  expect(judged(claim, messages, parts)).toMatchObject({ verdict: 'skipped', measurementError: null, reason: expect.stringContaining('--mock') })
  expect(lookDecides(run({ ...parts, messages }))).toBe(true)
})

test('the end of an answer needs no mock', () => {
  expect(judged(timeClaim('e2e', 50), rounds((_, { round }) => message({ round, endedAt: 40 })), { header: { sides: [side({ hasMock: false })] } }).verdict).toBe('pass')
})

test('with a mock that does not know of 2 % of the answers it is inconclusive, and more rounds are no remedy', () => {
  const some = rounds((index, { round }) => (index === 3 ? message({ round }) : through({ round })))
  const { verdict, reason } = judged(timeClaim('addedToFirstToken', 50), some)
  expect(verdict).toBe('inconclusive')
  expect(reason).toContain("the mock's journal has nothing on 6 of 96 messages")
  expect(reason).not.toContain('--rounds')
})

test('nor does it fail then', () => {
  const slow = rounds((index, { round }) => (index === 3 ? message({ round }) : through({ round, ttft: 900 })))
  expect(judged(timeClaim('addedToFirstToken', 50), slow).verdict).toBe('inconclusive')
})

test('what only the tester’s own lateness explains is invalid: added time, bursts during its pauses, a way in during them', () => {
  const all = (parts: ThroughParts): MessageRecord[] => rounds((_, { round }) => through({ ...parts, round, ttft: 60, modelTime: 5 }))
  expect(judged(timeClaim('addedToFirstToken', 50), all({ errorBound: 2 })).verdict).toBe('fail')
  expect(judged(timeClaim('addedToFirstToken', 50), all({ errorBound: 20 }))).toMatchObject({ verdict: 'invalid', measurementError: 20 })
  const blocks = [{ type: 'block' as const, at: 100, lasted: 60 }]
  expect(judged(burstClaim(0.1), rounds((_, { round }) => ({ ...streamed(21, 10), round })), { blocks }).verdict).toBe('invalid')
  expect(judged(timeClaim('connectionCost', 50), rounds((_, { round }) => through({ round, wayIn: 80, upstream: { requestsBefore: 0 } })), { blocks }).verdict).toBe('invalid')
})

test('two clocks: what a connection costs cannot be told, what is added can', () => {
  const messages = rounds((_, { round }) => through({ round, wayIn: 300, upstream: { requestsBefore: 0 } }))
  const said = run({ messages })
  const rows = said.rounds.map((round) => ({ ...round, clock: { oneClock: false, offset: 500, bound: 0.1, drift: 0 } }))
  expect(judged(timeClaim('connectionCost', 50), messages, { rounds: rows })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('another clock') })
  expect(judged(timeClaim('addedToFirstToken', 50), messages, { rounds: rows }).verdict).toBe('pass')
})

const looks = (perRound: number, parts: (index: number) => Partial<ObservationRecord>): ObservationRecord[] => Array.from({ length: 6 * perRound }, (_, index) => ({
  type: 'observation', side: 'after', round: 1 + Math.floor(index / perRound), attempt: 1, phase: index % 2 === 0 ? 'quiet' : 'behindStory', what: 'health', dueAt: 100, startedAt: 100, endedAt: 103, status: 200, failure: null, errorBound: 0,
  ...parts(index % perRound),
}))

test.each([
  { what: 'quick answers', parts: () => ({}), verdict: 'pass', reason: 'p95 of /health: 3.0 ms (3.0 ms to 3.0 ms); 0 of 96 looks took 50 ms or longer (≤ 4 %; up to 5 % may); so it is at most 50 ms' },
  { what: 'an event loop that stands still', parts: () => ({ endedAt: 900 }), verdict: 'fail', reason: 'p95 of /health: 800 ms' },
  { what: 'no good answers', parts: () => ({ failure: '500', status: 500 }), verdict: 'fail', reason: 'p95 of /health: none (no good answer at all)' },
  { what: 'a tester as late as that', parts: () => ({ endedAt: 160, errorBound: 40 }), verdict: 'invalid', reason: 'p95 of /health: 60 ms' },
])('/health: $what', ({ parts, verdict, reason }) => {
  expect(judged(healthClaim(50), rounds((_, { round }) => message({ round })), { observations: looks(16, parts) })).toMatchObject({ verdict, metric: 'healthTime', reason: expect.stringContaining(reason) })
})

test('/health: too few looks, or none, are no pass', () => {
  const of = (observations: ObservationRecord[]): ClaimResult => judged(healthClaim(50), rounds((_, { round }) => message({ round })), { observations })
  expect(of(looks(12, () => ({})))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('72 looks are too few, it takes 77') })
  expect(of([])).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('nobody looked at /health') })
})

test('/health while something goes on: looks of the quiet window do not dilute what is slow meanwhile', () => {
  // Every second look is one of the quiet phase, and one in eight of the others is slow: 6 % of all, 12 % of those that count.
  const observations = looks(32, (index) => (index % 16 === 1 ? { endedAt: 900 } : {}))
  const meanwhile = judged({ ...healthClaim(50), during: ['behindStory'] } as ClaimSpec, rounds((_, { round }) => message({ round })), { observations })
  expect(meanwhile).toMatchObject({ verdict: 'fail', n: 96, formula: expect.stringContaining('in behindStory') })
  expect(judged(healthClaim(50), rounds((_, { round }) => message({ round })), { observations })).toMatchObject({ verdict: 'inconclusive', n: 192 })
})

test('two bounds warn in between', () => {
  expect(judged(timeClaim('e2e', 50, 200), rounds((_, { round }) => message({ round, ttft: 10, endedAt: 100 }))).verdict).toBe('warn')
})
