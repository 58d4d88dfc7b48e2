import { expect, test } from 'vitest'
import { contrastRun } from '../../test/fixtures/rounds.ts'
import { side } from '../../test/fixtures/run.ts'
import type { Run } from '../sample/run-file.ts'
import { answerCosts } from './answer-cost.ts'
import { comparisons } from './compare.ts'

/** A story of 100 tokens takes so long, ms, and pauses once; by round a little longer, as machines do. */
const telling = (lasts: number, gap: number, hasMock = false, rounds = 6): Run => {
  const parts = (longer: number, pause: number) => ({ rounds, blocker: (round: number) => ({ lasts: longer * (1 + round / 1_000), gaps: { count: 99, max: pause + round / 1_000, pauses: 0 } }) })
  return contrastRun({ before: parts(1_980, 30), after: parts(lasts, gap) }, { header: { sides: [side({ name: 'before', role: 'reference', hasMock }), side({ hasMock })] } })
}
function costs(run: Run) {
  const [before, after] = run.header.sides
  return before === undefined || after === undefined ? expect.fail() : answerCosts(run, before, after)
}

test('what a story pays is told by round, relative, with its interval, and never judged', () => {
  const [perToken, gap] = costs(telling(2_970, 300))
  expect(perToken).toMatchObject({ metric: 'blockerTpot', unit: 'ms', changeUnit: 'relative', verdict: 'unjudged' })
  expect(perToken?.before).toBeCloseTo(20, 0)
  expect(perToken?.after).toBeCloseTo(30, 0)
  expect(perToken?.change).toBeCloseTo(0.5, 2)
  expect(perToken?.low).toBeGreaterThan(0.45)
  expect(gap?.metric).toBe('blockerGap')
  expect(gap?.change).toBeCloseTo(9, 0)
})

test('the rows stand among the comparisons of the run, behind the others', () => {
  expect(comparisons(telling(2_970, 300)).slice(-2).map(({ metric }) => metric)).toEqual(['blockerTpot', 'blockerGap'])
})

test('fewer than six rounds have no interval, and the figures all the same', () => {
  expect(costs(telling(2_970, 300, false, 5))[0]).toMatchObject({ change: null, low: null, high: null })
  expect(costs(telling(2_970, 300, false, 5))[0]?.after).toBeCloseTo(30, 0)
})

test('tokens are not compared with chunks: where one side tells no number of tokens, or leaves it out now and then, the time per token is left out', () => {
  type Told = (round: number, phase: string) => number | null
  const counting = (before: Told, after: Told) => {
    const parts = (tokens: Told) => ({ blocker: (round: number, phase: string) => ({ tokens: tokens(round, phase), chunks: 50 }) })
    return costs(contrastRun({ before: parts(before), after: parts(after) }, { header: { sides: [side({ name: 'before', role: 'reference', hasMock: false }), side({ hasMock: false })] } })).map(({ metric }) => metric)
  }
  const told: Told = () => 100
  const untold: Told = () => null
  const sometimes: Told = (round) => (round === 2 ? null : 100)
  const ofStories: Told = (_, phase) => (phase === 'behindStory' ? 100 : null)
  expect(counting(told, told)).toEqual(['blockerTpot', 'blockerGap'])
  expect(counting(untold, untold)).toEqual(['blockerTpot', 'blockerGap'])
  expect(counting(told, untold)).toEqual(['blockerGap'])
  expect(counting(untold, told)).toEqual(['blockerGap'])
  expect(counting(told, sometimes)).toEqual(['blockerGap'])
  expect(counting(ofStories, ofStories)).toEqual(['blockerGap'])
})

test('where our mock tells the stories there is nothing to tell, and stories that failed have no pace', () => {
  expect(costs(telling(2_970, 300, true))).toEqual([])
  const broken = contrastRun({ after: { blocker: () => ({ outcome: { kind: 'failed', code: 'reset', detail: '', afterTokens: 3 } }) } }, { header: { sides: [side({ name: 'before', role: 'reference', hasMock: false }), side({ hasMock: false })] } })
  expect(costs(broken)).toEqual([])
})
