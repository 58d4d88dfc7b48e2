import { expect, test } from 'vitest'
import { rulesFor } from './rules.ts'

const scenario = { phases: { quiet: { say: 'hello' } } }
const control = { scenario, isControl: true, knownAnswers: true }
const target = { scenario, isControl: false, knownAnswers: false }

test('standard size looks after 6, 12 and 24 rounds, each at 2 %, with a stall limit of at least 500 ms', () => {
  for (const where of [control, target]) expect(rulesFor({ size: 'standard', ...where })).toMatchObject({ looks: [6, 12, 24], alpha: 0.02, stallFloor: 500, stallLimitFixed: false })
})

test('quick looks once, at 5 %; a stall is 150 ms on the control stack and 500 ms elsewhere', () => {
  expect(rulesFor({ size: 'quick', ...control })).toMatchObject({ looks: [6], alpha: 0.05, stallFloor: 150 })
  expect(rulesFor({ size: 'quick', ...target })).toMatchObject({ looks: [6], alpha: 0.05, stallFloor: 500 })
})

test('--rounds is one look, --stall-limit is exactly the limit', () => {
  expect(rulesFor({ size: 'standard', ...target, rounds: 9, stallLimit: 300 })).toMatchObject({ looks: [9], alpha: 0.02, stallFloor: 300, stallLimitFixed: true })
})

test('whether the answers are known is for the stack to say', () => {
  expect([control, target].map((where) => rulesFor({ size: 'quick', ...where }).knownAnswers)).toEqual([true, false])
})

test('where nothing but several messages at once is said, as often as the scenario says; a third of it in a quick run', () => {
  const batches = { phases: { crowd: { together: ['chat'], copies: [50], repeat: 3 }, more: { together: ['chat'], copies: [9], repeat: 18 } } }
  expect(rulesFor({ ...control, scenario: batches, size: 'standard' }).looks).toEqual([18])
  expect(rulesFor({ ...control, scenario: batches, size: 'quick' }).looks).toEqual([6])
  expect(rulesFor({ ...control, scenario: { phases: { ...batches.phases, quiet: { say: 'hello' } } }, size: 'quick' }).looks).toEqual([6])
})

test('--rounds never asks for fewer batches than the scenario does', () => {
  const batches = { phases: { crowd: { together: ['chat'], copies: [50], repeat: 3 } } }
  expect([1, 3, 9].map((rounds) => rulesFor({ ...control, scenario: batches, size: 'standard', rounds }).looks)).toEqual([[3], [3], [9]])
})
