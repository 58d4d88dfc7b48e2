import { expect, test } from 'vitest'
import { calibrationRecord } from './calibration.ts'

const lateness = { p50: 0.5, p99: 2 }

test('a stamp later than its bound and 5 ms is a violation, one of exactly that is none', () => {
  const stamps = [{ error: 7, bound: 2, wayIn: 3 }, { error: 7.001, bound: 2, wayIn: 3 }, { error: 60, bound: 80, wayIn: 3 }]
  expect(calibrationRecord(stamps, true, lateness)).toMatchObject({ answers: 3, violations: 1, oneClock: true, error: { p50: 7.001, max: 60 }, errorBound: { p50: 2, max: 80 }, wayIn: { p50: 3 }, mockLateness: lateness })
})

test('without a stamp there is nothing that could be late, and the count says so', () => {
  expect(calibrationRecord([], true, lateness)).toMatchObject({ answers: 0, violations: 0 })
})
