import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { concurrent, side } from '../../test/fixtures/run.ts'
import { scriptedTarget, type SeenMessage, type TargetScript } from '../../test/fixtures/scripted-target.ts'
import type { RunClock } from '../engine/node/clock.ts'
import { gentlePlan, gentleRules } from '../engine/gentle-plan.ts'
import type { Outcome } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { type Ceilings, Guard } from '../target/guarded.ts'
import type { Utterance } from '../target/target.ts'
import { judgeRun } from '../verdict/judge.ts'
import type { RunResult } from '../verdict/document.ts'
import { measure } from './measure.ts'
import { rulesFor } from './rules.ts'

let folder = ''
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  folder = mkdtempSync(path.join(tmpdir(), 'first-token-measure-'))
})
afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true, force: true })
})

const clock = { now: () => performance.now(), stampError: () => 0, origin: 0, longestBlock: () => 0 } as unknown as RunClock

interface Scripted {
  readonly sides?: Readonly<Record<string, Omit<TargetScript, 'clock'>>>
  readonly scenario?: ScenarioSpec
  readonly ceilings?: Ceilings
  readonly seed?: number
  readonly isFull?: boolean
}

interface Measured {
  readonly run: Run
  readonly result: RunResult
  readonly logs: Readonly<Record<string, readonly SeenMessage[]>>
  readonly mostInFlight: number
  readonly warmed: number
  readonly guard: Guard
}

let runs = 0

const isStory = ({ text }: Utterance): boolean => text.includes('story')

/** A story of 6 s; a hello that takes a tenth of a second. */
const usual: TargetScript['answer'] = (utterance) => ({ first: 100, lasts: isStory(utterance) ? 6_000 : 10 })

async function measured({ sides = { target: { answer: usual } }, scenario = concurrent, ceilings = {}, seed = 1, isFull = false }: Scripted): Promise<Measured> {
  const plan = gentlePlan(scenario, false)
  if (plan.kind === 'refused') throw new Error(plan.why)
  const scripted = Object.entries(sides).map(([name, script]) => [name, scriptedTarget({ ...script, clock })] as const)
  const guard = new Guard(ceilings)
  let run: Run | undefined
  const running = measure({
    scenario: { spec: scenario, hash: '' },
    systems: {
      sides: scripted.map(([name], index) => side({ name, kind: 'openai', profile: null, settings: {}, hasMock: false, role: index < scripted.length - 1 ? 'reference' : 'judged' })),
      targets: new Map(scripted.map(([name, { target }]) => [name, target])), mock: undefined, model: undefined, observers: new Map(), shapes: new Map(), knownAnswers: false, died: new Promise(() => {}), down: () => Promise.resolve(),
    },
    rules: isFull ? rulesFor({ scenario, size: 'quick', isControl: false, knownAnswers: false }) : gentleRules(plan), seed, budget: 600_000, folder: path.join(folder, String(runs += 1)), startedAt: new Date(0), reproduce: '', clock, blocks: { listener: undefined },
    signal: new AbortController().signal, guard, knownAnswers: { type: 'known-answers', attempts: 1, right: true, wrong: [], falseAlarm: false, runFile: '' }, onProgress: () => {},
  })
  void running.then((ended) => { run = ended }, () => {})
  for (let turn = 0; turn < 50_000 && run === undefined; turn += 1) await vi.advanceTimersByTimeAsync(200)
  run = await running
  return { run, result: judgeRun(run), logs: Object.fromEntries(scripted.map(([name, { log }]) => [name, log])), mostInFlight: Math.max(...scripted.map(([, { mostInFlight }]) => mostInFlight())), warmed: scripted.reduce((sum, [, { warmed }]) => sum + warmed(), 0), guard }
}

const starts = 'hello starts immediately'
const waits = 'hello does not wait for the story'
const grows = 'a longer story delays hello no more'
const whole = 'no word is lost'

