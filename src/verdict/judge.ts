import { z } from 'zod'
import { exitCodes } from '../errors.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { Run, SideSpec } from '../sample/run-file.ts'
import { attribution } from '../stats/attribution.ts'
import { leastSample } from '../stats/binomial.ts'
import { isGentle } from '../stats/gentle-phases.ts'
import { rankQuantile } from '../stats/quantile.ts'
import { endedAsAsked, meantWhole, said } from '../stats/said.ts'
import { slowLooks } from '../stats/slow-looks.ts'
import { stallLimit } from '../stats/stall.ts'
import { ttft } from '../stats/ttft.ts'
import { sideRounds, windowPhase } from '../stats/windows.ts'
import { comparisons } from './compare.ts'
import { type Attribution, type ClaimResult, type Comparison, type LeftOut, type RunResult, type RunVerdict, type Screenshot, verdictDocument, type VerdictDocument, verdictSchema } from './document.ts'
import { judgeSide } from './claims.ts'
import type { Finding } from './finding.ts'
import { verdictSentence } from './sentence.ts'
import { statementsOf } from './statements.ts'
import { findings, trusted } from './validity.ts'
import { rankOrNull } from './wording.ts'

export { lookDecides } from './claims.ts'
export { raisesFalseAlarm, wrongAnswers } from './validity.ts'

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
  const evidence = header.sides.flatMap((side) => judgeSide(run, side))
  const validity = findings(run, evidence)
  const claims = trusted(evidence, validity)
  const verdict = worst(claims.filter(({ role }) => role === 'judged'))
  const rounds = header.sides.filter(({ role }) => role === 'judged').reduce((sum, { name }) => sum + sideRounds(run, name).length, 0)
  return {
    runId: header.runId, scenario: header.scenario.name, question: header.scenario.question,
    verdict, sentence: verdictSentence({ header, verdict, claims, validity, rounds }), exitCode: codes[verdict],
    interrupted: run.end === null || run.end.interrupted !== null,
    sides: header.sides.map((side) => sideResult(run, side, claims.filter((claim) => claim.side === side.name))),
    claims, comparisons: comparisons(run).map((comparison) => believed(comparison, validity)), attribution: attributions(run),
    ...screenshots(run),
    validity: validity.map(({ name, verdict: one, detail }) => ({ name, verdict: one, detail })),
    reproduce: header.reproduce,
  }
}

/**
 * One document over the runs of all scenarios. `strict`: a `warn` exits 1, and a `skipped` claim of a judged side 3. Without any run the
 * document is inconclusive: nothing was shown.
 */
export function verdictOf(results: readonly RunResult[], { strict = false, leftOut = [] }: { readonly strict?: boolean; readonly leftOut?: readonly LeftOut[] } = {}): VerdictDocument {
  const runs = results.map((result) => ({ ...result, exitCode: strict ? strictCode(result) : codes[result.verdict] }))
  const byCode = worstFirst.map((verdict) => codes[verdict]).find((code) => runs.some(({ exitCode }) => exitCode === code))
  return {
    schema: verdictSchema,
    verdict: worstFirst.find((verdict) => runs.some((result) => result.verdict === verdict)) ?? 'inconclusive',
    exitCode: strict && leftOut.length > 0 && byCode === exitCodes.pass ? exitCodes.inconclusive : byCode ?? exitCodes.inconclusive,
    runs, leftOut: [...leftOut], statements: statementsOf(runs),
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

/** A comparison that rests on a measurement that cannot be trusted, or has not proved itself, is shown, and says nothing. */
function believed(comparison: Comparison, found: readonly Finding[]): Comparison {
  const doubt = found.find(({ effect, side }) => effect !== 'none' && (side === undefined || side === comparison.beforeSide || side === comparison.afterSide))
  return doubt === undefined ? comparison : { ...comparison, verdict: 'unjudged', reason: doubt.detail }
}

/** The worst of the claims that could be judged; with none of them nothing was shown. */
function worst(claims: readonly ClaimResult[]): RunVerdict {
  return worstFirst.find((verdict) => claims.some((claim) => claim.verdict === verdict)) ?? 'inconclusive'
}

function sideResult(run: Run, side: SideSpec, claims: readonly ClaimResult[]): SideResult {
  const { scenario, rules } = run.header
  const rounds = sideRounds(run, side.name)
  const messages = said(run, side.name).map(({ message }) => message).filter((message) => !endedAsAsked(run, message))
  // Where the scenario has no windows, the plan of one was for nobody.
  const plan = Object.keys(scenario.phases).some((phase) => windowPhase(run, phase) !== undefined) ? run.plans.findLast((entry) => entry.side === side.name) : undefined
  const stalled = Object.values(scenario.claims).find((claim) => claim.measure === 'stalledShare')
  return {
    name: side.name, role: side.role, kind: side.kind, profile: side.profile, settings: { ...side.settings },
    verdict: worst(claims), rounds: rounds.length, rate: plan?.rate ?? null, probesPerWindow: plan === undefined || isGentle(run) ? null : 2 * plan.probesPerKind,
    stallLimit: stalled === undefined ? null : rankOrNull(stallLimit(run, side.name, stalled, 'measured')),
    completed: messages.filter(({ outcome }) => outcome.kind === 'answered').length,
    failed: messages.filter(({ outcome }) => outcome.kind === 'failed').length,
    failures: failuresByCode(messages),
    ttft_ms: percentiles(timedMessages(run, side.name).map(ttft), rules.alpha),
  }
}

/** Absent where no page was seen. */
function screenshots({ messages }: Run): Pick<RunResult, 'screenshots'> | undefined {
  const taken = messages.flatMap(({ side, phase, label, outcome, screenshot }): Screenshot[] => (screenshot === undefined ? [] : [{
    side, phase, label, file: screenshot, outcome: outcome.kind === 'answered' ? 'answered' : `${outcome.code}: ${outcome.detail}`,
  }]))
  return taken.length === 0 ? undefined : { screenshots: taken }
}

function failuresByCode(said: readonly MessageRecord[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of said) if (outcome.kind === 'failed') counts[outcome.code] = (counts[outcome.code] ?? 0) + 1
  return Object.fromEntries(Object.entries(counts).sort(([one], [other]) => (one < other ? -1 : 1)))
}

/** The probes of a side, quiet and loaded; where none were said, those of its messages that were meant to be answered whole. */
function timedMessages(run: Run, side: string): MessageRecord[] {
  const kept = said(run, side).filter(({ record }) => record.kept)
  const probes = kept.filter(({ message }) => message.part === 'probe')
  return (probes.length > 0 ? probes : meantWhole(run, kept).filter(({ message }) => message.part === 'user')).map(({ message }) => message)
}

/** Null where the sample is too small for that percentile, or where it is +∞. */
function percentiles(times: readonly number[], alpha: number): SideResult['ttft_ms'] {
  const at = (quantile: number, late: number): number | null =>
    times.length < leastSample(late, alpha) ? null : rankOrNull(rankQuantile(times, quantile) ?? Infinity)
  return { p50: at(0.5, 0.5), p90: at(0.9, 0.1), p95: at(0.95, 0.05), p99: at(0.99, 0.01) }
}

function attributions(run: Run): Attribution[] {
  return run.header.sides.flatMap((side) => attribution(run, side).map((entry) => {
    const looks = slowLooks(run, side.name, entry.phase)
    return { side: side.name, ...entry, stalledBy: { ...entry.stalledBy }, ...(looks.length === 0 ? {} : { slowLooks: looks }) }
  }))
}
