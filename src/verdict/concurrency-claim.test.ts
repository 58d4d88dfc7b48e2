import { expect, test } from 'vitest'
import { batchRun, failed, user, type UserParts } from '../../test/fixtures/batches.ts'
import type { RunParts } from '../../test/fixtures/run.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { Bounds } from '../scenario/spec.ts'
import { judgeSide } from './claims.ts'
import type { ClaimResult } from './document.ts'

function judged(messages: readonly MessageRecord[], bounds: Pick<Bounds, 'pass' | 'fail'> = { pass: 4, fail: 4 }, of: RunParts = {}): ClaimResult {
  const run = batchRun(messages, { it: { measure: 'effectiveConcurrency', message: 'chat', during: 'ladder', unit: 'count', bounds: { ...bounds, atLeast: true } } }, of)
  const [found] = run.header.sides.flatMap((one) => judgeSide(run, one))
  return found ?? expect.fail('no claim')
}

interface Stack {
  /** Answers told at a time. Default: all. */
  readonly slots?: number
  readonly sizes?: readonly number[]
  readonly rounds?: number
  /** How much slower each is by sharing. */
  readonly shares?: (copies: number) => number
  readonly parts?: (copies: number, index: number) => UserParts
}

/** What a stack of so many slots makes of the batches: the others wait for a slot. Answers of 780 ms, first word after 10. */
function ladder({ slots = Infinity, sizes = [1, 2, 4, 8, 16], rounds = 3, shares = () => 1, parts = () => ({}) }: Stack = {}): MessageRecord[] {
  return Array.from({ length: rounds }, (_, round) => sizes.flatMap((copies, step) => Array.from({ length: copies }, (__, index) => {
    const lasts = 780 * shares(copies)
    const turn = Number.isFinite(slots) ? Math.floor(index / slots) : 0
    return user({ round: round + 1, phase: 'ladder', copies, dueAt: round * 100_000 + step * 20_000, ttft: 10 + turn * (lasts + 10), lasts, ...parts(copies, index) })
  }))).flat()
}

test('a stack that tells all it is asked for reached at least that', () => {
  expect(judged(ladder())).toMatchObject({
    verdict: 'pass', value: 16, low: 16, high: null, n: 93,
    reason: '≥ 16 answers were told at once, as many as were asked for; with 16 at once a word takes 1.00 times as long as alone; so it is at least 4',
  })
})

test('fair sharing slows each word down and is no lack of concurrency', () => {
  expect(judged(ladder({ shares: (copies) => copies }))).toMatchObject({ verdict: 'pass', value: 16, reason: expect.stringContaining('a word takes 16.00 times as long') })
})

test.each([
  { slots: 1, value: 1, verdict: 'fail' }, { slots: 2, value: 2, verdict: 'fail' }, { slots: 3, value: 3, verdict: 'fail' }, { slots: 4, value: 4, verdict: 'pass' }, { slots: 8, value: 8, verdict: 'pass' },
])('$slots slots: $value at once, $verdict', ({ slots, value, verdict }) => {
  expect(judged(ladder({ slots }))).toMatchObject({ verdict, value, low: value, high: value })
})

test('a fail names what ran in each round', () => {
  expect(judged(ladder({ slots: 1 })).reason).toMatch(/^1 of 16 answers were told at once, in each of 3 rounds; with 16 at once .*; so it is below 4$/)
})

test('between two bounds it warns', () => {
  expect([{ pass: 8, fail: 4 }, { pass: 4, fail: 2 }, { pass: 8, fail: 5 }].map((bounds) => judged(ladder({ slots: 4 }), bounds).verdict)).toEqual(['warn', 'pass', 'fail'])
})

test('where a small batch already fell short, the larger ones are not said, and need not be', () => {
  expect(judged(ladder({ slots: 1, sizes: [1, 2] }))).toMatchObject({ verdict: 'fail', value: 1, reason: expect.stringContaining('1 of 2 answers were told at once, in each of 3 rounds, so more were not asked for') })
})

test('where no batch asked for as many, nothing says that they would not run', () => {
  expect(judged(ladder({ sizes: [1, 2] }))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('no batch asked for 4 at once, the largest was of 2') })
})

test('one good round of three is enough: the count never overstates', () => {
  const [good, ...rest] = [ladder().filter(({ round }) => round === 1), ladder({ slots: 1 }).filter(({ round }) => round > 1)]
  expect(judged([...(good ?? []), ...rest.flat()])).toMatchObject({ verdict: 'pass', value: 16 })
})

test('it takes the rounds of the plan, one in a quick run, and no more than the phase is said in', () => {
  expect(judged(ladder({ rounds: 2 }))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('2 rounds are too few, it takes 3') })
  expect(judged(ladder({ rounds: 2, slots: 1 })).verdict).toBe('inconclusive')
  expect(judged(ladder({ rounds: 1 }), undefined, { rules: { looks: [6], size: 'quick', alpha: 0.05 } }).verdict).toBe('pass')
  expect(judged(ladder({ rounds: 3 }), undefined, { rules: { looks: [6, 12, 24] } }).verdict).toBe('pass')
  expect(judged([])).toMatchObject({ verdict: 'inconclusive', value: null })
})

test('answers that failed were not told, and are named', () => {
  const refusing = ladder({ parts: (copies, index) => (index >= 2 && copies > 2 ? { outcome: failed('http-status', '503'), ttft: null, integrity: null } : {}) })
  expect(judged(refusing)).toMatchObject({ verdict: 'fail', value: 2, reason: expect.stringContaining('; 66 answers failed (66 http-status), in batches of 4, 8, 16; so it is below 4') })
  const hanging = ladder({ parts: () => ({ outcome: failed('hung'), lasts: 60_000 }) })
  expect(judged(hanging)).toMatchObject({ verdict: 'fail', value: 0 })
})

test('a gateway that hands over whole answers shows nothing of how many it works at', () => {
  const buffered = ladder({ parts: () => ({ ttft: 790, lasts: 0 }) })
  expect(judged(buffered)).toMatchObject({ verdict: 'inconclusive', value: 0, reason: expect.stringContaining('the answers took longer to begin than to be told') })
  expect(judged(buffered).reason).not.toContain('raise --budget')
})

test('answers that were over before the last was asked for were not said at once', () => {
  const late = ladder({ parts: (_, index) => ({ startedAt: index * 1_000, firstTokenAt: index * 1_000 + 10, endedAt: index * 1_000 + 790, dueAt: index * 1_000 }) })
  expect(judged(late)).toMatchObject({ verdict: 'inconclusive', value: 1, reason: expect.stringContaining('too short to have been said at once') })
})
