import { test } from 'vitest'
import { concurrent } from '../../test/fixtures/run.ts'
import { SimulatedRun } from '../../test/fixtures/simulated-run.ts'
import { judgeSide, lookDecides } from './claims.ts'
const waits = 'hello does not wait for the story'
test.each([0, .25, .5, 1])('x %s', (stallsVary) => {
  const c: Record<string, number> = {}
  for (let seed = 1; seed <= 400; seed++) {
    const s = new SimulatedRun({ seed, systems: { after: { delay: 5, stalls: .02, stallsVary } }, header: { scenario: { ...concurrent, claims: { [waits]: concurrent.claims[waits]! } } } })
    const at = s.looks.find((r) => lookDecides(s.roundsUntil(r))) ?? 24
    const run = s.roundsUntil(at)
    const v = judgeSide(run, run.header.sides[0]!)[0]!.verdict
    c[`${v}@${v === 'inconclusive' ? '' : at}`] = (c[`${v}@${v === 'inconclusive' ? '' : at}`] ?? 0) + 1
  }
  console.log(stallsVary, c)
}, 200000)
