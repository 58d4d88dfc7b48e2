import { expect, test } from 'vitest'
import { contrastRun } from '../../test/fixtures/rounds.ts'
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

const seen = (observations: readonly ObservationRecord[]) => slowLooks(contrastRun({}, { observations }), 'before', 'behindStory')

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

test('what a look takes anyway, on its way to another machine, is held up by nothing', () => {
  const far = looks('health', () => 90)
  const quiet = far.map((look) => ({ ...look, phase: 'quiet' }))
  expect(seen(far)[0]?.slow).toBeGreaterThan(0)
  expect(seen([...far, ...quiet])[0]?.slow).toBe(0)
})

test('what was not looked at is left out, and so is a look of another phase, round or side', () => {
  expect(seen([])).toEqual([])
  expect(seen(looks('model', untilTheEnd).map((look) => ({ ...look, round: look.round + 10 })))).toEqual([])
  expect(seen(looks('model', untilTheEnd).map((look) => ({ ...look, side: 'after' })))).toEqual([])
})

test('a side on which nobody stalled has nothing to explain', () => {
  expect(slowLooks(contrastRun({}, { observations: looks('health', untilTheEnd).map((look) => ({ ...look, side: 'after' })) }), 'after', 'behindStory')).toEqual([])
})
