import { z } from 'zod'
import { languageFile, loadScenario } from '../engine/bundle.ts'
import { type LoopBlock, RunClock } from '../engine/node/clock.ts'
import type { RunResult } from '../verdict/document.ts'
import { judgeRun } from '../verdict/judge.ts'
import { type MatrixCase, matrixCases } from './detection-matrix.ts'
import { measure } from './measure.ts'
import { rulesFor } from './rules.ts'
import { progressWriter } from './run-progress.ts'
import { scenarioFiles } from './scenario-files.ts'
import { controlWay, defectSystems } from './systems.ts'

/** Rows of one scenario's matrix that are measured together, interleaved. */
export const laneJob = z.object({ scenario: z.string(), rows: z.array(z.string()), size: z.enum(['quick', 'standard']), seed: z.number(), folder: z.string() })
export type LaneJob = z.infer<typeof laneJob>

/** One row of the detection matrix: a defect, the claims that must fail with it, and what became of every claim. */
export const matrixRow = z.object({
  scenario: z.string(),
  /** `none` on the sound side. */
  defect: z.string(),
  right: z.boolean(),
  wrong: z.array(z.string()),
  claims: z.array(z.object({ claim: z.string(), expected: z.enum(['pass', 'fail', 'either']), verdict: z.string() })),
})
export type MatrixRow = z.infer<typeof matrixRow>

/** Of one lane, ms. */
const laneBudget = 400_000

/** @throws {Error} where a process of the stack died: the rows say nothing then. */
export async function measuredRows({ scenario: name, rows, size, seed, folder }: LaneJob, left: AbortSignal): Promise<MatrixRow[]> {
  const [file = ''] = scenarioFiles([name])
  const scenario = await loadScenario(file, languageFile(), { control: true, quick: size === 'quick', set: {} })
  const cases = matrixCases(scenario.spec).filter((one) => rows.includes(one.name))
  const rules = rulesFor({ scenario: scenario.spec, size, isControl: true, knownAnswers: false })
  const startedAt = new Date()
  const blocks: { listener: ((block: LoopBlock) => void) | undefined } = { listener: undefined }
  const clock = new RunClock((block) => blocks.listener?.(block))
  const progress = progressWriter({ argv: [], environment: process.env, out: () => {}, err: (text) => { process.stderr.write(text) }, colour: false, width: undefined })
  const systems = await defectSystems(clock, cases, controlWay(scenario.spec, undefined))
  const lost = new AbortController()
  void systems.died.then((sentence) => lost.abort(`lost: ${sentence}`))
  try {
    const result = judgeRun(await measure({
      scenario, systems, seed, clock, blocks, startedAt, folder,
      // Two looks at most: the matrix has many sides, and a third look would take a quarter of an hour.
      rules: { ...rules, looks: rules.looks.slice(0, 2) },
      budget: laneBudget,
      matters: (side, claim) => cases.some((one) => one.name === side && expected(one, claim) !== 'either'),
      reproduce: `npx first-token doctor --self --scenario ${name} --seed ${seed}`,
      signal: AbortSignal.any([left, lost.signal]),
      knownAnswers: undefined,
      onProgress: (event) => progress.show(event, systems.sides, scenario.spec, clock.now()),
    }))
    if (lost.signal.aborted) throw new Error(String(lost.signal.reason))
    return cases.map((one) => rowOf(name, one, result))
  } finally {
    progress.end()
    await systems.down()
    clock.stop()
  }
}

function rowOf(scenario: string, one: MatrixCase, result: RunResult): MatrixRow {
  const claims = result.claims.filter((claim) => claim.side === one.name).map(({ claim, verdict }) => ({ claim, expected: expected(one, claim), verdict }))
  const wrong = claims.filter((claim) => claim.expected !== 'either' && claim.verdict !== claim.expected).map((claim) => `"${claim.claim}" came out ${claim.verdict}, not ${claim.expected}`)
  const missing = [...one.mustFail, ...one.mayFail].filter((sentence) => !claims.some(({ claim }) => claim === sentence)).map((sentence) => `there is no claim "${sentence}"`)
  const empty = claims.length === 0 ? ['no claim was judged'] : []
  return { scenario, defect: one.name, right: wrong.length + empty.length + missing.length === 0, wrong: [...wrong, ...empty, ...missing], claims }
}

function expected({ mustFail, mayFail }: MatrixCase, claim: string): 'pass' | 'fail' | 'either' {
  if (mustFail.includes(claim)) return 'fail'
  return mayFail.includes(claim) ? 'either' : 'pass'
}
