import { z } from 'zod'

/** Raised when a consumer of older documents would misread a newer one. */
export const verdictSchema = 1

export const runVerdicts = ['pass', 'warn', 'fail', 'inconclusive', 'invalid'] as const
const runVerdict = z.enum(runVerdicts)
export type RunVerdict = z.infer<typeof runVerdict>
const claimVerdict = z.enum([...runVerdicts, 'skipped'])
export type ClaimVerdict = z.infer<typeof claimVerdict>
const comparisonVerdict = z.enum(['improved', 'pass', 'fail', 'inconclusive', 'unjudged'])
export type ComparisonVerdict = z.infer<typeof comparisonVerdict>

const unit = z.enum(['ms', 'share', 'ratio', 'count'])
export type Unit = z.infer<typeof unit>

/** A number that may be +∞ (no first token ever came): null in JSON, with `censored` saying how many. */
const rank = z.number().nullable()

/** One claim on one side. `value`, `low` and `high` are in `unit`. */
const claimResult = z.object({
  /** `side/claim-in-kebab-case`. */
  id: z.string(),
  /** The sentence of the scenario. */
  claim: z.string(),
  side: z.string(),
  /** `judged` claims gate. */
  role: z.enum(['judged', 'reference']),
  metric: z.string(),
  statistic: z.string(),
  value: rank,
  low: rank,
  high: rank,
  /** How far the tester itself may have moved `value`, in `unit`. */
  measurementError: z.number().nullable(),
  unit,
  /** With `atLeast` it is the larger values that pass; `own` where the user set a bound himself. */
  bounds: z.object({ pass: z.number(), fail: z.number(), atLeast: z.literal(true).exactOptional(), own: z.literal(true).exactOptional() }),
  n: z.number(),
  /** Of n, those that never had what was waited for: a first token, an error. */
  censored: z.number(),
  verdict: claimVerdict,
  /** The sentence that states the evidence, both directions, with its n. */
  reason: z.string(),
  /** The formula of the measure, a line. */
  formula: z.string(),
})
export type ClaimResult = z.infer<typeof claimResult>

/** The same measure on two sides. `change` is after − before for shares and ratios, after/before − 1 for times; low and high are its interval. */
const comparison = z.object({
  metric: z.string(),
  statistic: z.string(),
  unit,
  beforeSide: z.string(),
  afterSide: z.string(),
  before: rank,
  after: rank,
  change: rank,
  changeUnit: z.enum(['relative', 'absolute']),
  low: rank,
  high: rank,
  verdict: comparisonVerdict,
  reason: z.string(),
})
export type Comparison = z.infer<typeof comparison>

const part = z.object({ p50: z.number(), p95: z.number() })
/** Where the time to first token of the probes of one side and phase went. Times in ms. */
const attribution = z.object({
  side: z.string(),
  phase: z.string(),
  n: z.number(),
  /** Null where it was measured; else why it was not. */
  skipped: z.string().nullable(),
  parts: z.object({ tester: part, beforeModel: part, connecting: part, model: part, afterModel: part }).nullable(),
  /** How many stalled probes each layer is to blame for: the part that grew most over its quiet median. */
  stalledBy: z.object({ tester: z.number(), beforeModel: z.number(), model: z.number(), afterModel: z.number(), unknown: z.number() }),
  /** Of those of `stalledBy.model` that the model began (`begun`), how many it began only when an answer that it had been asked for before had ended (`queued`). */
  modelQueue: z.object({ queued: z.number(), begun: z.number() }).exactOptional(),
  /** Of the stalled probes during which /health, the database or the model itself was looked at (`seen`), how many saw it held up as well, for half of their wait or more (`slow`). */
  slowLooks: z.array(z.object({ what: z.enum(['health', 'database', 'model']), slow: z.number(), seen: z.number() })).exactOptional(),
})
export type Attribution = z.infer<typeof attribution>

