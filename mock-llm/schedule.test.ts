import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Due, Schedule, type TimeSource } from './schedule.ts'

/** Time that passes when told. Its timers are as imprecise as asked: `error` is added to every delay. */
class FakeTime implements TimeSource {
  at = 0
  armed: { at: number; run: () => void } | null = null
  timersStarted = 0
  error = 0

  now(): number {
    return this.at
  }

  startTimer(run: () => void, delay: number): () => void {
    if (this.armed !== null) throw new Error('two timers at once')
    if (!Number.isInteger(delay) || delay < 1) throw new Error(`setTimeout does not know ${delay}`)
    const timer = { at: Math.max(this.at, this.at + delay + this.error), run }
    this.armed = timer
    this.timersStarted += 1
    return () => {
      if (this.armed === timer) this.armed = null
    }
  }

  /** Lets the armed timer go off. */
  step(): void {
    const timer = this.armed
    if (timer === null) throw new Error('no timer is armed')
    this.armed = null
    this.at = timer.at
    timer.run()
  }

  runAll(): void {
    while (this.armed !== null) this.step()
  }
}

function due(dueAt: number, fire: () => void): Due {
  return { dueAt, place: -1, fire }
}

test('what is due fires in the order of its due times, whatever the order of adding, never early and less than 1 ms late', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 200 }), (times) => {
    const time = new FakeTime()
    const schedule = new Schedule(time)
    const fired: number[] = []
    for (const dueAt of times) schedule.add(due(dueAt, () => {
      expect(time.now()).toBeGreaterThanOrEqual(dueAt)
      expect(time.now() - dueAt).toBeLessThanOrEqual(1.0001)
      fired.push(dueAt)
    }))
    time.runAll()
    expect(fired).toEqual(times.toSorted((a, b) => a - b))
    expect(schedule.size).toBe(0)
  }))
})

test('a timer that comes early fires nothing early: the rest is waited for', () => {
  const time = new FakeTime()
  time.error = -0.6
  const schedule = new Schedule(time)
  let firedAt = 0
  schedule.add(due(10, () => (firedAt = time.now())))
  time.runAll()
  expect(firedAt).toBeGreaterThanOrEqual(10)
  expect(firedAt).toBeLessThan(11)
})

test('everything due is done in one batch of one timer', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  let fired = 0
  for (let index = 0; index < 500; index += 1) schedule.add(due(5 + index / 1_000, () => (fired += 1)))
  time.step()
  expect(fired).toBe(1)
  time.at += 1
  time.step()
  expect(fired).toBe(500)
  expect(time.timersStarted).toBe(2)
})

test('one timer is enough for one due time: it is rounded up, not down and then once more', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  let firedAt = 0
  schedule.add(due(5.2, () => (firedAt = time.now())))
  time.runAll()
  expect([firedAt, time.timersStarted]).toEqual([6, 1])
})

test('due times are absolute: a late timer delays one token and not its successors', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  const lateness: number[] = []
  const token: Due = { dueAt: 20, place: -1, fire: () => {
    lateness.push(time.now() - token.dueAt)
    token.dueAt += 20
    if (lateness.length < 5) schedule.add(token)
  } }
  time.error = 7
  schedule.add(token)
  time.error = 0
  time.runAll()
  expect(lateness).toEqual([7, 0, 0, 0, 0])
})

test('an earlier one that is added later takes the timer over', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  const fired: string[] = []
  schedule.add(due(1_000, () => fired.push(`late ${time.now()}`)))
  schedule.add(due(3, () => fired.push(`soon ${time.now()}`)))
  time.runAll()
  expect(fired).toEqual(['soon 3', 'late 1000'])
})

test('what is removed never fires, wherever in the heap it was, and the others keep their order', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.boolean()), { minLength: 1, maxLength: 60 }), (plan) => {
    const time = new FakeTime()
    const schedule = new Schedule(time)
    const fired: number[] = []
    const dues = plan.map(([dueAt, isRemoved]) => ({ isRemoved, entry: due(dueAt, () => fired.push(dueAt)) }))
    for (const { entry } of dues) schedule.add(entry)
    for (const { entry, isRemoved } of dues) if (isRemoved) schedule.remove(entry)
    time.runAll()
    expect(fired).toEqual(plan.filter(([, isRemoved]) => !isRemoved).map(([dueAt]) => dueAt).toSorted((a, b) => a - b))
  }))
})

test('with nothing left to do no timer is armed', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  const only = due(10, () => undefined)
  schedule.add(only)
  schedule.remove(only)
  schedule.remove(only)
  expect(time.armed).toBeNull()
})

test('an answer without gaps lets the event loop have a turn', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  let fired = 0
  const greedy: Due = { dueAt: 1, place: -1, fire: () => {
    fired += 1
    if (fired < 2_500) schedule.add(greedy)
  } }
  schedule.add(greedy)
  time.step()
  expect(fired).toBe(1_000)
  time.runAll()
  expect(fired).toBe(2_500)
})

test('a due time beyond what setTimeout takes is not fired at once', () => {
  const time = new FakeTime()
  const schedule = new Schedule(time)
  let firedAt = 0
  schedule.add(due(2 ** 33, () => (firedAt = time.now())))
  time.runAll()
  expect(firedAt).toBe(2 ** 33)
})
