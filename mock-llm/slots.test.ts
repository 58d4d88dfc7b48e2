import { expect, test } from 'vitest'
import { Slots } from './slots.ts'

/** Asks for a slot and writes the name down when it has one. */
function asker(slots: Slots, started: string[]): (name: string) => { outcome: string; start: () => void } {
  return (name) => {
    const start = (): void => void started.push(name)
    return { outcome: slots.ask(start), start }
  }
}

test('at most so many run at once, the others wait in their order', () => {
  const slots = new Slots(2, null)
  const started: string[] = []
  const ask = asker(slots, started)
  expect(['a', 'b', 'c', 'd'].map((name) => ask(name).outcome)).toEqual(['started', 'started', 'waiting', 'waiting'])
  expect(started).toEqual(['a', 'b'])
  slots.release()
  expect(started).toEqual(['a', 'b', 'c'])
  slots.release()
  expect(started).toEqual(['a', 'b', 'c', 'd'])
  expect([slots.running, slots.waiting]).toEqual([2, 0])
})

test('a waiter that left never runs', () => {
  const slots = new Slots(1, null)
  const started: string[] = []
  const ask = asker(slots, started)
  ask('a')
  const b = ask('b')
  ask('c')
  slots.leave(b.start)
  slots.release()
  expect(started).toEqual(['a', 'c'])
})

test('a full queue takes nobody; with no queue at all nobody waits', () => {
  const started: string[] = []
  const ask = asker(new Slots(1, 1), started)
  expect(['a', 'b', 'c'].map((name) => ask(name).outcome)).toEqual(['started', 'waiting', 'full'])
  const askOther = asker(new Slots(1, 0), started)
  expect(['a', 'b'].map((name) => askOther(name).outcome)).toEqual(['started', 'full'])
})

test('more slots start waiters at once, fewer wait for answers to end', () => {
  const slots = new Slots(1, null)
  const started: string[] = []
  const ask = asker(slots, started)
  for (const name of ['a', 'b', 'c', 'd']) ask(name)
  slots.resize(3, null)
  expect(started).toEqual(['a', 'b', 'c'])
  slots.resize(1, null)
  slots.release()
  slots.release()
  expect(started).toEqual(['a', 'b', 'c'])
  slots.release()
  expect(started).toEqual(['a', 'b', 'c', 'd'])
  slots.resize(null, null)
  expect(ask('e').outcome).toBe('started')
})
