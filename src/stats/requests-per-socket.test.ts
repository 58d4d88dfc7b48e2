import { expect, test } from 'vitest'
import { concurrent, message, run, type RunParts } from '../../test/fixtures/run.ts'
import { through, type ThroughParts } from '../../test/fixtures/upstream.ts'
import type { MessageRecord } from '../sample/message.ts'
import { requestsPerSocket } from './requests-per-socket.ts'

const on = (socket: number, requestsBefore: number, parts: ThroughParts = {}): MessageRecord => through({ ...parts, upstream: { socket, requestsBefore } })
const seen = (messages: readonly MessageRecord[], parts: Omit<RunParts, 'messages'> = {}) => requestsPerSocket(run({ ...parts, messages }), 'after')

test.each([
  ['a connection for each', [on(1, 0), on(2, 0), on(3, 0)], { requests: 3, sockets: 3, opened: 3, value: 1 }],
  ['all over one', [on(1, 0), on(1, 1), on(1, 2)], { requests: 3, sockets: 1, opened: 1, value: 3 }],
  ['one that was open before, one new', [on(1, 7), on(1, 8), on(2, 0), on(2, 1)], { requests: 4, sockets: 2, opened: 1, value: 4 }],
  ['none was opened', [on(1, 7), on(2, 3)], { requests: 2, sockets: 2, opened: 0, value: Infinity }],
  ['nothing was said', [], { requests: 0, sockets: 0, opened: 0, value: undefined }],
])('%s', (_, messages, expected) => {
  expect(seen(messages)).toMatchObject({ ...expected, problem: undefined })
})

test('everything counts that goes through the system in a kept round: probes, blockers, users, also those that left', () => {
  const left = { outcome: { kind: 'failed', code: 'cancelled', detail: '', afterTokens: 3 } } as const
  const messages = [on(1, 0), on(1, 1, { part: 'blocker' }), on(1, 2, { part: 'user', ...left }), on(2, 0, { part: 'warm-up' }), on(3, 0, { part: 'anchor' }), on(4, 0, { round: 2 }), on(5, 0, { side: 'before' })]
  expect(seen(messages, { thrownAway: ['after/2/1'] })).toMatchObject({ requests: 3, sockets: 1, opened: 1, rounds: 1 })
})

test('what goes to the model directly opens no connection of the system’s', () => {
  const scenario = { ...concurrent, phases: { ...concurrent.phases, direct: { together: ['hello'], copies: [4], repeat: 6, via: 'model' as const }, crowd: { together: ['hello'], copies: [4], repeat: 6 } } }
  expect(seen([on(1, 0, { part: 'user', phase: 'direct' }), on(2, 0, { part: 'user', phase: 'crowd' })], { header: { scenario } })).toMatchObject({ requests: 1, sockets: 1 })
})

test('answers that the journal does not know of may have had a connection each', () => {
  const known = Array.from({ length: 98 }, (_, index) => on(1, index))
  expect(seen([...known, message({ ttft: null })]).problem).toBeUndefined()
  expect(seen([...known, message(), message()]).problem).toContain('2 of 100')
})
