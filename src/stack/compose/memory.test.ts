import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { availableMemory, fitTogether, inGigabytes } from './memory.ts'

const gigabytes = (count: number): number => count * 2 ** 30

test.each([
  { limits: [4, 7], available: 12, together: true },
  { limits: [4, 7], available: 11.9, together: false },
  { limits: [4, 7, 7], available: 16, together: false },
  // One side is one side, whatever it may take.
  { limits: [7], available: 4, together: true },
  { limits: [], available: 0, together: true },
])('limits of $limits GB in $available GB: at the same time is $together', ({ limits, available, together }) => {
  expect(fitTogether(limits.map(gigabytes), gigabytes(available))).toBe(together)
})

test('what is available is read where the system says so', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'first-token-memory-'))
  const file = path.join(folder, 'meminfo')
  writeFileSync(file, 'MemTotal:       24000000 kB\nMemFree:         1000000 kB\nMemAvailable:    8388608 kB\n')
  expect(availableMemory(file)).toBe(gigabytes(8))
  writeFileSync(file, 'MemTotal:       24000000 kB\n')
  expect(availableMemory(file)).toBeUndefined()
  expect(availableMemory(path.join(folder, 'no-file'))).toBeUndefined()
  rmSync(folder, { recursive: true })
  expect([inGigabytes(gigabytes(7)), inGigabytes(gigabytes(7.25))]).toEqual(['7 GB', '7.3 GB'])
})
