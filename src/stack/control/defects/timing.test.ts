import { expect, test } from 'vitest'
import { now, until } from '../test/scripted-model.ts'
import type { Sink } from '../sink.ts'
import { cut } from './cut.ts'
import { delay } from './delay.ts'

/** A sink that writes down when it was told what. */
function stopwatch(): Sink & { readonly told: { readonly what: string; readonly at: number }[] } {
  const told: { readonly what: string; readonly at: number }[] = []
  const note = (what: string): void => { told.push({ what, at: now() }) }
  return { told, head: () => note('head'), write: (bytes) => note(bytes.toString()), end: () => note('end'), fail: () => note('fail') }
}

test('delayAfter holds each piece for the same time, in order, never less and not one after the other', async () => {
  const watch = stopwatch()
  const sink = delay(watch, 50)
  const given: number[] = []
  const give = (act: () => void): void => {
    given.push(now())
    act()
  }
  give(() => sink.head(200, {}))
  for (let number = 0; number < 20; number += 1) {
    give(() => sink.write(Buffer.from(String(number))))
    if (number % 2 === 0) await new Promise((resolve) => { setTimeout(resolve, 5) })
  }
  give(() => sink.end())
  await until('all has come', () => watch.told.length === given.length)
  expect(watch.told.map(({ what }) => what)).toEqual(['head', ...Array.from({ length: 20 }, (_, number) => String(number)), 'end'])
  const held = watch.told.map(({ at }, index) => at - (given[index] ?? 0))
  expect(Math.min(...held)).toBeGreaterThanOrEqual(50)
  expect(held.sort((a, b) => a - b)[11]).toBeLessThan(55)
})

test('cutsAfter ends the answer so long after its head, tells who reads the model, and lets nothing through afterwards', async () => {
  const watch = stopwatch()
  let cuts = 0
  const sink = cut(watch, 30, () => { cuts += 1 })
  sink.head(200, {})
  sink.write(Buffer.from('a'))
  await until('it is cut', () => cuts === 1)
  sink.write(Buffer.from('b'))
  sink.fail({ status: 502, type: 'x', message: 'x' })
  expect(watch.told.map(({ what }) => what)).toEqual(['head', 'a', 'end'])
  expect((watch.told[2]?.at ?? 0) - (watch.told[0]?.at ?? 0)).toBeGreaterThanOrEqual(29)
})

test('an answer that ends before it would be cut is left alone', async () => {
  const watch = stopwatch()
  let cuts = 0
  const sink = cut(watch, 5, () => { cuts += 1 })
  sink.head(200, {})
  sink.end()
  await new Promise((resolve) => { setTimeout(resolve, 15) })
  expect(watch.told.map(({ what }) => what)).toEqual(['head', 'end'])
  expect(cuts).toBe(0)
})
