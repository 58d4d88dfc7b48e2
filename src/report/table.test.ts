import { expect, test } from 'vitest'
import { palette } from './palette.ts'
import { displayWidth } from './printable.ts'
import { type Column, renderTable, textTable } from './table.ts'

const page = { width: 80, palette: palette(false) }
const columns: Column[] = [{ title: 'Claim', align: 'left' }, { title: 'before', align: 'right' }, { title: 'after', align: 'right' }]
const cells = (...texts: string[]): { text: string }[] => texts.map((text) => ({ text }))

test('words stand left, numbers right, under a rule as wide as the table', () => {
  expect(textTable(columns, [cells('starts', '3.48 s', '7.1 ms'), cells('waits', '97 %', '0 %')], page)).toEqual([
    'Claim   before   after',
    '──────────────────────',
    'starts  3.48 s  7.1 ms',
    'waits     97 %     0 %',
  ])
})

test('the first column gives way first, and its note stands below and in', () => {
  const lines = textTable(columns, [[{ text: 'hello does not wait for the story', note: 'share of stalled messages' }, ...cells('97 %', '0 %')]], { ...page, width: 44 })
  expect(lines).toEqual([
    'Claim                          before  after',
    '────────────────────────────────────────────',
    'hello does not wait for the      97 %    0 %',
    'story',
    '  share of stalled messages',
  ])
})

test('wide characters and colours leave the columns where they are', () => {
  const rows = [[{ text: '日本', style: palette(true).bad }, ...cells('1', '2')], cells('four', '3', '4')]
  // oxlint-disable-next-line no-control-regex
  const bare = textTable(columns, rows, { width: 80, palette: palette(true) }).map((line) => line.replace(/\u001b\[\d+m/g, ''))
  expect(bare).toEqual(textTable(columns, rows.map((row) => row.map(({ text }) => ({ text }))), page))
  expect(new Set(bare.map(displayWidth)).size).toBe(1)
})

test('it is never wider than asked for, whatever stands in it', () => {
  const long = 'x'.repeat(200)
  for (const width of [20, 40, 80]) {
    for (const rows of [[cells(long, long, long)], [cells('a', '> 33.0 s (no first token) ✗', long)], [cells('日'.repeat(90), '1', '2')], []]) {
      for (const line of textTable(columns, rows, { ...page, width })) expect(displayWidth(line)).toBeLessThanOrEqual(width)
    }
  }
})

test('plain rows make a table of which the first row is the header', () => {
  expect(renderTable([['client', 'p50'], ['raw', '0.4']])).toBe('client  p50\n───────────\nraw     0.4')
})
