import { expect, test } from 'vitest'
import type { ContainerEventRecord, ContainerRecord, UsageRecord } from '../sample/run-file.ts'
import { message, run, side } from '../../test/fixtures/run.ts'
import { container } from './container-check.ts'

const gigabyte = 2 ** 30
const state = (parts: Partial<ContainerRecord> = {}): ContainerRecord => ({ type: 'container', side: 'after', at: 0, name: 'astra-ai', memoryLimit: 7 * gigabyte, workers: { configured: 4, started: 4 }, isSwitched: false, ...parts })
const look = (memory: number, cpu = 0.5, at = 10): UsageRecord => ({ type: 'usage', container: 'astra-ai', at, memory: memory * gigabyte, cpu })
const event = (what: ContainerEventRecord['what'], exitCode: number | null = null, at = 10): ContainerEventRecord => ({ type: 'container-event', container: 'astra-ai', at, what, exitCode })

interface Seen { readonly states?: ContainerRecord[]; readonly usage?: UsageRecord[]; readonly events?: ContainerEventRecord[] }
const found = ({ states = [state()], usage = [look(2.9, 1.31), look(2.1)], events = [] }: Seen) =>
  container(run({ messages: [message({ side: 'after', dueAt: 1_000 })], containers: states, usage, containerEvents: events }), side())

test('a container where all is well is in order, and says what it took', () => {
  expect(found({})).toEqual({ name: 'container', side: 'after', verdict: 'ok', effect: 'none', detail: 'after: container astra-ai: 4 starts of 4 workers, at most 2.9 GB of 7.0 GB (41 %), at most 1.3 cores' })
})

test('nobody looked: nothing is said', () => {
  expect(found({ states: [] })).toBeUndefined()
  expect(found({ states: [state({ side: 'before' })] })).toBeUndefined()
})

test.each([
  { what: 'memory above 80 % of the limit', seen: { usage: [look(5.7)] }, words: '(81 %), at most 0.5 cores; more than 80 % of its memory was taken: raise the limit' },
  { what: 'fewer workers than were asked for', seen: { states: [state({ workers: { configured: 4, started: 3 } })] }, words: '3 starts of 4 workers, at most 2.9 GB of 7.0 GB (41 %), at most 1.3 cores; not all workers started: docker logs astra-ai says why' },
  { what: 'workers that were started again', seen: { states: [state(), state({ workers: { configured: 4, started: 6 } })] }, words: '2 workers ended and were started again' },
  { what: 'a log without a word', seen: { states: [state({ workers: { configured: 4, started: 0 } })] }, words: 'it may have been cut since' },
  { what: 'a worker that starved', seen: { events: [event('out-of-memory'), event('out-of-memory')] }, words: 'it ran out of memory 2 times, and something in it was killed' },
  { what: 'an end', seen: { events: [event('ended', 137), event('started')] }, words: 'it ended 1 time meanwhile (exit code 137)' },
])('$what is told of', ({ seen, words }) => {
  const finding = found(seen)
  expect(finding).toMatchObject({ verdict: 'note', effect: 'none' })
  expect(finding?.detail).toContain(words)
})

test('no limit and no log are no fault of it', () => {
  expect(found({ states: [state({ memoryLimit: null, workers: { configured: 1, started: null } })] })).toMatchObject({ verdict: 'ok', detail: 'after: container astra-ai: 1 worker asked for (its log cannot be read), at most 2.9 GB without a limit, at most 1.3 cores' })
  expect(found({ usage: [] })?.detail).toContain('what it takes was not told')
})

test('a container that is switched is this side in its own rounds alone, and its ends are our doing', () => {
  const switched = state({ isSwitched: true })
  expect(found({ states: [switched], usage: [look(6.5, 2, -50_000)], events: [event('ended', 143, 1_000), event('out-of-memory', null, -50_000)] })).toMatchObject({ verdict: 'ok', detail: expect.stringContaining('what it takes was not told') })
  expect(found({ states: [switched], events: [event('out-of-memory', null, 1_000)] })).toMatchObject({ verdict: 'note' })
})
