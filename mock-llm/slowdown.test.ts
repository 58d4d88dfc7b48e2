import { expect, test } from 'vitest'
import { chat } from './test/raw-client.ts'
import { runningMock } from './test/running-mock.ts'

const lasted = ({ firstTokenDueAt, lastTokenDueAt }: { firstTokenDueAt: number | null; lastTokenDueAt: number | null }): number => (lastTokenDueAt ?? NaN) - (firstTokenDueAt ?? NaN)

test('with slowdown 1 each of two answers told at once takes twice its gaps, and one alone its own', async () => {
  const mock = await runningMock({ slowdown: 1 })
  const [first, second] = [await mock.client(), await mock.client()]
  await first.ask(chat('id=alone tokens=6 first=1 gap=10'))
  await Promise.all([first.ask(chat('id=a tokens=6 first=50 gap=10')), second.ask(chat('id=b tokens=20 first=30 gap=10'))])
  expect(lasted(await mock.entry('alone'))).toBeCloseTo(50, 6)
  expect(lasted(await mock.entry('a'))).toBeCloseTo(100, 6)
  // Alone again when the other has ended.
  expect(lasted(await mock.entry('b'))).toBeGreaterThan(230)
  expect(lasted(await mock.entry('b'))).toBeLessThan(379)
})

test('an answer in one piece is slowed down by what is told meanwhile, too', async () => {
  const mock = await runningMock({ slowdown: 2 })
  const [first, second] = [await mock.client(), await mock.client()]
  const [, whole] = await Promise.all([first.ask(chat('id=other tokens=6 first=1 gap=10')), second.ask(chat('id=whole tokens=20 first=10 gap=10', { stream: false }))])
  expect(whole).toContain('whole.19/20~')
  const entry = await mock.entry('whole')
  // 200 ms alone, 580 beside somebody to the end: here the other ends after 151.
  expect((entry.lastTokenDueAt ?? NaN) - entry.receivedAt).toBeGreaterThan(240)
  expect((entry.lastTokenDueAt ?? NaN) - entry.receivedAt).toBeLessThan(560)
  expect(entry).toMatchObject({ tokensWritten: 20, firstTokenDueAt: entry.lastTokenDueAt })
})

test('what waits for a slot slows nobody down', async () => {
  const mock = await runningMock({ slowdown: 5, slots: 1 })
  const [first, second] = [await mock.client(), await mock.client()]
  await Promise.all([first.ask(chat('id=a tokens=4 first=20 gap=10')), second.ask(chat('id=b tokens=4 first=20 gap=10'))])
  expect(lasted(await mock.entry('a'))).toBeCloseTo(30, 6)
  expect(lasted(await mock.entry('b'))).toBeCloseTo(30, 6)
})
