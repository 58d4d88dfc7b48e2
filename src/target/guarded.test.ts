import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { scriptedTarget, type TargetScript } from '../../test/fixtures/scripted-target.ts'
import type { FailureCode, Outcome } from '../sample/message.ts'
import { type Ceilings, Guard, guarded } from './guarded.ts'
import type { Answer, Beside, Exchange, Session, Target, Utterance } from './target.ts'

beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }) })
afterEach(() => { vi.useRealTimers() })

const clock = { now: () => performance.now(), stampError: () => 0 }
const answered: Outcome = { kind: 'answered' }
const failing = (code: FailureCode, detail = ''): Outcome => ({ kind: 'failed', code, detail, afterTokens: 0 })
const hello: Utterance = { id: 'a-1', text: 'Hello', mock: undefined }
const broken: Utterance = { ...hello, mock: { tokens: 1, firstTokenAfter: 2, gap: 20, fault: 'rst@headers' } }

/** What the guard says to a row of outcomes, each of a message to `target` unless it says otherwise. */
function told(outcomes: readonly (Outcome | { readonly outcome: Outcome; readonly side?: string; readonly utterance?: Utterance })[]): string | undefined {
  let reason: string | undefined
  const guard = new Guard({}, (text) => { reason = text })
  for (const entry of outcomes) {
    const { outcome, side = 'target', utterance = hello } = 'outcome' in entry ? entry : { outcome: entry }
    guard.ended(side, utterance, { outcome, chunks: 1, usageTokens: null })
  }
  expect(guard.signal.aborted ? guard.signal.reason : undefined).toBe(reason)
  return reason
}

const reset = failing('reset', 'ECONNRESET')
const three = 'breaker: 3 messages to target failed in a row, the last one with reset (ECONNRESET)'

test.each([
  ['three failures in a row', [reset, failing('silent'), reset], three],
  ['two', [reset, reset], undefined],
  ['an answer between them', [reset, reset, answered, reset, reset], undefined],
  ['what we broke off ourselves', [reset, failing('cancelled'), failing('cancelled'), reset], undefined],
  ['and does not make up for a failure', [reset, reset, failing('cancelled'), reset], three],
  ['a fault that we asked for', [{ outcome: reset, utterance: broken }, { outcome: reset, utterance: broken }, { outcome: reset, utterance: broken }], undefined],
  ['a fault between failures', [reset, reset, { outcome: answered, utterance: broken }, reset], three],
  ['failures of several targets', [reset, reset, { outcome: reset, side: 'before' }, { outcome: reset, side: 'before' }], undefined],
  ['429', [failing('http-status', '429 too many')], 'breaker: target answered 429 too many'],
  ['503', [answered, failing('http-status', '503 intermediary')], 'breaker: target answered 503 intermediary'],
  ['503 that we asked for', [{ outcome: failing('http-status', '503'), utterance: { ...broken, mock: { tokens: 1, firstTokenAfter: 2, gap: 20, fault: 'status:503@headers' } } }], undefined],
  ['500', [failing('http-status', '500 of 503 requests'), failing('error-event', '503')], undefined],
] as const)('%s', (_, outcomes, reason) => {
  expect(told(outcomes)).toBe(reason)
})

test('the first reason stays: what failed while it was broken off is not told', () => {
  const guard = new Guard()
  guard.breaks('one')
  guard.breaks('another')
  expect(guard.signal.reason).toBe('breaker: one')
})

function counted(script: Omit<TargetScript, 'clock'>, ceilings: Ceilings): { say: () => Exchange; guard: Guard; said: () => number } {
  const { target, log } = scriptedTarget({ ...script, clock })
  const guard = new Guard(ceilings)
  const session = guarded(target, guard, 'target').open()
  return { say: () => session.say(hello), guard, said: () => log.length }
}

test('so many messages and not one more; whoever says one more learns that it was cancelled', async () => {
  const { say, guard, said } = counted({ answer: () => ({ first: 1 }) }, { messages: 2 })
  const exchanges = [say(), say()]
  expect(guard.signal.aborted).toBe(false)
  exchanges.push(say())
  expect(said()).toBe(2)
  expect(guard.signal.reason).toBe('ceiling: 2 messages were said, as many as --max-messages allows')
  await vi.advanceTimersByTimeAsync(10)
  const outcomes = await Promise.all(exchanges.map(async ({ done }) => (await done).outcome))
  expect(outcomes).toEqual([answered, answered, failing('cancelled', 'not said: the run was stopped')])
})

test('tokens are counted as they end, by usage where it says more than the chunks', () => {
  const guard = new Guard({ tokens: 30 })
  guard.ended('target', hello, { outcome: answered, chunks: 9, usageTokens: 20 })
  guard.ended('target', hello, { outcome: reset, chunks: 9, usageTokens: null })
  expect([guard.counts.tokens, guard.signal.aborted]).toEqual([29, false])
  guard.ended('target', hello, { outcome: answered, chunks: 1, usageTokens: null })
  expect(guard.signal.reason).toBe('ceiling: 30 answer tokens came, as many as --max-tokens allows')
})

test('an answer that has used up the tokens is not waited for; one that ended before is no reason', async () => {
  const endless = endlessTarget(5)
  const guard = new Guard({ tokens: 5 })
  guarded(endless, guard, 'target').open().say(hello)
  await vi.advanceTimersByTimeAsync(400)
  expect(guard.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(200)
  expect(guard.signal.reason).toContain('ceiling: 5 answer tokens')
  const { say, guard: free } = counted({ answer: () => ({ first: 1 }) }, { tokens: 5 })
  say()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(free.signal.aborted).toBe(false)
})

/** A token every 100 ms, and no end. */
function endlessTarget(tokens: number): Target {
  const exchange: Exchange = {
    done: new Promise<Answer>(() => {}), firstToken: Promise.resolve(), lastReadAt: () => 0, abort: () => {},
    afterTokens: (count) => new Promise((resolve) => { setTimeout(resolve, 100 * Math.min(count, tokens)) }),
  }
  const session: Session = { warm: () => Promise.resolve(), say: () => exchange, close: () => Promise.resolve() }
  return { kind: 'openai', url: 'http://127.0.0.1:1', open: () => session }
}

test('a session beside another one is beside the target\u2019s own, not beside what the guard made of it', () => {
  const seen: (Beside | undefined)[] = []
  const plain = scriptedTarget({ clock, answer: () => ({ first: 1 }) }).target
  const own: Session[] = []
  const watched: Target = {
    ...plain,
    open: (beside) => {
      seen.push(beside)
      const session = plain.open()
      own.push(session)
      return session
    },
  }
  const target = guarded(watched, new Guard(), 'target')
  target.open({ session: target.open(), as: 'same chat' })
  expect(seen).toEqual([undefined, { session: own[0], as: 'same chat' }])
})
