import { expect, test } from 'vitest'
import type { View } from '../stats/ttft.ts'
import { decide, type Decision, measurementError, type Weighed } from './decision.ts'

type Says = 'pass' | 'fail' | 'warn' | 'open'

const weighed = (says: Says, value: number | undefined = 0): Weighed => ({
  passes: says === 'pass', fails: says === 'fail', warns: says === 'pass' || says === 'warn', value, shortage: undefined, moreRoundsHelp: true,
})

test.each<{ measured: Says; againstPass: Says; againstFail: Says; decision: Decision }>([
  { measured: 'pass', againstPass: 'pass', againstFail: 'pass', decision: { kind: 'pass' } },
  { measured: 'fail', againstPass: 'fail', againstFail: 'fail', decision: { kind: 'fail' } },
  { measured: 'pass', againstPass: 'open', againstFail: 'pass', decision: { kind: 'invalid', wouldBe: 'pass' } },
  { measured: 'pass', againstPass: 'fail', againstFail: 'pass', decision: { kind: 'invalid', wouldBe: 'pass' } },
  { measured: 'fail', againstPass: 'fail', againstFail: 'open', decision: { kind: 'invalid', wouldBe: 'fail' } },
  { measured: 'pass', againstPass: 'warn', againstFail: 'pass', decision: { kind: 'warn' } },
  { measured: 'warn', againstPass: 'warn', againstFail: 'open', decision: { kind: 'warn' } },
  { measured: 'warn', againstPass: 'open', againstFail: 'open', decision: { kind: 'invalid', wouldBe: 'warn' } },
  { measured: 'open', againstPass: 'open', againstFail: 'open', decision: { kind: 'inconclusive' } },
  // Views that contradict each other decide nothing.
  { measured: 'open', againstPass: 'pass', againstFail: 'open', decision: { kind: 'inconclusive' } },
  { measured: 'open', againstPass: 'open', againstFail: 'fail', decision: { kind: 'inconclusive' } },
  { measured: 'open', againstPass: 'warn', againstFail: 'open', decision: { kind: 'inconclusive' } },
])('measured $measured, against a pass $againstPass, against a fail $againstFail: $decision', ({ measured, againstPass, againstFail, decision }) => {
  const views: Record<View, Says> = { measured, 'against-pass': againstPass, 'against-fail': againstFail }
  expect(decide((view) => weighed(views[view]))).toEqual(decision)
})

test('the measurement error is how far the farther view is from the measured value', () => {
  const error = (measured: number | undefined, againstPass: number | undefined, againstFail: number | undefined): number | null => {
    const values: Record<View, number | undefined> = { measured, 'against-pass': againstPass, 'against-fail': againstFail }
    return measurementError((view) => ({ ...weighed('open'), value: values[view] }))
  }
  expect([error(10, 10, 7), error(10, 15, 7), error(Infinity, Infinity, Infinity), error(Infinity, Infinity, 10)]).toEqual([3, 5, 0, null])
  expect(measurementError(() => ({ ...weighed('open'), value: undefined }))).toBeNull()
})