const verdicts = ({ result }: Measured, name = 'target'): Record<string, string> => Object.fromEntries(result.claims.filter((claim) => claim.side === name).map(({ claim, verdict }) => [claim, verdict]))
const reason = ({ result }: Measured, sentence: string): string => result.claims.find(({ claim }) => claim === sentence)?.reason ?? ''
const completed = ({ result }: Measured): string | undefined => result.validity.find(({ name }) => name === 'completed')?.detail

const failing = (code: 'http-status' | 'reset' | 'refused', detail = ''): Outcome => ({ kind: 'failed', code, detail, afterTokens: 0 })

/** Between the starts of two messages one after another, whoever they were said to. */
function intervals(logs: Measured['logs']): number[] {
  const starts = Object.values(logs).flat().map(({ startedAt }) => startedAt).sort((one, other) => one - other)
  return starts.slice(1).map((at, index) => at - (starts[index] ?? 0))
}

test('a gentle run: at most 31 messages to a side, two in flight, a second apart, with answers of limited length', async () => {
  const said = await measured({ sides: { before: { answer: usual }, after: { answer: usual } } })
  for (const log of Object.values(said.logs)) {
    expect(log).toHaveLength(31)
    expect(log.filter(({ utterance }) => isStory(utterance)).map(({ utterance }) => utterance.maxTokens)).toEqual(Array.from({ length: 13 }, () => 400))
    expect(log.filter(({ utterance }) => !isStory(utterance)).map(({ utterance }) => utterance.maxTokens)).toEqual(Array.from({ length: 18 }, () => 16))
  }
  expect([said.mostInFlight, said.warmed]).toEqual([2, 0])
  expect(Math.min(...intervals(said.logs))).toBeGreaterThanOrEqual(1_000)
  expect(said.guard.counts.messages).toBe(62)
  expect(said.result.exitCode).toBe(0)
})

test('the sides take turns, pair by pair, in an order that the seed draws', async () => {
  const stories = async (seed: number): Promise<string> => {
    const { run } = await measured({ sides: { before: { answer: usual }, after: { answer: usual } }, seed })
    return run.messages.filter(({ part }) => part === 'blocker').sort((one, other) => one.startedAt - other.startedAt).map(({ side: name }) => name.slice(0, 1)).join('')
  }
  const order = await stories(1)
  expect(order).toHaveLength(24)
  expect(order.match(/../g)?.every((pair) => pair === 'ab' || pair === 'ba')).toBe(true)
  expect(await stories(1)).toBe(order)
  expect(await stories(2)).not.toBe(order)
})

test('a stack that answers one at a time is found, one that does not passes, and the slope tells them apart', async () => {
  const free = await measured({})
  expect(verdicts(free)).toEqual({ [starts]: 'pass', [waits]: 'pass', [grows]: 'skipped', [whole]: 'skipped' })
  expect(reason(free, starts)).toContain('p75 101 ms')
  expect(reason(free, starts)).toContain('so few messages cannot show a p95')
  expect(reason(free, waits)).toContain('so it is at most 25 %')
  expect(reason(free, grows)).toMatch(/waited 0\.00 s longer/)
  const serial = await measured({ sides: { target: { answer: usual, slots: 1 } } })
  expect(verdicts(serial)).toMatchObject({ [waits]: 'fail', [grows]: 'skipped' })
  expect(reason(serial, waits)).toContain('12 of 12 hellos stalled')
  expect(reason(serial, grows)).toMatch(/waited 1\.00 s longer/)
  expect([free.result.exitCode, serial.result.exitCode]).toEqual([0, 1])
})

test('moments are spread over the blocker, and each is early enough for a stall to show', async () => {
  const { run } = await measured({})
  const moments = run.messages.filter(({ part, phase }) => part === 'probe' && phase !== 'quiet').map((probe) => probe.dueAt - (run.messages.find(({ part, round }) => part === 'blocker' && round === probe.round)?.startedAt ?? 0))
  expect(moments).toHaveLength(12)
  expect(Math.min(...moments)).toBeGreaterThanOrEqual(1_000)
  // 0.95 × 6.1 s − twice the limit of 500 ms − 100 ms.
  expect(Math.max(...moments)).toBeLessThan(4_700)
  expect(Math.max(...moments) - Math.min(...moments)).toBeGreaterThan(2_000)
})