const check = z.object({
  /** `calibration`, `delivered`, `connections`, `overload`, `known-answers`, `drain`, `clock`, `rounds`, `container`, `load`, `completed`. */
  name: z.string(),
  verdict: z.enum(['ok', 'note', 'invalid']),
  /** Names the number and, where it is bad, the remedy. */
  detail: z.string(),
})
export type Check = z.infer<typeof check>

/** An earlier run of the same scenario that this one was set beside. */
const comparedWith = z.object({
  runId: z.string(),
  /** Its side that is `beforeSide` of the comparisons. */
  label: z.string(),
  startedAtUtc: z.string(),
  /** What differs between the two, so that nothing was compared, a sentence each; empty where the comparisons are of the two runs. */
  refused: z.array(z.string()),
  /** The command that tells time and change apart; null where nothing was compared, or there is no target that could take turns. */
  next: z.string().nullable(),
})
export type ComparedWith = z.infer<typeof comparedWith>

/** What a page showed as a message ended. */
const screenshot = z.object({
  side: z.string(),
  phase: z.string(),
  label: z.string(),
  /** `answered`, or the code of the failure and what the page said. */
  outcome: z.string(),
  file: z.string(),
})
export type Screenshot = z.infer<typeof screenshot>

const runResult = z.object({
  runId: z.string(),
  scenario: z.string(),
  question: z.string(),
  verdict: runVerdict,
  /** The verdict in a sentence: what a person reads first. */
  sentence: z.string(),
  exitCode: z.number(),
  interrupted: z.boolean(),
  sides: z.array(z.object({
    name: z.string(),
    role: z.enum(['judged', 'reference']),
    kind: z.string(),
    profile: z.string().nullable(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    /** The worst claim of the side. */
    verdict: runVerdict,
    rounds: z.number(),
    rate: z.number().nullable(),
    probesPerWindow: z.number().nullable(),
    /** ms; null where no quiet probe answered. */
    stallLimit: z.number().nullable(),
    completed: z.number(),
    failed: z.number(),
    failures: z.record(z.string(), z.number()),
    /** Named as vLLM's bench names them; null where a percentile has too few samples or is +∞. */
    ttft_ms: z.object({ p50: rank, p90: rank, p95: rank, p99: rank }),
  })),
  claims: z.array(claimResult),
  comparisons: z.array(comparison),
  /** Absent where no other run was asked for. */
  comparedWith: comparedWith.exactOptional(),
  attribution: z.array(attribution),
  validity: z.array(check),
  /** Pictures of the page, where a browser was the target: files beside the run file. */
  screenshots: z.array(screenshot).exactOptional(),
  reproduce: z.string(),
})
export type RunResult = z.infer<typeof runResult>

/** A scenario that says nothing about the systems asked for: what it needs is not there. */
const leftOut = z.object({ scenario: z.string(), reason: z.string() })
export type LeftOut = z.infer<typeof leftOut>

/** Something that was said of a stack, and what a run came to say of it. */
const statementResult = z.object({
  /** In the words of those who said it. */
  statement: z.string(),
  scenario: z.string(),
  finding: z.enum(['supported', 'not supported', 'undecided']),
  /** What each side showed, with its n. */
  evidence: z.string(),
  /** What holds instead where it is not supported; what to know where it is, and the change does not cure it; else null. */
  instead: z.string().nullable(),
})
export type StatementResult = z.infer<typeof statementResult>

/** The document that `--json` prints and `verdict.json` holds. */
export const verdictDocument = z.object({
  schema: z.literal(verdictSchema),
  verdict: runVerdict,
  exitCode: z.number(),
  runs: z.array(runResult),
  /** Scenarios that were asked for and not run, with the reason. They gate nothing, except under --strict. */
  leftOut: z.array(leftOut),
  /** What the operators' statements came to; filled where a scenario tests one. */
  statements: z.array(statementResult),
})
export type VerdictDocument = z.infer<typeof verdictDocument>
