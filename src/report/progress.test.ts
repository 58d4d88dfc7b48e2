import { expect, test } from 'vitest'
import { planLine, progressLine, spoiltLine } from './progress.ts'

const step = { round: 2, rounds: 6, side: 'after', phase: 'behindStory', elapsed: 21_400, remaining: 43_700 }

test('a step tells round, side, phase and time', () => {
  expect(progressLine(step)).toBe('round 2 of 6: after, behind story (21 s, about 44 s left)')
})

test('in the first round there is nothing to reckon the rest from', () => {
  expect(progressLine({ ...step, round: 1, elapsed: 0, remaining: undefined })).toBe('round 1 of 6: after, behind story (0 s)')
})

test('long runs are told in minutes', () => {
  expect(progressLine({ ...step, elapsed: 99_600, remaining: 420_000 })).toBe('round 2 of 6: after, behind story (100 s, about 7 min left)')
})

test('a plan tells what it will cost, with two digits', () => {
  expect(planLine({ scenario: 'concurrent', rounds: 6, messages: 4_104, tokens: 26_312, time: 94_800 })).toBe('concurrent: about 4,100 messages, 26,000 answer tokens, 6 rounds, 95 s')
  expect(planLine({ scenario: 'x', rounds: 1, messages: 1, tokens: 1, time: 0 })).toBe('x: about 1 message, 1 answer tokens, 1 round, 0 s')
})

test('a spoilt round says what becomes of it', () => {
  const spoilt = { round: 4, side: 'after', reason: 'the tester stood still for 312 ms' }
  expect(spoiltLine({ ...spoilt, repeated: true })).toBe('round 4 of after is spoilt (the tester stood still for 312 ms): it is said again, without a look at its answers')
  expect(spoiltLine({ ...spoilt, repeated: false })).toContain('it counts all the same')
})

test('names from outside stay on their line', () => {
  expect(progressLine({ ...step, side: 'a\r\n\u001b[2Jb', phase: 'c\u0007' })).toBe('round 2 of 6: a b, c (21 s, about 44 s left)')
})
