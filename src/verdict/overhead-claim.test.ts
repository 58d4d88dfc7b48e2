import { expect, test } from 'vitest'
import { concurrent, message, type MessageParts, run, type RunParts } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { ClaimSpec, OverheadClaim } from '../scenario/spec.ts'
import { judgeSide } from './claims.ts'
import { comparisons } from './compare.ts'
import type { ClaimResult, Comparison } from './document.ts'

const claim = (of: OverheadClaim['of'], pass: number, fail = pass): ClaimSpec => ({ measure: 'overhead', of, message: 'chat', through: 'through', direct: 'direct', statistic: 'p50', unit: 'ms', bounds: { pass, fail } })

interface Adding {
  readonly rounds?: number
  readonly side?: string
  readonly parts?: MessageParts
  readonly gap?: number
}

/** Rounds of 8 answers through the system and 8 directly, which takes 50 ms; so much is added in that round. */
function rounds(added: (round: number) => number, { rounds: count = 6, side = 'after', parts = {}, gap = 0 }: Adding = {}): MessageRecord[] {
  const told = (phase: string, round: number, ttft: number, own: number): MessageRecord[] => Array.from({ length: 8 }, (_, index) =>
    message({ side, phase, round, part: 'user', label: 'chat', ttft: ttft + index, gaps: { count: 9, max: own, pauses: 0, p50: own, p95: own }, ...parts }))
  return Array.from({ length: count }, (_, index) => [...told('through', index + 1, 50 + added(index + 1), 20 + gap), ...told('direct', index + 1, 50, 20)]).flat()
}

function judged(of: ClaimSpec, messages: readonly MessageRecord[], parts: Omit<RunParts, 'messages'> = {}): ClaimResult {
  const said = run({ ...parts, messages, header: { scenario: { ...concurrent, claims: { it: of } } } })
  const [found] = said.header.sides.flatMap((one) => judgeSide(said, one))
  if (found === undefined) throw new Error('no claim')
  return found
}

test.each([
  { added: 4, verdict: 'pass' }, { added: 10, verdict: 'pass' }, { added: 10.001, verdict: 'fail' }, { added: 100, verdict: 'fail' }, { added: -3, verdict: 'pass' },
])('$added ms more against at most 10: $verdict', ({ added, verdict }) => {
  expect(judged(claim('first token', 10), rounds(() => added))).toMatchObject({ verdict, n: 6, metric: 'overhead', statistic: 'first token p50' })
})

test('the reason says of what, how much, and in how many rounds', () => {
  expect(judged(claim('first token', 10), rounds((round) => round)).reason).toBe('p50 of the first token of chat: 3.5 ms more through the stack than from the model directly (1.0 ms to 6.0 ms) in 6 rounds; so it is at most 10 ms')
  expect(judged(claim('first token', 10), rounds((round) => -round)).reason).toContain('−3.5 ms more through the stack than from the model directly (−6.0 ms to −1.0 ms)')
  expect(judged(claim('gap', 10), rounds(() => 0, { gap: 2 })).reason).toContain('p50 of the gap between two chunks of chat: 2.0 ms more')
})

test('gaps are judged by the answers’ own', () => {
  expect(judged(claim('gap', 10), rounds(() => 100, { gap: 2 })).verdict).toBe('pass')
  expect(judged(claim('gap', 10), rounds(() => 0, { gap: 20 })).verdict).toBe('fail')
})

test('the small gaps of an answer that comes in one burst show nothing good', () => {
  const inBursts = (messages: readonly MessageRecord[], until: number): MessageRecord[] => messages.map((said) => (said.phase === 'through' && said.round <= until ? { ...said, gaps: { ...said.gaps, coalesced: 9 } } : said))
  const never = judged(claim('gap', 10), inBursts(rounds(() => 0, { gap: -19 }), 6))
  expect(never).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('in 6 of 6 rounds answers came in bursts through the stack') })
  expect(never.reason).not.toContain('--rounds')
  expect(judged(claim('gap', 10), inBursts(rounds(() => 0), 1))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('--rounds') })
  expect(judged(claim('gap', 10), inBursts(rounds(() => 0, { rounds: 8 }), 2)).verdict).toBe('pass')
  expect(judged(claim('gap', 10), inBursts(rounds(() => 0, { gap: 20 }), 6)).verdict).toBe('fail')
})

test('rounds that disagree decide nothing, and more of them are the remedy', () => {
  expect(judged(claim('first token', 10), rounds((round) => (round % 2 === 0 ? 0 : 30)))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('raise --budget or --rounds') })
})

test('between two bounds it warns', () => {
  expect(judged(claim('first token', 10, 50), rounds(() => 30)).verdict).toBe('warn')
})

test('five rounds decide nothing, though at 5 % they would have an interval', () => {
  expect(judged(claim('first token', 10), rounds(() => 100, { rounds: 5 }), { rules: { alpha: 0.05 } })).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('5 usable rounds are too few, it takes 6') })
  expect(judged(claim('first token', 10), [message()])).toMatchObject({ verdict: 'inconclusive', value: null, n: 0 })
})

test('a tester that is later than what is added decides nothing either', () => {
  expect(judged(claim('first token', 10), rounds(() => 12, { parts: { errorBound: 1 } })).verdict).toBe('fail')
  expect(judged(claim('first token', 10), rounds(() => 12, { parts: { errorBound: 3 } }))).toMatchObject({ verdict: 'invalid', measurementError: 3 })
  expect(judged(claim('first token', 10), rounds(() => 8, { parts: { errorBound: 3 } })).verdict).toBe('invalid')
})

test('a system that answers nobody fails', () => {
  const silent = rounds(() => 0).map((said) => (said.phase === 'through' ? message({ round: said.round, phase: 'through', part: 'user', label: 'chat', ttft: null }) : said))
  expect(judged(claim('first token', 10), silent)).toMatchObject({ verdict: 'fail', value: null, low: null, censored: 6 })
})

test('of two sides the difference is told round by round, and may be an improvement', () => {
  const row = (before: number, after: number, count = 6): Comparison | undefined => comparisons(run({
    messages: [...rounds((round) => before + round, { side: 'before', rounds: count }), ...rounds((round) => after + round, { rounds: count })], header: { scenario: { ...concurrent, claims: { it: claim('first token', 10) } } },
  })).find(({ metric }) => metric === 'overhead')
  expect(row(40, 10)).toMatchObject({ before: 43.5, after: 13.5, change: -30, low: -30, high: -30, changeUnit: 'absolute', statistic: 'first token p50', verdict: 'improved' })
  expect(row(10, 40)).toMatchObject({ change: 30, verdict: 'unjudged' })
  expect(row(40, 10, 5)).toMatchObject({ change: null, verdict: 'unjudged', reason: expect.stringContaining('it takes 6') })
})

test('a scenario without windows has no row of times, and no crash', () => {
  const scenario = { ...concurrent, phases: { through: { together: ['chat'], copies: [8], repeat: 6 }, direct: { together: ['chat'], copies: [8], repeat: 6, via: 'model' as const } }, claims: { it: claim('first token', 10), sockets: { measure: 'requestsPerSocket' as const, unit: 'ratio' as const, bounds: { pass: 4, fail: 4, atLeast: true as const } } } }
  const messages = [...rounds(() => 5, { side: 'before' }), ...rounds(() => 5)]
  expect(comparisons(run({ messages, header: { scenario } })).map(({ metric }) => metric)).toEqual(['overhead'])
})
