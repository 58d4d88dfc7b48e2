import { expect, test } from 'vitest'
import { Journal } from './journal.ts'

function write(journal: Journal, count: number): void {
  for (let index = 0; index < count; index += 1) journal.end(journal.begin({ kind: 'chat', socket: 1, requestsBefore: 0, receivedAt: index }), index)
}
const seqs = (journal: Journal, after: number, limit?: number): number[] => journal.page(after, limit).entries.map((entry) => entry.seq)

test('a page holds what ended after the number given; next is what to ask for then', () => {
  const journal = new Journal()
  write(journal, 3)
  expect(seqs(journal, 0)).toEqual([1, 2, 3])
  expect(seqs(journal, 2)).toEqual([3])
  expect(journal.page(3)).toMatchObject({ next: 3, dropped: 0, entries: [] })
  expect(journal.page(0, 2)).toMatchObject({ next: 2, entries: [{ seq: 1 }, { seq: 2 }] })
})

test('requests that have not ended are counted and not shown', () => {
  const journal = new Journal()
  const entry = journal.begin({ kind: 'chat', socket: 1, requestsBefore: 0, receivedAt: 5 })
  expect(journal.page(0)).toMatchObject({ open: 1, entries: [] })
  journal.end(entry, 6)
  expect(journal.page(0)).toMatchObject({ open: 0, entries: [{ receivedAt: 5, endedAt: 6 }] })
})

test('open requests are shown where they are asked for, in the order in which they came, and once only', () => {
  const journal = new Journal()
  const [one, two] = [1, 2].map((receivedAt) => journal.begin({ kind: 'chat', socket: 1, requestsBefore: 0, receivedAt }))
  expect(journal.page(0)).not.toHaveProperty('openEntries')
  expect(journal.page(0, 10, true)).toMatchObject({ open: 2, entries: [], openEntries: [{ seq: 0, receivedAt: 1, endedAt: null, fault: null }, { receivedAt: 2 }] })
  if (one !== undefined) journal.end(one, 3)
  expect(journal.page(0, 10, true)).toMatchObject({ open: 1, entries: [one], openEntries: [two] })
})

test('memory is bounded: the oldest are forgotten, and it is said how many', () => {
  const journal = new Journal(10)
  write(journal, 25)
  expect(seqs(journal, 0)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
  expect(journal.page(0).dropped).toBe(15)
  expect(journal.page(14).dropped).toBe(1)
  expect(journal.page(20)).toMatchObject({ dropped: 0, next: 25 })
})

test('a journal that was emptied goes on counting and does not call its entries dropped', () => {
  const journal = new Journal(10)
  write(journal, 3)
  journal.clear()
  expect(journal.page(0)).toMatchObject({ next: 3, dropped: 0, entries: [] })
  write(journal, 1)
  expect(seqs(journal, 3)).toEqual([4])
  expect(journal.page(0)).toMatchObject({ next: 4, dropped: 0 })
})
