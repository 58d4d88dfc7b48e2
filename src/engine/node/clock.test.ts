import { expect, test } from 'vitest'
import { type LoopBlock, RunClock } from './clock.ts'

function spin(milliseconds: number): void {
  const until = performance.now() + milliseconds
  while (performance.now() < until);
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })

test('the run clock is CLOCK_MONOTONIC less its origin', () => {
  const clock = new RunClock(() => {})
  const [whole, nanos] = process.hrtime()
  expect(Math.abs(clock.now() + clock.origin - (whole * 1_000 + nanos / 1e6))).toBeLessThan(5)
  clock.stop()
})

test('a loop that stood still is told of, and bounds the stamp that follows it', async () => {
  const blocks: LoopBlock[] = []
  const clock = new RunClock((block) => blocks.push(block))
  await pause(20)
  clock.longestBlock()
  spin(60)
  expect(clock.stampError(clock.now())).toBeGreaterThanOrEqual(60)
  await pause(5)
  expect(clock.longestBlock()).toBeGreaterThanOrEqual(55)
  expect(blocks.some((block) => block.lasted >= 55)).toBe(true)
  clock.stop()
})

test('one tick after a block does not end the doubt: what was read before it is stamped after it', async () => {
  const clock = new RunClock(() => {})
  await pause(20)
  spin(60)
  // The overdue tick comes in the timers' phase that we are in, and then the check phase: one tick.
  await new Promise((resolve) => { setImmediate(resolve) })
  expect(clock.stampError(clock.now())).toBeGreaterThanOrEqual(60)
  clock.stop()
})

test('the longest block is told once', async () => {
  const clock = new RunClock(() => {})
  spin(50)
  await pause(5)
  expect(clock.longestBlock()).toBeGreaterThanOrEqual(45)
  await pause(10)
  expect(clock.longestBlock()).toBeLessThan(45)
  clock.stop()
})
