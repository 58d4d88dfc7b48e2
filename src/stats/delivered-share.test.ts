import { expect, test } from 'vitest'
import { batchRun, failed, inRounds, user, type UserParts } from '../../test/fixtures/batches.ts'
import { deliveredShare } from './delivered-share.ts'

const nothing: UserParts = { ttft: null, integrity: null }
const share = (parts: (round: number, index: number) => UserParts) => deliveredShare(batchRun(inRounds((round, index, dueAt) => user({ round, dueAt, ...parts(round, index) })), {}), 'after', ['chat'])

test('an answer of which not one word came was not delivered, whatever became of it; one that came in part was', () => {
  expect(share(() => ({}))).toMatchObject({ n: 24, offending: 0, finishedUnseen: 0, tokens: { came: 960, asked: 960 } })
  expect(share((_, index) => (index > 0 ? {} : { outcome: failed('reset-mid-stream') }))).toMatchObject({ n: 24, offending: 0 })
  expect(share((_, index) => (index > 1 ? {} : { ...nothing, outcome: failed('error-event', '', 0) }))).toMatchObject({ n: 24, offending: 6, rounds: [{ events: 2, n: 8 }, { events: 2, n: 8 }, { events: 2, n: 8 }] })
})

test('finished all the same is what the server says so of, or our mock', () => {
  const integrity = { expected: 40, received: 0, missing: 40, duplicated: 0, reordered: 0, foreign: 0, checksumMatches: null }
  expect(share((_, index) => (index > 0 ? {} : { ...nothing, outcome: failed('not-delivered', '', 0) }))).toMatchObject({ offending: 3, finishedUnseen: 3 })
  expect(share((_, index) => (index > 0 ? {} : { ttft: null, integrity, outcome: failed('hung', '', 0) }))).toMatchObject({ offending: 3, finishedUnseen: 3, tokens: { came: 840, asked: 960 } })
  expect(share((_, index) => (index > 0 ? {} : { ...nothing, upstream: null, outcome: failed('hung', '', 0) }))).toMatchObject({ offending: 3, finishedUnseen: 0 })
})

test('what the tester broke off itself, and other labels, are not counted', () => {
  expect(share((_, index) => (index > 0 ? {} : { ...nothing, outcome: failed('cancelled', '', 0) }))).toMatchObject({ n: 21, offending: 0 })
  expect(share((_, index) => (index > 0 ? {} : { ...nothing, label: 'other', outcome: failed('not-delivered', '', 0) }))).toMatchObject({ n: 21, offending: 0 })
})
