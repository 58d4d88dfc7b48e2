import { expect, test } from 'vitest'
import { type Simulation, SimulatedRun } from '../../test/fixtures/simulated-run.ts'
import type { ClaimVerdict, RunResult } from './document.ts'
import { judgeRun, lookDecides } from './judge.ts'

/** As the conductor does: rounds until a look decides, or the looks are over; then the verdict. */
function measured(simulation: Simulation): RunResult {
  const run = new SimulatedRun(simulation)
  const enough = run.looks.find((rounds) => lookDecides(run.roundsUntil(rounds))) ?? run.looks.at(-1) ?? 6
  return judgeRun(run.roundsUntil(enough))
}

const starts = 'hello starts immediately'
const waits = 'hello does not wait for the story'
const grows = 'a longer story delays hello no more'

type Counts = Record<ClaimVerdict, number>

/** How often a claim of a side came out how, over as many seeds. */
function counted(seeds: number, simulation: Omit<Simulation, 'seed'>): (claim: string, side?: string) => Counts {
  const results = Array.from({ length: seeds }, (_, seed) => measured({ ...simulation, seed: seed + 1 }))
  return (claim, side = 'after') => {
    const counts: Counts = { pass: 0, warn: 0, fail: 0, inconclusive: 0, invalid: 0, skipped: 0 }
    for (const result of results) {
      const found = result.claims.find((one) => one.claim === claim && one.side === side)
      if (found !== undefined) counts[found.verdict] += 1
    }
    return counts
  }
}
const seeds = Number(process.env.SEEDS ?? 100)
const show = (name: string, c: (claim: string, side?: string) => Counts, side = 'after') => console.log(name, JSON.stringify([c(starts, side), c(waits, side), c(grows, side)].map(x => Object.fromEntries(Object.entries(x).filter(([, v]) => v)))))
const cases: [string, Omit<Simulation, 'seed'>][] = [
  ['serial', { systems: { after: { delay: 5, lanes: 1, handshake: 30 } } }],
  ['independent', { systems: { after: { delay: 5 } } }],
  ['1of4', { systems: { after: { delay: 5, lanes: 4, lanesBy: 'connection' } } }],
  ['+150', { systems: { after: { delay: 155, sigma: .05 } } }],
  ['slow 3s', { systems: { after: { delay: 3000, sigma: .2 } } }],
  ['slow serial', { systems: { after: { delay: 3000, sigma: .2, lanes: 1 } }, rate: .25 / 3, probesPerKind: 9 }],
  ['noisy', { systems: { after: { delay: 50, sigma: .3 } }, tester: { pausesPerSecond: 1 } }],
  ['noisy serial', { systems: { after: { delay: 50, sigma: .3, lanes: 1 } }, rate: 5, probesPerKind: 9, tester: { pausesPerSecond: 1 } }],
  ['burst', { systems: { after: { delay: 5, burst: 800 } } }],
  ['buffering', { systems: { after: { delay: 5, lanes: 1, buffers: true } } }],
  ['slowdown', { systems: { after: { delay: 50, slowdown: 2 } } }],
  ['overloaded', { systems: { after: { delay: 50, lanes: 1 } }, rate: 80 }],
  ['fails', { systems: { after: { delay: 50, fails: 1 } } }],
  ['fails.08', { systems: { after: { delay: 50, fails: .08 } } }],
]
for (const [name, sim] of cases) test(name, () => { const t = performance.now(); show(name, counted(seeds, sim)); console.log(((performance.now() - t) / seeds).toFixed(0)) })
for (const vary of [0, .5]) test('bound' + vary, () => { const t = performance.now(); show('bound' + vary, counted(seeds, { systems: { after: { delay: 5, stalls: .02, stallsVary: vary } } })); console.log(((performance.now() - t) / seeds).toFixed(0)) })
