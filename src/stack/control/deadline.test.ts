import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadline } from './deadline.ts'
import type { Settings } from './settings.ts'
import type { Failure } from './sink.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

const never = (): boolean => false

function watched(setting: Settings['upstreamTimeout'], isExcused = never): { readonly deadline: Deadline; readonly failures: Failure[] } {
  const failures: Failure[] = []
  return { deadline: new Deadline(setting, isExcused, (failure) => failures.push(failure)), failures }
}

test('a total deadline expires however often the model is heard of', () => {
  const { deadline, failures } = watched('total:1000')
  for (let time = 0; time < 9; time += 1) {
    vi.advanceTimersByTime(111)
    deadline.touch()
  }
  expect(failures).toEqual([])
  vi.advanceTimersByTime(1)
  expect(failures).toEqual([{ status: 504, type: 'upstream_timeout', message: 'The model took longer than 1.00 s.' }])
})

test('an idle deadline begins anew whenever the model is heard of, and expires once', () => {
  const { deadline, failures } = watched('idle:1000')
  for (let time = 0; time < 9; time += 1) {
    vi.advanceTimersByTime(999)
    deadline.touch()
  }
  expect(failures).toEqual([])
  vi.advanceTimersByTime(5_000)
  expect(failures).toEqual([{ status: 504, type: 'upstream_timeout', message: 'The model said nothing for 1.00 s.' }])
})

test('an idle deadline does not expire while it is the client that is waited for, a total one does', () => {
  let isExcused = true
  const idle = watched('idle:1000', () => isExcused)
  const total = watched('total:1000', () => isExcused)
  vi.advanceTimersByTime(2_500)
  expect(idle.failures).toEqual([])
  expect(total.failures).toHaveLength(1)
  isExcused = false
  vi.advanceTimersByTime(500)
  expect(idle.failures).toHaveLength(1)
})

test('none never expires, nor does one that was stopped', () => {
  const { failures } = watched('none')
  const stopped = watched('idle:10')
  stopped.deadline.stop()
  vi.advanceTimersByTime(1e9)
  expect([...failures, ...stopped.failures]).toEqual([])
})
