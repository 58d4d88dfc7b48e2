import { expect, test } from 'vitest'
import type { Answer, Session } from '../../target/target.ts'
import { answered, dueTimes, type SaidMessage, sayWindow } from './window.ts'

const clock = { now: () => performance.now(), stampError: () => 0 }

/** A session that never answers, and remembers when it was asked. */
function silent(saidAt: number[]): Session {
  return {
    warm: () => Promise.resolve(),
    say: () => {
      saidAt.push(performance.now())
      return { done: new Promise<Answer>(() => {}), firstToken: new Promise<void>(() => {}), abort: () => {} }
    },
    close: () => {},
  }
}

const utterance = { id: 'a-1', text: 'Hello', mock: undefined }

test('due times are evenly spaced at the rate', () => {
  expect(dueTimes(1_000, 3, 80)).toEqual([1_000, 1_012.5, 1_025])
})

test('a window goes on whatever became of the messages before, and no message is early', async () => {
  const saidAt: number[] = []
  const due = dueTimes(performance.now() + 5, 20, 200)
  await sayWindow(due.map((dueAt) => ({ dueAt, session: silent(saidAt), utterance })), clock, () => {}, new AbortController().signal)
  expect(saidAt).toHaveLength(20)
  for (const [index, at] of saidAt.entries()) expect(at).toBeGreaterThanOrEqual(due[index] ?? Infinity)
})

test('an abort ends the window at once', async () => {
  const saidAt: number[] = []
  const controller = new AbortController()
  const running = sayWindow([{ dueAt: performance.now() + 60_000, session: silent(saidAt), utterance }], clock, () => {}, controller.signal)
  controller.abort()
  await running
  expect(saidAt).toEqual([])
})

test('waiting for answers ends with the time even where none comes', async () => {
  const said: SaidMessage = { dueAt: 0, utterance, exchange: silent([]).say(utterance), answer: null }
  expect(await answered([said], 20)).toBe(false)
  expect(await answered([], 20)).toBe(true)
})
