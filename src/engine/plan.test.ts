import { readdirSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isWindow, type LookClaim, type ScenarioSpec } from '../scenario/spec.ts'
import { leastSample } from '../stats/binomial.ts'
import { languageFile, loadScenario } from './bundle.ts'
import { blockerDurations, expectedCost, longestDelivery, mockAnswer, phaseOrder, probesIn, seeded, serviceTime, sideOrder, type SizeRequest, type Sizes, sizes, repeats, wantedTokens } from './plan.ts'

const blockers = { story: 1_200, saga: 3_600 }
const parallel = { aloneTime: 5, togetherTime: 30, together: 32 }
const request: SizeRequest = { measured: parallel, role: 'judged', size: 'standard', isControl: true, stallLimit: 500, blockers }

test('S is what each further message costs: the service time of a serial stack, about nothing on a parallel one', () => {
  expect(serviceTime({ aloneTime: 304, togetherTime: 428, together: 32 })).toBeCloseTo(4)
  expect(serviceTime({ aloneTime: 5, togetherTime: 5, together: 32 })).toBe(0)
  expect(serviceTime({ aloneTime: 9, togetherTime: 5, together: 32 })).toBe(0)
})

test('a parallel control side gets the whole window', () => {
  const planned = sizes(request)
  expect(planned).toMatchObject({ rate: 80, probesPerKind: 24, windowTime: 600 })
  expect(planned.blockers['story']).toBeGreaterThanOrEqual(1_200)
  expect(planned.blockers['story']).toBeLessThan(1_300)
})

test('quick is faster, smaller, and a third as long', () => {
  expect(sizes({ ...request, size: 'quick', stallLimit: 150 })).toMatchObject({ rate: 120, probesPerKind: 16, blockers: { story: expect.closeTo(464, -1) } })
})

test('the rate is a quarter of what a serial stack could serve, and the blockers grow with the window', () => {
  const slow = sizes({ ...request, measured: { aloneTime: 32, togetherTime: 32 * 32, together: 32 } })
  expect(slow.rate).toBeCloseTo(250 / 32, 1)
  expect(slow.probesPerKind).toBe(9)
  expect(slow.blockers['story']).toBeGreaterThan(2_500)
})

test('a reference gets fewer probes instead of longer blockers, and never fewer than two', () => {
  const serial = { aloneTime: 304, togetherTime: 304 + 31 * 4, together: 32 }
  const planned = sizes({ ...request, measured: serial, role: 'reference' })
  expect(planned.blockers['story']).toBeLessThan(1_260)
  expect(planned.probesPerKind).toBeGreaterThanOrEqual(2)
  expect(planned.probesPerKind).toBeLessThan(24)
  expect(sizes({ ...request, measured: { aloneTime: 3_000, togetherTime: 24_000, together: 8 }, role: 'reference' }).probesPerKind).toBe(2)
})

test('the long blocker stays as many times the short one as the scenario says', () => {
  fc.assert(fc.property(fc.double({ min: 1, max: 5_000, noNaN: true }), fc.double({ min: 0, max: 2_000, noNaN: true }), fc.constantFrom('judged', 'reference'), fc.constantFrom('quick', 'standard'), fc.boolean(), (aloneTime, service, role, size, isControl) => {
    const planned = sizes({ ...request, role, size, isControl, stallLimit: size === 'quick' ? 150 : 500, measured: { aloneTime, togetherTime: aloneTime + 31 * service, together: 32 } })
    const { story = 0, saga = 0 } = planned.blockers
    expect(saga / story).toBeCloseTo(3, 1)
    const lastDue = planned.windowTime - planned.windowTime / (2 * planned.probesPerKind)
    const limit = size === 'quick' ? 150 : 500
    expect(story).toBeGreaterThanOrEqual(2.4 * limit - 1)
    expect(lastDue + aloneTime + limit).toBeLessThanOrEqual(story)
    expect(planned.rate).toBeLessThanOrEqual(size === 'quick' ? 120 : 80)
    if (service > 0) expect(planned.rate * service).toBeLessThanOrEqual(250.001)
  }))
})

test('on a stack that is not ours a blocker lasts at least two seconds, quick or not', () => {
  expect(sizes({ ...request, isControl: false, size: 'quick' }).blockers['story']).toBeGreaterThanOrEqual(2_000)
})

test('an answer that has to last has enough tokens to last', () => {
  const scenario = { messages: { story: { text: 's', mock: { lasts: 1_200, firstTokenAfter: 2, gap: 20 } }, hello: { text: 'h', mock: { tokens: 4, firstTokenAfter: 2, gap: 10 } } } } as unknown as ScenarioSpec
  const stretched = mockAnswer(scenario, 'story', 1_500)
  expect((stretched.tokens - 1) * stretched.gap).toBeGreaterThanOrEqual(1_500)
  expect(mockAnswer(scenario, 'hello', undefined)).toEqual({ tokens: 4, firstTokenAfter: 2, gap: 10 })
})

test('a model that tells so many tokens a second is asked for as many as last as long; what has a number of tokens keeps it', () => {
  const scenario = { messages: { story: { text: 's', mock: { lasts: 1_200, firstTokenAfter: 2, gap: 20 } }, hello: { text: 'h', mock: { tokens: 4, firstTokenAfter: 2, gap: 10 } } } } as unknown as ScenarioSpec
  expect(wantedTokens(scenario, 'story', 2_000, 300)).toBe(601)
  expect(wantedTokens(scenario, 'story', undefined, 300)).toBe(361)
  expect(wantedTokens(scenario, 'hello', undefined, 300)).toBe(4)
})