test('a model whose first token takes 8 s stalls nobody where it answers side by side, and is found where it does not', async () => {
  const slow: TargetScript['answer'] = (utterance, index) => ({ first: 8_000 + 50 * (index % 3), lasts: isStory(utterance) ? 6_000 : 10 })
  const free = await measured({ sides: { target: { answer: slow } } })
  expect(verdicts(free)).toMatchObject({ [waits]: 'pass', [starts]: 'fail' })
  const serial = await measured({ sides: { target: { answer: slow, slots: 1 } } })
  expect(verdicts(serial)).toMatchObject({ [waits]: 'fail' })
})

test('a story that is over before a stall could show proves nothing: neither a pass nor a fail', async () => {
  const short: TargetScript['answer'] = (utterance) => ({ first: 8_000, lasts: isStory(utterance) ? 900 : 10 })
  for (const slots of [Infinity, 1]) {
    const said = await measured({ sides: { target: { answer: short, slots } } })
    expect(verdicts(said)).toMatchObject({ [waits]: 'inconclusive' })
    expect(reason(said, waits)).toContain('was to wait for was over too soon')
    expect(said.result.exitCode).not.toBe(0)
  }
})

test('where the story has ended before its hello, no hello is said', async () => {
  const { logs, run } = await measured({ sides: { target: { answer: (utterance, index) => ({ first: 100, lasts: isStory(utterance) ? (index === 0 ? 6_000 : 500) : 10 }) } } })
  expect(logs['target']?.filter(({ utterance }) => !isStory(utterance))).toHaveLength(6)
  expect(run.phases.filter(({ phase }) => phase !== 'quiet').map(({ offered }) => offered)).toEqual(Array.from({ length: 12 }, () => 0))
})

test('a model that thinks before it speaks gets the room for it', async () => {
  const { logs, run } = await measured({ sides: { target: { answer: (utterance) => ({ first: 100, hidden: 300, lasts: isStory(utterance) ? 6_000 : 10 }) } } })
  expect(new Set(logs['target']?.map(({ utterance }) => utterance.maxTokens))).toEqual(new Set([400]))
  expect(run.messages.every(({ firstVisibleAt }) => firstVisibleAt !== null)).toBe(true)
})

test('hello alone: one that is discarded and twelve that are judged', async () => {
  const scenario: ScenarioSpec = {
    ...concurrent, name: 'alone', phases: { quiet: { say: 'hello' } }, provedBy: {},
    claims: { [starts]: { measure: 'firstVisible', message: 'hello', during: ['quiet'], statistic: 'p95', unit: 'ms', bounds: { pass: 1_000, fail: 3_000 } } },
  }
  const said = await measured({ scenario })
  expect([said.logs['target']?.length, said.mostInFlight]).toEqual([13, 1])
  expect(verdicts(said)).toEqual({ [starts]: 'pass' })
})

test.each(['503 Service Unavailable', '429 {"error":"slow down"}'])('%s in the middle stops everything at once, without another try', async (detail) => {
  const said = await measured({ sides: { target: { answer: (utterance, index) => (index === 17 ? { first: 50, outcome: failing('http-status', detail) } : usual(utterance, index)) } } })
  expect(said.logs['target']).toHaveLength(18)
  // The story that it came behind was broken off.
  expect(said.logs['target']?.every(({ endedAt }) => endedAt < Infinity)).toBe(true)
  expect(said.run.end?.interrupted).toBe(`breaker: target answered ${detail}`)
  expect(completed(said)).toContain(`stopped to spare the target: target answered ${detail}`)
  expect([said.result.verdict, said.result.exitCode]).toEqual(['invalid', 4])
})

