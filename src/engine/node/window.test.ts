import { expect, test } from 'vitest'
import type { Answer, Session } from '../../target/target.ts'
import { answered, dueTimes, type SaidMessage, sayWindow, warmAll } from './window.ts'

const clock = { now: () => performance.now(), stampError: () => 0 }

/** A session that never answers, and remembers when it was asked. */
function silent(saidAt: number[]): Session {
  return {
    warm: () => Promise.resolve(),
    say: () => {
      saidAt.push(performance.now())
      return { done: new Promise<Answer>(() => {}), firstToken: new Promise<void>(() => {}), afterTokens: () => Promise.resolve(), lastReadAt: () => 0, abort: () => {} }
    },
    close: () => Promise.resolve(),
  }
}

const utterance = { id: 'a-1', text: 'Hello', mock: undefined }

test('due times are evenly spaced at the rate', () => {
  expect(dueTimes(1_000, 3, 80)).toEqual([1_000, 1_012.5, 1_025])
})

test('a window goes on whatever became of the messages before, and no message is early', async () => {
  const saidAt: number[] = []
  const due = dueTimes(performance.now() + 5, 20, 200)
  await sayWindow(due.map((dueAt) => ({ dueAt, session: () => silent(saidAt), utterance })), clock, () => {}, new AbortController().signal)
  expect(saidAt).toHaveLength(20)
  for (const [index, at] of saidAt.entries()) expect(at).toBeGreaterThanOrEqual(due[index] ?? Infinity)
})

test('an abort ends the window at once', async () => {
  const saidAt: number[] = []
  const controller = new AbortController()
  const running = sayWindow([{ dueAt: performance.now() + 60_000, session: () => silent(saidAt), utterance }], clock, () => {}, controller.signal)
  controller.abort()
  await running
  expect(saidAt).toEqual([])
})

test('waiting for answers ends with the time even where none comes, and at once where the run is stopped', async () => {
  const said: SaidMessage = { dueAt: 0, utterance, exchange: silent([]).say(utterance), answer: null }
  const controller = new AbortController()
  expect(await answered([said], 20, controller.signal)).toBe(false)
  expect(await answered([], 20, controller.signal)).toBe(true)
  const waiting = answered([said], 600_000, controller.signal)
  controller.abort()
  expect(await waiting).toBe(false)
  expect(await answered([said], 600_000, controller.signal)).toBe(false)
})

test('opening does not wait for ever for a system that answers nothing', async () => {
  const deaf = { ...silent([]), warm: () => new Promise<void>(() => {}) }
  const warm: Session[] = []
  const open = silent([])
  const controller = new AbortController()
  const opening = warmAll([deaf, open], controller.signal, (session) => warm.push(session))
  await Promise.resolve()
  controller.abort()
  await opening
  expect(warm).toEqual([open])
})
