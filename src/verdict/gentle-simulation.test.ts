import { expect, test } from 'vitest'
import { blocker, message, run } from '../../test/fixtures/run.ts'
import { plannedBlocker } from '../engine/gentle-plan.ts'
import { seeded } from '../engine/plan.ts'
import type { MessageRecord } from '../sample/message.ts'
import { gentleLimit } from '../stats/gentle-stall.ts'
import { median } from '../stats/quantile.ts'
import { judgeRun } from './judge.ts'

/**
 * Whole gentle runs of simulated systems, judged by the judge that is shipped: how often does a sound one fail, a blocked one pass? Every draw comes from the
 * seed, so the counts are the same on every machine.
 */
const seeds = 200

const starts = 'hello starts immediately'
const waits = 'hello does not wait for the story'

interface System {
  /** Median time to the first token, ms, and the sigma of its lognormal noise. */
  readonly delay: number
  readonly sigma?: number
  readonly isSerial?: boolean
  /** Share of the hellos behind a story that come 1.5 s and a limit later. */
  readonly stalls?: number
  /** How long the stories of a model are told that nobody plans, ms; undefined: our mock's. */
  readonly stories?: number
  /** Share of all answers that come later, as on any machine, by a median of 120 ms. */
  readonly ambient?: number
}

function simulated({ delay, sigma = 0.25, isSerial = false, stalls = 0, stories, ambient = 0.02 }: System, seed: number): Record<string, string> {
  const random = seeded(seed * 7919)
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const time = (drift: number): number => delay * drift * Math.exp(sigma * normal()) + (random() < ambient ? 120 * Math.exp(0.6 * normal()) : 0)
  const messages: MessageRecord[] = []
  const quiet: number[] = []
  for (let round = 1, at = 0; round <= 12; round += 1, at += 200_000) {
    const drift = Math.exp(0.08 * normal())
    for (let count = round === 1 ? 4 : round === 5 || round === 9 ? 1 : 0; count > 0; count -= 1) {
      const ttft = time(drift)
      quiet.push(ttft)
      messages.push(message({ round, dueAt: at + 30_000 * (4 - count), ttft }))
    }
    const limit = 2 * gentleLimit({ stallFloor: 500, stallLimitFixed: false }, quiet)
    const phase = round % 2 === 1 ? 'behindStory' : 'behindSaga'
    const saidAt = at + 130_000
    const told = blocker({ round, phase, dueAt: saidAt, ttft: time(drift), lasts: stories === undefined ? plannedBlocker(1_200, limit) : stories * Math.exp(0.1 * normal()) })
    const latest = told.endedAt - saidAt - limit - (median(quiet) ?? 0) - 50
    const dueAt = saidAt + 1_000 + random() * Math.max(0, latest - 1_000)
    const own = time(drift) + (random() < stalls ? 1_500 + limit : 0)
    messages.push(told)
    if (dueAt < told.endedAt) messages.push(message({ round, phase, dueAt, ttft: isSerial ? Math.max(0, told.endedAt - dueAt) + own : own }))
  }
  const { claims } = judgeRun(run({ messages, rules: { load: 'gentle', looks: [12], alpha: 0.05 } }))
  return Object.fromEntries(claims.map(({ claim, verdict }) => [claim, verdict]))
}

/** How often the claim came out how. */
function counts(system: System, claim: string): Readonly<Record<string, number>> {
  const found: Record<string, number> = {}
  for (let seed = 1; seed <= seeds; seed += 1) {
    const verdict = simulated(system, seed)[claim] ?? ''
    found[verdict] = (found[verdict] ?? 0) + 1
  }
  return found
}

const usual: readonly System[] = [{ delay: 20 }, { delay: 300 }, { delay: 300, stories: 8_000 }]
/** Twelve pairs decide less often here, and err no more. */
const slow: readonly System[] = [{ delay: 1_000, sigma: 0.4 }, { delay: 8_000, sigma: 0.1 }, { delay: 8_000, sigma: 0.3 }]

test.each(usual)('a free system passes in 98 of 100 runs and never fails, a serial one always fails: %j', (system) => {
  const free = counts(system, waits)
  expect(free['fail'] ?? 0).toBe(0)
  expect(free['pass'] ?? 0).toBeGreaterThanOrEqual(0.98 * seeds)
  expect(counts(system, starts)).toEqual({ pass: seeds })
  expect(counts({ ...system, isSerial: true }, waits)).toEqual({ fail: seeds })
})

test.each(slow)('a slow model is not taken for a blocked one, nor a blocked one for a slow one: %j', (system) => {
  const free = counts(system, waits)
  expect(free['fail'] ?? 0).toBe(0)
  expect(free['pass'] ?? 0).toBeGreaterThanOrEqual(0.7 * seeds)
  const serial = counts({ ...system, isSerial: true }, waits)
  expect(serial['pass'] ?? 0).toBe(0)
  expect(serial['fail'] ?? 0).toBeGreaterThanOrEqual(0.95 * seeds)
})

test.each([{ delay: 300 }, { delay: 8_000, sigma: 0.1 }])('where 25 in 100 wait, at most 5 % pass and 5 % fail: %j', (system) => {
  const found = counts({ ...system, stalls: 0.25 }, waits)
  expect(found['pass'] ?? 0).toBeLessThanOrEqual(0.05 * seeds)
  expect(found['fail'] ?? 0).toBeLessThanOrEqual(0.05 * seeds)
})

test.each([...usual, ...slow])('stories of a second pass nobody, and fail nobody who is free: %j', (system) => {
  expect(counts({ ...system, stories: 900 }, waits)).toEqual({ inconclusive: seeds })
  expect(counts({ ...system, stories: 900, isSerial: true }, waits)['pass'] ?? 0).toBe(0)
})