const folder = path.join(import.meta.dirname, '../../scenarios')
const shipped = readdirSync(folder).filter((file) => file.endsWith('.ts'))

test('there are shipped scenarios to be planned', () => {
  expect(shipped).toContain('concurrent.ts')
})

/** Of a label, in the rounds before the first look. */
function plannedMessages(spec: ScenarioSpec, name: string, label: string, planned: Pick<Sizes, 'probesPerKind'>, quick: boolean): number {
  const phase = spec.phases[name]
  if (phase === undefined) return 0
  if (isWindow(phase)) return 6 * ((phase.say === label ? 2 * probesIn(phase, planned) : 0) + (phase.while?.say === label ? phase.while.copies : 0))
  return Math.min(6, repeats(phase, quick)) * phase.copies.reduce((sum, copies) => sum + copies, 0)
}

/** In phases that are windows, in the rounds before the first look at the evidence: a phase lasts at least as long as its blocker. Of batches nobody knows. */
function plannedLooks(spec: ScenarioSpec, { measure, during = Object.keys(spec.phases) }: LookClaim, { blockers: lasting, windowTime }: Pick<Sizes, 'blockers' | 'windowTime'>): number {
  const every = spec.observe?.[measure === 'healthTime' ? 'health' : 'database'] ?? Infinity
  return during.reduce((sum, name) => {
    const phase = spec.phases[name]
    return phase === undefined || !isWindow(phase) ? sum : sum + 6 * Math.floor(Math.max(windowTime, lasting[phase.while?.say ?? ''] ?? 0) / every)
  }, 0)
}

for (const file of shipped) {
  for (const { size, isControl } of [{ size: 'standard', isControl: true }, { size: 'quick', isControl: true }, { size: 'standard', isControl: false }] as const) {
    test(`${file} at ${size} size${isControl ? '' : ', elsewhere,'} plans enough for each of its claims, on the fastest stack and on the slowest that is judged`, async () => {
      const { spec } = await loadScenario(path.join(folder, file), languageFile(), { control: isControl, quick: size === 'quick', set: {} })
      const alpha = size === 'quick' ? 0.05 : 0.02
      for (const measured of [parallel, { aloneTime: 300, togetherTime: 300 + 31 * 60, together: 32 }]) {
        const planned = sizes({ ...request, size, isControl, measured, blockers: blockerDurations(spec), stallLimit: size === 'quick' ? 150 : 500 })
        for (const claim of Object.values(spec.claims)) {
          if ((claim.measure === 'healthTime' || claim.measure === 'databaseTime') && claim.during !== undefined) expect(plannedLooks(spec, claim, planned)).toBeGreaterThanOrEqual(leastSample(1 - Number(claim.statistic.slice(1)) / 100, alpha))
          if (!('during' in claim) || !('message' in claim) || claim.measure === 'effectiveConcurrency') continue
          const share = claim.measure === 'stalledShare' ? claim.bounds.pass : 1 - Number(claim.statistic.slice(1)) / 100
          const said = claim.during.map((phase) => plannedMessages(spec, phase, claim.message, planned, size === 'quick'))
          expect(said.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(leastSample(share, alpha))
        }
      }
    })
  }
}

test('the cost that is announced counts every message of every round', () => {
  const spec = { messages: { hello: { text: 'h', mock: { tokens: 1, firstTokenAfter: 2, gap: 20 } }, story: { text: 's', mock: { lasts: 1_200, firstTokenAfter: 2, gap: 20 } } }, phases: { quiet: { say: 'hello' }, loaded: { say: 'hello', while: { say: 'story', copies: 2 } } } } as unknown as ScenarioSpec
  const cost = expectedCost(spec, [{ probesPerKind: 24, windowTime: 600, blockers: { story: 1_200 } }], 6)
  expect(cost.messages).toBe(6 * (48 + 48 + 2))
  expect(cost.tokens).toBe(6 * (48 + 48 + 2 * 61))
  expect(expectedCost(spec, [{ probesPerKind: 24, windowTime: 600, blockers: { story: 1_200 }, tokensPerSecond: 400 }], 6).tokens).toBe(6 * (48 + 48 + 2 * 481))
})

test('the order of sides comes from the seed alone, and puts each side first about half the time', () => {
  const orders = (seed: number): string[] => { const random = seeded(seed); return Array.from({ length: 200 }, () => sideOrder(['before', 'after'], random).join()) }
  expect(orders(7)).toEqual(orders(7))
  expect(orders(7)).not.toEqual(orders(8))
  expect(orders(7).filter((order) => order === 'before,after').length).toBeGreaterThan(70)
  expect(orders(7).filter((order) => order === 'before,after').length).toBeLessThan(130)
})

test('the quiet phase comes first, wherever the scenario wrote it', () => {
  expect(phaseOrder({ phases: { loaded: { say: 'hello', while: { say: 'story', copies: 1 } }, quiet: { say: 'hello' } } } as unknown as ScenarioSpec)).toEqual(['quiet', 'loaded'])
})

test('a probe is delivered within half an interval, half the stall limit or 50 ms, whichever is longest', () => {
  expect([longestDelivery(80, 60), longestDelivery(2, 60), longestDelivery(80, 500)]).toEqual([50, 250, 250])
})
