import { expect, test } from 'vitest'
import { message, run, probes } from '../../test/fixtures/run.ts'
import type { RunFileRecord } from '../sample/run-file.ts'
import { quietWatch } from './quiet-watch.ts'

/** What is said of quiet messages that take so long, ms: windows of eight each, or one after another in a gentle run. */
function said(times: readonly (number | null)[], { gently = false, errorBound = 0 }: { gently?: boolean; errorBound?: number } = {}): string[] {
  const reasons: string[] = []
  const { header } = run({ messages: probes(), rules: gently ? { load: 'gentle' } : {} })
  const watch = quietWatch(header, (reason) => reasons.push(reason))
  const records = times.flatMap((ttft, index): RunFileRecord[] => {
    const round = index + 1
    if (gently) return [message({ round, ttft, errorBound })]
    const window = probes({ round, ttft, errorBound })
    return [...window, { type: 'phase', side: 'after', round, attempt: 1, phase: 'quiet', from: 0, windowAt: 0, to: 1, offered: 8, delivered: 8, drained: true }]
  })
  for (const record of records) watch(record)
  return reasons
}

test('windows: three times the first one is enough, and a good second more', () => {
  expect(said([300, 600, 900])).toEqual([])
  expect(said([300, 901])).toEqual(['after takes 901 ms for what took 300 ms at first, alone (median, quiet): more than 3 times as long'])
})

test('what nobody would notice is no trouble, however many times the first it is', () => {
  expect(said([2, 7, 40, 202])).toEqual([])
  expect(said([2, 203])).toHaveLength(1)
})

test('a pause of the tester is not the target’s', () => {
  expect(said([300, 2_000], { errorBound: 1_500 })).toEqual([])
})

test('messages that never came have no time; the guard counts them', () => {
  expect(said([null, 300, null, 800])).toEqual([])
})

test('gently: the median of the last three against that of the first three', () => {
  const gently = { gently: true }
  expect(said([300, 300, 300, 300, 2_000], gently)).toEqual([])
  expect(said([300, 300, 300, 300, 2_000, 300, 2_000], gently)).toHaveLength(1)
  expect(said([300, 300, 300, 300, 2_000, 300, 300, 300], gently)).toEqual([])
  expect(said([300, 300, 300, 300, 1_000, 1_000], gently)).toHaveLength(1)
})

test('what is said behind a blocker may wait', () => {
  const { header } = run({ messages: probes(), rules: { load: 'gentle' } })
  const reasons: string[] = []
  const watch = quietWatch(header, (reason) => reasons.push(reason))
  for (const phase of ['quiet', 'quiet', 'quiet', 'behindStory', 'behindStory', 'behindStory']) watch(message({ phase, ttft: phase === 'quiet' ? 100 : 5_000 }))
  expect(reasons).toEqual([])
})
