import { expect, test } from 'vitest'
import { type Release, Slots } from './slots.ts'

const staying = new AbortController().signal

/** Asks `count` times and writes down who got a slot, in order. */
function askers(slots: Slots, count: number): { readonly started: number[]; readonly releases: Release[]; readonly settle: () => Promise<void> } {
  const started: number[] = []
  const releases: Release[] = []
  for (let number = 0; number < count; number += 1) {
    void slots.take(staying).then((release) => {
      started.push(number)
      if (release !== undefined) releases[number] = release
    })
  }
  return { started, releases, settle: () => new Promise((resolve) => { setImmediate(resolve) }) }
}

test('as many as there are slots start at once, the others in the order in which they came', async () => {
  const { started, releases, settle } = askers(new Slots(2), 5)
  await settle()
  expect(started).toEqual([0, 1])
  releases[1]?.()
  await settle()
  expect(started).toEqual([0, 1, 2])
  releases[0]?.()
  releases[2]?.()
  await settle()
  expect(started).toEqual([0, 1, 2, 3, 4])
})

test('a slot that goes to the next in the queue is not free for anybody else', async () => {
  const slots = new Slots(1)
  const { started, releases, settle } = askers(slots, 2)
  await settle()
  releases[0]?.()
  const late = askers(slots, 1)
  await settle()
  expect([started, late.started]).toEqual([[0, 1], []])
  releases[1]?.()
  await settle()
  expect(late.started).toEqual([0])
})

test('a slot that is given back twice is one slot', async () => {
  const { started, releases, settle } = askers(new Slots(1), 3)
  await settle()
  releases[0]?.()
  releases[0]?.()
  await settle()
  expect(started).toEqual([0, 1])
})

test('who leaves the queue gets none, and those behind do not wait for it', async () => {
  const slots = new Slots(1)
  const first = await slots.take(staying)
  const leaver = new AbortController()
  const left = slots.take(leaver.signal)
  const patient = slots.take(staying)
  leaver.abort()
  expect(await left).toBeUndefined()
  first?.()
  expect(await patient).toBeTypeOf('function')
  expect(await slots.take(AbortSignal.abort())).toBeUndefined()
})

test('without a limit nobody waits', async () => {
  const { started, settle } = askers(new Slots(Number.POSITIVE_INFINITY), 300)
  await settle()
  expect(started).toHaveLength(300)
})
