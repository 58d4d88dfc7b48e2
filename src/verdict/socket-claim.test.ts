import { expect, test } from 'vitest'
import { concurrent, message, run, type RunParts, side } from '../../test/fixtures/run.ts'
import { through } from '../../test/fixtures/upstream.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { judgeSide, lookDecides } from './claims.ts'
import { comparisons } from './compare.ts'
import type { ClaimResult } from './document.ts'

const atLeast = (pass: number, fail = pass): ClaimSpec => ({ measure: 'requestsPerSocket', unit: 'ratio', bounds: { pass, fail, atLeast: true } })

/** So many rounds of 16 requests, of which every so many-th opens a connection; Infinity: none does. */
function requests(perConnection: number, { rounds = 6, perRound = 16, name = 'after' } = {}): MessageRecord[] {
  return Array.from({ length: rounds * perRound }, (_, index) => {
    const socket = Number.isFinite(perConnection) ? Math.floor(index / perConnection) : 0
    const before = Number.isFinite(perConnection) ? index % perConnection : index + 1
    return through({ side: name, round: 1 + Math.floor(index / perRound), upstream: { socket, requestsBefore: before } })
  })
}

function judged(claim: ClaimSpec, messages: readonly MessageRecord[], parts: Omit<RunParts, 'messages'> = {}): ClaimResult {
  const of = run({ ...parts, messages, header: { ...parts.header, scenario: { ...concurrent, claims: { it: claim } } } })
  const [found] = of.header.sides.flatMap((one) => judgeSide(of, one))
  if (found === undefined) throw new Error('no claim')
  return found
}

test.each([
  { perConnection: 1, verdict: 'fail', value: 1, reason: '96 requests to the model over 96 connections, 96 of them new: 1.00 requests for each new one; so it is below 4' },
  { perConnection: 3, verdict: 'fail', value: 3, reason: '96 requests to the model over 32 connections, 32 of them new: 3.00 requests for each new one; so it is below 4' },
  { perConnection: 4, verdict: 'pass', value: 4, reason: '96 requests to the model over 24 connections, 24 of them new: 4.00 requests for each new one; so it is at least 4' },
  { perConnection: Infinity, verdict: 'pass', value: 96, reason: 'no new connection for 96 requests to the model over 1 connection; so it is at least 4' },
])('$perConnection requests a connection against at least 4: $verdict', ({ perConnection, verdict, value, reason }) => {
  expect(judged(atLeast(4), requests(perConnection))).toMatchObject({ verdict, value, low: value, high: value, n: 96, measurementError: 0, unit: 'ratio', bounds: { pass: 4, fail: 4, atLeast: true }, reason })
})

test('between two bounds it warns', () => {
  expect(judged(atLeast(8, 2), requests(4))).toMatchObject({ verdict: 'warn', reason: expect.stringContaining('so it is not below 2, but not shown to be at least 8') })
  expect(judged(atLeast(8, 4), requests(4)).verdict).toBe('warn')
})

test('it takes thirty requests', () => {
  const of = (perRound: number): ClaimResult => judged(atLeast(4), requests(1, { perRound }))
  expect(of(4)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('24 requests are too few, it takes 30') })
  expect(of(5).verdict).toBe('fail')
})

test('six rounds, or as many as the run says where that is fewer: it is about a mechanism', () => {
  expect(judged(atLeast(4), requests(1, { rounds: 5 }))).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('5 rounds are too few, it takes 6') })
  expect(judged(atLeast(4), requests(1, { rounds: 3 }), { rules: { looks: [3] } }).verdict).toBe('fail')
  expect(judged(atLeast(4), requests(1, { rounds: 2 }), { rules: { looks: [3] } }).verdict).toBe('inconclusive')
  expect(judged(atLeast(4), requests(9, { rounds: 1, perRound: 36 }), { rules: { looks: [1] } }).verdict).toBe('pass')
})

test('answers that the journal does not know of leave it open', () => {
  const messages = [...requests(8), ...Array.from({ length: 6 }, (_, index) => message({ round: index + 1 }))]
  expect(judged(atLeast(4), messages)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining('6 of 102') })
})

test('without a mock it is skipped, with the reason, and not waited for', () => {
  const messages = requests(1).map((said) => ({ ...said, upstream: null }))
  const header = { sides: [side({ hasMock: false })], scenario: { ...concurrent, claims: { it: atLeast(4) } } }
  expect(judged(atLeast(4), messages, { header })).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('over which connection') })
  expect(lookDecides(run({ messages, header }))).toBe(true)
})

test('before and after stand beside each other without a verdict', () => {
  const rows = (messages: readonly MessageRecord[]) => comparisons(run({ messages, header: { scenario: { ...concurrent, claims: { it: atLeast(4) } } } })).filter(({ metric }) => metric === 'requestsPerSocket')
  const [row] = rows([...requests(1, { name: 'before' }), ...requests(Infinity)])
  expect(row).toMatchObject({ before: 1, after: 96, change: 95, changeUnit: 'absolute', low: 95, high: 95, verdict: 'unjudged' })
  expect(rows([...requests(1, { name: 'before' }), message()])).toEqual([])
})

test('a page says too few messages for it: skipped, and not waited for; what failed all the same is shown', () => {
  const header = { sides: [side({ kind: 'browser' })], scenario: { ...concurrent, claims: { it: atLeast(4) } } }
  const few = requests(Infinity, { rounds: 12, perRound: 1 })
  expect(judged(atLeast(4), few, { header })).toMatchObject({ verdict: 'skipped', reason: expect.stringContaining('--via api') })
  expect(lookDecides(run({ messages: few, header }))).toBe(true)
  expect(judged(atLeast(4), requests(1), { header })).toMatchObject({ verdict: 'fail' })
  expect(judged(atLeast(4), requests(Infinity), { header })).toMatchObject({ verdict: 'pass' })
})
