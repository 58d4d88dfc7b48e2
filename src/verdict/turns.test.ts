import { expect, test } from 'vitest'
import { type Visits, visitsRun } from '../../test/fixtures/visits.ts'
import { comparisons } from './compare.ts'
import type { Comparison } from './document.ts'

/**
 * One system that takes turns, simulated: what the model does by itself must never be said of the change. Every draw comes from the seed, so that the
 * counts are the same on every machine. Of 300 seeds none said `improved` or `fail` of a model that changed, wherever it did.
 */
const latencies = (visits: Visits): Comparison[] => comparisons(visitsRun(visits)).filter(({ unit }) => unit === 'ms')

/** How often the rows of so many runs read how. `~` where the reason says what the model did. */
function counted(visits: Omit<Visits, 'seed'>, seeds = 25): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let seed = 1; seed <= seeds; seed += 1) {
    for (const { verdict, reason } of latencies({ ...visits, seed })) {
      const word = verdict === 'unjudged' && reason.startsWith('~ ') ? '~' : verdict
      counts[word] = (counts[word] ?? 0) + 1
    }
  }
  return counts
}

const slower = 1.3
/** The model is 30 % slower from that visit on, up to another. */
const slowerBetween = (from: number, to: number): Required<Visits>['model'] => (visit) => (visit >= from && visit < to ? slower * 400 : 400)

test('a model that is 30 % slower in every visit after the change: the rows read so, and have no figure for the change', () => {
  for (let seed = 1; seed <= 25; seed += 1) {
    const rows = latencies({ seed, model: (_, side) => (side === 'after' ? slower * 400 : 400), rounds: 12 })
    expect(rows.map(({ verdict, change }) => ({ verdict, change }))).toEqual(rows.map(() => ({ verdict: 'unjudged', change: null })))
    for (const { reason } of rows) expect(reason).toMatch(/^~ the model itself went from \d+ to \d+ ms$/)
  }
})

test('in a row of seconds it reads as MEASURING has it', () => {
  const [row] = latencies({ seed: 1, model: (_, side) => (side === 'after' ? 3_100 : 1_900) })
  expect(row?.reason).toMatch(/^~ the model itself went from [12]\.\d to [23]\.\d s$/)
})

test.each<{ what: string; visits: Omit<Visits, 'seed'> }>([
  { what: 'in the visits after the change, and six pairs alone', visits: { model: (_, side) => (side === 'after' ? slower * 400 : 400) } },
  { what: 'in the visits before it', visits: { model: (_, side) => (side === 'before' ? slower * 400 : 400) } },
  { what: 'from the middle on, within a pair', visits: { model: slowerBetween(5, Infinity) } },
  { what: 'from the middle on, between two pairs', visits: { model: slowerBetween(6, Infinity) } },
  { what: 'in one visit of the side after', visits: { model: slowerBetween(5, 6) } },
  { what: 'in one visit of the side before', visits: { model: slowerBetween(7, 8) } },
])('a model that is 30 % slower $what makes no row better or worse', ({ visits }) => {
  const counts = counted(visits)
  expect([counts['improved'] ?? 0, counts['fail'] ?? 0]).toEqual([0, 0])
})

test('defects of the gateway are found all the same: 300 ms more or less, and one at a time', () => {
  const gateway = (slow: string): Required<Visits>['gateway'] => (side) => (side === slow ? 320 : 20)
  const [worse, better] = [counted({ rounds: 12, gateway: gateway('after') }), counted({ rounds: 12, gateway: gateway('before') })]
  expect([worse['improved'] ?? 0, better['fail'] ?? 0]).toEqual([0, 0])
  // Of 100 rows; of 300 seeds 95 and 96 %. What is left is mostly an anchor that says by chance that it moved, at 2 % each way.
  expect(worse['fail']).toBeGreaterThanOrEqual(80)
  expect(better['improved']).toBeGreaterThanOrEqual(80)
  const serial = latencies({ seed: 1, serial: ['before'] })
  expect(serial.filter(({ metric }) => metric === 'ttft behind a blocker').map(({ verdict }) => verdict)).toEqual(['improved', 'improved'])
})

test('a defect that the model may account for is no fail yet, and the row says so', () => {
  const rows = Array.from({ length: 25 }, (_, index) => latencies({ seed: index + 1, gateway: (side) => (side === 'after' ? 220 : 20) })).flat()
  const held = rows.filter(({ reason }) => /^~ the model itself may account for it: its own hellos changed by [−+]\d.* %; more rounds would tell$/.test(reason))
  expect(held.length).toBeGreaterThan(0)
  for (const { verdict, change } of held) expect([verdict, (change ?? 0) > 0.15]).toEqual(['unjudged', true])
})

test('our own mock as the anchor takes hardly anything away: it answers in 2 ms', () => {
  const counts = counted({ asked: 'mock', rounds: 12, gateway: (side) => (side === 'after' ? 320 : 20) }, 10)
  expect(counts).toEqual({ fail: 40 })
})

test('one address and no anchor: nothing is judged', () => {
  for (const { verdict, reason } of latencies({ seed: 1, asked: 'none', gateway: (side) => (side === 'after' ? 900 : 20) })) {
    expect([verdict, reason]).toEqual(['unjudged', '~ nothing was asked past the system on both sides: what changed may be the model, or this machine'])
  }
})

test('shares are contrasts within a round and keep their verdict, whatever the model did', () => {
  const rows = comparisons(visitsRun({ seed: 1, rounds: 12, serial: ['before'], model: (_, side) => (side === 'after' ? slower * 400 : 400) }))
  expect(rows.filter(({ unit }) => unit !== 'ms').map(({ metric, verdict }) => [metric, verdict])).toEqual([['stalledShare', 'improved'], ['delayGrowth', 'improved']])
})
