import { expect, test } from 'vitest'
import { memoryProblem } from './memory-need.ts'

const sides = [{ name: 'before', workers: 1 }, { name: 'after', workers: 4 }, { name: 'recommended', workers: 4 }]

test.each([
  { left: undefined, fix: undefined },
  { left: 5e9, fix: undefined },
  { left: 3e9, fix: 'Measure fewer at a time: --profiles before,after' },
  { left: 1e9, fix: 'Measure fewer at a time: --profiles before' },
  { left: 0.5e9, fix: 'Make room, or ask for fewer workers: --set-env UVICORN_WORKERS=1' },
])('with $left bytes left: $fix', ({ left, fix }) => {
  expect(memoryProblem(sides, left)?.fix).toBe(fix)
})

test('where the first side is too large, one that fits is named', () => {
  expect(memoryProblem([{ name: 'after', workers: 4 }, { name: 'before', workers: 1 }], 1e9)).toEqual({
    what: 'after (4 workers), before (1 worker) together need 2.6 GB of memory, and 1.0 GB are left: they would swap.', fix: 'Measure fewer at a time: --profiles before',
  })
})
