import { expect, test } from 'vitest'
import { contrastRun } from '../../test/fixtures/rounds.ts'
import { concurrent } from '../../test/fixtures/run.ts'
import type { ObservationRecord } from '../sample/run-file.ts'
import { slowLooks } from './slow-looks.ts'

/** Looks every 100 ms over a phase of each round: `takes` for each by the time since the story was said. */
function looks(what: ObservationRecord['what'], takes: (since: number) => number): ObservationRecord[] {
  return [1, 2, 3, 4, 5, 6].flatMap((round) => Array.from({ length: 20 }, (_, index) => {
    const said = round * 20_000 + 2_000
    const dueAt = said + index * 100
    return { type: 'observation', side: 'before', round, attempt: 1, phase: 'behindStory', what, dueAt, startedAt: dueAt, endedAt: dueAt + takes(index * 100), status: 200, failure: null, errorBound: 0 } as const
  }))
}

const untilTheEnd = (since: number): number => Math.max(2, 2_000 - since)
const atOnce = (): number => 2

const seen = (observations: readonly ObservationRecord[]) => slowLooks(contrastRun({}, { observations, header: { scenario: { ...concurrent, observe: { health: 100 } } } }), 'before', 'behindStory')

test('what was held up together with the stalled probes is named, what answered meanwhile is not', () => {
  const [health, database] = seen([...looks('health', atOnce), ...looks('database', untilTheEnd)])
  expect(health).toMatchObject({ what: 'health', slow: 0 })
  expect(database).toMatchObject({ what: 'database', slow: health?.seen })
  expect(health?.seen).toBeGreaterThan(100)
})

test('a blocked event loop holds up every look', () => {
  expect(seen([...looks('health', untilTheEnd), ...looks('database', untilTheEnd)]).map(({ slow, seen: n }) => slow === n)).toEqual([true, true])
})

test('an event loop that stands still for a moment time and again holds up looks as one long block does; moments with pauses between them do not', () => {
  /** Blocks of 300 ms, one every so many ms. */
  const inBlocks = (every: number) => looks('health', (since) => (since % every < 300 ? 300 - (since % every) : 2))
  const [often, seldom] = [seen(inBlocks(400))[0], seen(inBlocks(1_000))[0]]
  expect(often?.slow).toBe(often?.seen)
  expect(seldom?.slow).toBeLessThan((seldom?.seen ?? 0) / 3)
})

test('looks that are slow and overlap are no standstill, as long as some of them is answered: a process that is busy turns', () => {
  expect(seen(looks('health', () => 90))[0]?.slow).toBe(0)
  expect(seen(looks('health', () => 140))[0]?.slow).toBe(0)
})

test('a look that is given up is one that was held up', () => {
  const [health] = seen(looks('health', () => 10_000).map((look) => ({ ...look, status: null, failure: 'timeout' })))
  expect(health?.slow).toBe(health?.seen)
})

test('what was not looked at is left out, and so is a look of another phase, round or side', () => {
  expect(seen([])).toEqual([])
  expect(seen(looks('model', untilTheEnd).map((look) => ({ ...look, round: look.round + 10 })))).toEqual([])
  expect(seen(looks('model', untilTheEnd).map((look) => ({ ...look, side: 'after' })))).toEqual([])
})

test('a side on which nobody stalled has nothing to explain', () => {
  expect(slowLooks(contrastRun({}, { observations: looks('health', untilTheEnd).map((look) => ({ ...look, side: 'after' })) }), 'after', 'behindStory')).toEqual([])
})
