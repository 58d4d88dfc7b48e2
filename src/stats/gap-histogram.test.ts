import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeGaps, encodeGaps, gapHistogram, gapQuantile, mergeGaps, recordGap } from './gap-histogram.ts'
import { rankQuantile } from './quantile.ts'

function of(gaps: readonly number[]): ReturnType<typeof gapHistogram> {
  const histogram = gapHistogram()
  for (const gap of gaps) recordGap(histogram, gap)
  return histogram
}

test('gaps are counted in whole µs, rounded, not truncated', () => {
  expect(gapQuantile(of([0.0006]), 1)).toBe(0.001)
  expect(gapQuantile(of([1.2345]), 1)).toBe(1.235)
})

test('two chunks of one read have a gap of 0, which counts', () => {
  expect(gapQuantile(of([0, 0, 0, 20]), 0.5)).toBe(0)
})

test('a gap of more than an hour is one of an hour', () => {
  expect((gapQuantile(of([5_000_000]), 1) ?? 0) / 3_600_000).toBeCloseTo(1, 3)
})

test('there is no quantile of no gaps', () => {
  expect(gapQuantile(gapHistogram(), 0.5)).toBeUndefined()
})

test('what was written is read back the same, and the same gaps give the same text', () => {
  const gaps = [0, 0.4, 19.8, 20.1, 20.1, 250, 3_000]
  const text = encodeGaps(of(gaps))
  expect(text).toMatch(/^HISTFAAA/)
  expect(encodeGaps(of(gaps))).toBe(text)
  expect(encodeGaps(decodeGaps(text))).toBe(text)
  expect(decodeGaps(text).totalCount).toBe(7)
})

test('a text that is no histogram is refused', () => {
  expect(() => decodeGaps('aGVsbG8=')).toThrow(RangeError)
})

test('merged they are the histogram of all gaps, and stay what they were', () => {
  const [first, second] = [of([1, 2, 3]), decodeGaps(encodeGaps(of([4, 5])))]
  expect(encodeGaps(mergeGaps([first, second]))).toBe(encodeGaps(of([1, 2, 3, 4, 5])))
  expect([first.totalCount, mergeGaps([]).totalCount]).toEqual([3, 0])
})

test('a quantile is that of the gaps by rank, within the third digit', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 3_600_000_000 }), { minLength: 1, maxLength: 50 }), fc.constantFrom(0.5, 0.9, 0.95, 0.99, 1), (micros, q) => {
    const gaps = micros.map((micro) => micro / 1_000)
    expect((gapQuantile(of(gaps), q) ?? NaN) / (rankQuantile(gaps, q) ?? NaN)).toBeCloseTo(1, 2)
  }), { numRuns: 40 })
})
