import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ModelAnswer, observeModel } from './model.ts'
import { observe } from './observation.ts'

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
afterEach(() => { vi.useRealTimers() })

const clock = { now: () => performance.now(), stampError: () => 0 }
const after = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })

/** A model that takes so long for each hello. */
const model = (takes: (count: number) => number) => {
  let count = 0
  return async (signal: AbortSignal): Promise<ModelAnswer> => {
    const startedAt = clock.now()
    count += 1
    const abort = new Promise<string>((resolve) => { signal.addEventListener('abort', () => resolve(String(signal.reason))) })
    const failure = await Promise.race([after(takes(count)).then(() => null), abort])
    return { startedAt, firstTokenAt: failure === null ? clock.now() : null, endedAt: clock.now(), stampError: 2, failure }
  }
}

test('hellos are said at their due times whatever became of those before, and the slow one is seen as it was', async () => {
  const observer = observeModel({ ask: model((count) => (count === 2 ? 1_000 : 10)), every: 100, patience: 5_000, clock })
  await vi.advanceTimersByTimeAsync(450)
  const stopping = observer.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  const seen = await stopping
  const [first] = seen
  expect(seen.map(({ dueAt }) => Math.round(dueAt - (first?.dueAt ?? 0)))).toEqual([0, 100, 200, 300, 400])
  expect(seen.map(({ startedAt, firstTokenAt }) => Math.round((firstTokenAt ?? 0) - startedAt))).toEqual([10, 1_000, 10, 10, 10])
  expect(seen[1]).toMatchObject({ what: 'model', status: null, failure: null, errorBound: expect.closeTo(2, 0) })
})

test('a hello without an end is given up in time', async () => {
  const observer = observeModel({ ask: model(() => 1e9), every: 60_000, patience: 200, clock })
  const stopping = observer.stop()
  await vi.advanceTimersByTimeAsync(250)
  expect(await stopping).toMatchObject([{ firstTokenAt: null, failure: 'Error: no end within 200 ms' }])
})

test('due times that the tester slept through are left out, and the next one is late by what it is late', async () => {
  let skipped = 0
  const sleepy = { now: () => performance.now() + skipped, stampError: () => 0 }
  const observer = observe({ what: 'health', every: 100, clock: sleepy }, () => Promise.resolve({ startedAt: sleepy.now(), endedAt: sleepy.now(), firstTokenAt: null, status: 200, failure: null, stampError: 0 }))
  await vi.advanceTimersByTimeAsync(50)
  // The loop stands still from 50 to 430.
  skipped = 330
  await vi.advanceTimersByTimeAsync(130)
  const seen = await observer.stop()
  const [first] = seen
  expect(seen.map(({ dueAt }) => Math.round(dueAt - (first?.dueAt ?? 0)))).toEqual([0, 400, 500])
  expect(seen[1]?.errorBound).toBeCloseTo(30, 0)
})