test('three failures in a row stop it; two with an answer between them and a third do not', async () => {
  const dead = await measured({ sides: { target: { answer: (utterance, index) => (index >= 20 ? { first: 50, outcome: failing('reset', 'ECONNRESET') } : usual(utterance, index)) } } })
  expect(dead.logs['target']).toHaveLength(23)
  expect(dead.run.end?.interrupted).toBe('breaker: 3 messages to target failed in a row, the last one with reset (ECONNRESET)')
  const shaky = await measured({ sides: { target: { answer: (utterance, index) => (index > 6 && index % 3 !== 0 && !isStory(utterance) ? { first: 50, outcome: failing('reset') } : usual(utterance, index)) } } })
  expect(shaky.run.end?.interrupted).toBeNull()
})

test('what had failed before the breaker stays failed', async () => {
  const said = await measured({ sides: { target: { slots: 1, answer: (utterance, index) => (index === 30 ? { first: 50, outcome: failing('http-status', '503') } : usual(utterance, index)) } } })
  expect(said.result.validity.find(({ name }) => name === 'completed')?.verdict).toBe('invalid')
  expect(verdicts(said)).toMatchObject({ [waits]: 'fail' })
  expect(said.result.exitCode).toBe(1)
})

test('a target that takes three times as long in quiet as at first has enough', async () => {
  const tired = await measured({ sides: { target: { answer: (utterance, index) => ({ first: index > 8 ? 1_500 : 300, lasts: isStory(utterance) ? 8_000 : 10 }) } } })
  expect(tired.run.end?.interrupted).toMatch(/^breaker: target takes 1\.50 s for what took 300 ms at first, alone/)
  expect(tired.result.exitCode).toBe(4)
})

test('a ceiling ends the run, and what was measured is judged', async () => {
  const said = await measured({ sides: { target: { answer: usual, slots: 1 } }, ceilings: { messages: 25 } })
  expect(said.logs['target']).toHaveLength(25)
  expect(said.run.end?.interrupted).toBe('ceiling: 25 messages were said, as many as --max-messages allows')
  expect(said.result.validity.find(({ name }) => name === 'completed')?.verdict).toBe('note')
  expect(verdicts(said)).toMatchObject({ [waits]: 'fail' })
  expect(completed(said)).toContain('what there is was judged')
  const enough = await measured({ ceilings: { messages: 31 } })
  expect([enough.run.end?.interrupted, enough.result.exitCode]).toEqual([null, 0])
})

test('the breaker holds under full load too: a window is broken off in the middle, and nothing further is said', async () => {
  const free = await measured({ isFull: true })
  expect(free.run.end?.interrupted).toBeNull()
  const all = free.logs['target']?.length ?? 0
  const said = await measured({ isFull: true, sides: { target: { answer: (utterance, index) => (index === all - 100 ? { first: 50, outcome: failing('http-status', '503') } : usual(utterance, index)) } } })
  expect(said.run.end?.interrupted).toBe('breaker: target answered 503')
  expect(said.logs['target']?.length).toBeLessThan(all - 100 + 20)
  expect(said.logs['target']?.every(({ endedAt }) => endedAt < Infinity)).toBe(true)
  expect(said.result.exitCode).toBe(4)
})

test('a target that refuses the very first message leaves nothing to judge, and exit 4', async () => {
  const said = await measured({ sides: { target: { answer: () => ({ first: 50, outcome: failing('http-status', '503') }) } } })
  expect(said.logs['target']).toHaveLength(1)
  expect([said.result.verdict, said.result.exitCode]).toEqual(['invalid', 4])
  expect(said.result.sentence).toContain('target answered 503')
})

test('the report says what a gentle run asks less of, and which phases it left out', async () => {
  const crowd: ScenarioSpec = { ...concurrent, phases: { ...concurrent.phases, crowd: { together: ['hello'], copies: [8], repeat: 3 } } }
  const said = await measured({ scenario: crowd })
  const load = said.result.validity.find(({ name }) => name === 'load')
  expect(load).toMatchObject({ verdict: 'note', detail: expect.stringContaining('shares of 25 % and percentiles up to p75') })
  expect(load?.detail).toContain('not said: phase "crowd", which says up to 8 at once')
})
