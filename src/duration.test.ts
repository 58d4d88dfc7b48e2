import { expect, test } from 'vitest'
import fc from 'fast-check'
import { formatMilliseconds, isMilliseconds, minutes, ms, parseDuration, seconds, times } from './duration.ts'

test('a length of time is an object, so that a bare number cannot be taken for one', () => {
  expect([ms(2), seconds(1.2), minutes(10), times(seconds(2), 1.5)].map(({ milliseconds }) => milliseconds)).toEqual([2, 1_200, 600_000, 3_000])
  expect([ms(0), ms(2)].every(isMilliseconds)).toBe(true)
  const others: unknown[] = [2, '2ms', null, undefined, {}, [2], { milliseconds: '2' }, { milliseconds: -1 }, { milliseconds: Number.NaN }, { milliseconds: Infinity }]
  expect(others.filter(isMilliseconds)).toEqual([])
})

test('a length of time cannot be changed behind the back of who holds it', () => {
  expect(Object.isFrozen(seconds(1))).toBe(true)
})

test('a negative length, and one that is no number, are refused', () => {
  for (const length of [-1, Number.NaN, Infinity, -Infinity]) expect(() => ms(length), String(length)).toThrow(RangeError)
})

test.each([
  ['300ms', 300], ['0ms', 0], ['45s', 45_000], ['1.5m', 90_000], ['10min', 600_000], ['2h', 7_200_000], [' 8 s ', 8_000],
])('%s is read', (text, milliseconds) => {
  expect(parseDuration(text)).toEqual({ milliseconds })
})

test.each(['', '5', '5 000', 's', '-5s', '5S', '1e3ms', '.5s', '5.s', '5s5s', '5 days', '0x10s', 'Infinitys', '5s\n6s'])('%j is no length of time', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('a length beyond what a number holds is no length of time, and no exception', () => {
  expect(parseDuration(`${'9'.repeat(400)}h`)).toBeUndefined()
})

test.each<[number, string]>([
  [0, '0.0 ms'], [4.24, '4.2 ms'], [9.94, '9.9 ms'], [9.96, '10 ms'], [310, '310 ms'], [999.4, '999 ms'], [999.6, '1.00 s'], [1_210, '1.21 s'], [9_994, '9.99 s'], [9_996, '10.0 s'],
  [99_940, '99.9 s'], [99_960, '100 s'], [179_400, '179 s'], [180_000, '3 min'], [360_000, '6 min'], [-310, '-310 ms'], [-1_210, '-1.21 s'], [Infinity, '∞'], [Number.NaN, '-'],
])('%d ms is printed as %s', (milliseconds, text) => {
  expect(formatMilliseconds(milliseconds)).toBe(text)
})

test('what is printed is within half a unit of its last digit of what was measured', () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 170_000, noNaN: true }), (milliseconds) => {
    const text = formatMilliseconds(milliseconds)
    const read = parseDuration(text.replace(' ', ''))
    const [, decimals = '', unit = ''] = /^\d+\.?(\d*) (ms|s)$/.exec(text) ?? []
    const halfAUnit = (unit === 's' ? 500 : 0.5) / 10 ** decimals.length
    expect(Math.abs((read?.milliseconds ?? NaN) - milliseconds)).toBeLessThanOrEqual(halfAUnit + 1e-9)
  }), { examples: [[10.06036217303823], [10.49], [999.4], [9_994.9]] })
})
