import { expect, test } from 'vitest'
import concurrent from '../../scenarios/concurrent.ts'
import type { Problem } from '../errors.ts'
import { withBounds } from './config-bounds.ts'
import type { ConfigBounds } from './config-schema.ts'

const starts = 'hello starts immediately'
const waits = 'hello does not wait for the story'

function bounded(bounds: ConfigBounds, known = ['concurrent', 'web-search']): { result: ReturnType<typeof withBounds>[number] | undefined; problems: string[] } {
  const problems: Problem[] = []
  const [result] = withBounds([concurrent], bounds, known, problems)
  return { result, problems: problems.map(({ what, fix }) => `${what} ${fix}`) }
}

test('bounds take the place of the author’s, in the unit of the claim, and it is known which', () => {
  const { result, problems } = bounded({ concurrent: { [starts]: { pass: '10s', fail: '0.5m' }, [waits]: { pass: 0.1 } }, 'web-search': { anything: { pass: 1 } } })
  expect(problems).toEqual([])
  expect(result?.yours).toEqual([starts, waits])
  expect(result?.spec.claims[starts]?.bounds).toEqual({ pass: 10_000, fail: 30_000 })
  expect(result?.spec.claims[waits]?.bounds).toEqual({ pass: 0.1, fail: 0.1 })
  expect(result?.spec.claims['no word is lost']).toEqual(concurrent.claims['no word is lost'])
  expect(concurrent.claims[starts]?.bounds).toEqual({ pass: 1_000, fail: 3_000 })
})

test('without bounds nothing changes', () => {
  expect(bounded({}).result).toEqual({ spec: concurrent, yours: [] })
})

test('bounds that belong to nothing, or are in another unit, are refused all at once', () => {
  const { result, problems } = bounded({ concurent: {}, 'my own': {}, concurrent: { 'hello starts imediately': { pass: '1s' }, 'it is nice': { pass: 1 }, [starts]: { pass: 1 }, [waits]: { pass: '2s', fail: 2 }, constructor: { pass: 1 } } })
  for (const says of [
    /bounds\.concurent is not known\. Did you mean "concurrent"\?/,
    /bounds\."my own" is not known\. There is no such scenario/,
    /bounds\.concurrent\."hello starts imediately" is not known\. Did you mean "hello starts immediately"\?/,
    /"it is nice" is not known\. The claims of concurrent are "hello starts immediately", /,
    /bounds\.concurrent\.constructor is not known/,
    /"hello starts immediately"\.pass is 1, and this claim is about a time\. Write a time in quotes/,
    /"hello does not wait for the story"\.pass is "2s", and this claim is about a share from 0 to 1\. Write a number without quotes, like 0\.02/,
    /"hello does not wait for the story"\.fail is 2, and/,
  ]) expect(problems).toContainEqual(expect.stringMatching(says))
  expect(problems).toHaveLength(8)
  expect(result?.yours).toEqual([])
})
