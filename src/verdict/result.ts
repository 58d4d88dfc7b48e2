import { z } from 'zod'
import { exitCodes } from '../errors.ts'
import type { Run, SideSpec } from '../sample/run-file.ts'
import { attribution } from '../stats/attribution.ts'
import { leastSample } from '../stats/binomial.ts'
import { rankQuantile } from '../stats/quantile.ts'
import { stalledShare } from '../stats/stall.ts'
import { ttft } from '../stats/ttft.ts'
import { sideRounds } from '../stats/windows.ts'
import { comparisons } from './compare.ts'
import { type ClaimResult, type RunResult, type RunVerdict, verdictDocument, type VerdictDocument, verdictSchema } from './document.ts'
import { judgeSide } from './judge.ts'
import { verdictSentence } from './sentence.ts'
import { findings, trusted } from './validity.ts'
import { rankOrNull } from './wording.ts'

type SideResult = RunResult['sides'][number]

/** Exit codes from the one that beats all others down: of several scenarios 1 beats 4 beats 3 beats 0. */
const worstFirst: readonly RunVerdict[] = ['fail', 'invalid', 'inconclusive', 'warn', 'pass']
const codes: Readonly<Record<RunVerdict, number>> = { pass: exitCodes.pass, warn: exitCodes.pass, fail: exitCodes.fail, inconclusive: exitCodes.inconclusive, invalid: exitCodes.invalid }

/**
 * Everything that a run file says, from the file alone: the same file gives the same result, to the byte. Judges whatever rounds there are,
 * also of a run that was interrupted; the looks are taken to be over.
 */
export function judgeRun(run: Run): RunResult {
  const { header } = run
  const validity = findings(run)
  const claims = trusted(header.sides.flatMap((side) => judgeSide(run, side)), validity)
  const verdict = worst(claims.filter(({ role }) => role === 'judged'))
  return {
    runId: header.runId, scenario: header.scenario.name, question: header.scenario.question,
    verdict, sentence: verdictSentence(header, verdict, claims, validity), exitCode: codes[verdict],
    interrupted: run.end === null || run.end.interrupted !== null,
    sides: header.sides.map((side) => sideResult(run, side, claims.filter((claim) => claim.side === side.name))),
    claims, comparisons: comparisons(run), attribution: attributions(run),
    validity: validity.map(({ name, verdict: one, detail }) => ({ name, verdict: one, detail })),
    reproduce: header.reproduce,
  }
}

/**
 * One document over the runs of all scenarios. `strict`: a `warn` exits 1, and a `skipped` claim of a judged side 3. Without any run the
 * document is inconclusive: nothing was shown.
 */
export function verdictOf(results: readonly RunResult[], { strict = false }: { readonly strict?: boolean } = {}): VerdictDocument {
  const runs = results.map((result) => ({ ...result, exitCode: strict ? strictCode(result) : codes[result.verdict] }))
  const byCode = worstFirst.map((verdict) => codes[verdict]).find((code) => runs.some(({ exitCode }) => exitCode === code))
  return {
    schema: verdictSchema,
    verdict: worstFirst.find((verdict) => runs.some((result) => result.verdict === verdict)) ?? 'inconclusive',
    exitCode: byCode ?? exitCodes.inconclusive,
    runs, statements: [],
  }
}

/** The JSON Schema of the verdict document, as published in schema/verdict.schema.json. */
export const verdictJsonSchema = (): Record<string, unknown> => ({ ...z.toJSONSchema(verdictDocument), title: 'The verdict document of first-token (--json, verdict.json)' })

function strictCode({ verdict, claims }: RunResult): number {
  const judged = claims.filter(({ role }) => role === 'judged')
  if (judged.some((claim) => claim.verdict === 'fail' || claim.verdict === 'warn')) return exitCodes.fail
  const skipped = judged.some((claim) => claim.verdict === 'skipped')
  return codes[verdict] === exitCodes.pass && skipped ? exitCodes.inconclusive : codes[verdict]
}

/** The worst of the claims that could be judged; with none of them nothing was shown. */
function worst(claims: readonly ClaimResult[]): RunVerdict {
  return worstFirst.find((verdict) => claims.some((claim) => claim.verdict === verdict)) ?? 'inconclusive'
}
