import { z } from 'zod'
import { messageRecord, type MessageRecord } from './message.ts'
import { scenarioSpec, setting } from './scenario-spec.ts'

/** Raised whenever a reader of older files would misunderstand a newer one. */
export const runFileSchema = 1

const instant = z.number()
const sideSpec = z.object({
  name: z.string(),
  /** `judged` sides decide the exit code, `reference` sides are reported. */
  role: z.enum(['judged', 'reference']),
  kind: z.enum(['control', 'openai', 'open-webui', 'ollama', 'open-webui-socket', 'browser']),
  url: z.string(),
  model: z.string(),
  profile: z.string().nullable(),
  /** The settings in force, as the side itself reports them. */
  settings: z.record(z.string(), setting),
  /** What `--defect` changed. Empty on an unaltered side. */
  defects: z.record(z.string(), setting),
  /** Whether our mock model is behind it: attribution and integrity need it. */
  hasMock: z.boolean(),
  /** Whether a real model is behind it with a relay of ours before that, whose journal attribution needs as well; nobody numbers its words. */
  hasRelay: z.literal(true).exactOptional(),
  /** Of a model that tells exactly as many tokens as it is asked for: how many a second, when it has nothing else to do. Absent where answers have lengths of their own. */
  tokensPerSecond: z.number().positive().exactOptional(),
  /** Of a control gateway: it was spoken to as Open WebUI's page does. */
  via: z.literal('socket').exactOptional(),
  /** What can be looked at beside its messages; absent in older files. */
  observes: z.array(z.enum(['health', 'database', 'model'])).readonly().exactOptional(),
})
export type SideSpec = z.infer<typeof sideSpec>

/** How the evidence is weighed: fixed when the run begins, so that a verdict can be recomputed from the file alone. */
const rules = z.object({
  size: z.enum(['quick', 'standard']),
  /** Round counts after which the evidence is looked at. */
  looks: z.array(z.number()),
  /** One-sided error of each look: 0.02, or 0.05 where there is one look. */
  alpha: z.number(),
  /** Least stall limit in ms: 500; 150 on the quick control stack; or what --stall-limit says. */
  stallFloor: z.number(),
  /** Whether --stall-limit fixed the limit: then no multiple of the quiet spread is taken. */
  stallLimitFixed: z.boolean(),
  /** Whether every side is an unaltered side of the control stack, whose answers are known. */
  knownAnswers: z.boolean(),
  /**
   * `gentle`: one message at a time and pairs of a story and a hello instead of windows (MEASURING §3). `pages`: the same in pages of a browser, and of batches as many
   * at once as there are pages. Absent in a full run.
   */
  load: z.enum(['gentle', 'pages']).exactOptional(),
})
export type Rules = z.infer<typeof rules>

const runRecord = z.object({
  type: z.literal('run'),
  schema: z.literal(runFileSchema),
  runId: z.string(),
  startedAtUtc: z.string(),
  scenario: scenarioSpec,
  sides: z.array(sideSpec).min(1),
  rules,
  engine: z.literal('node'),
  versions: z.record(z.string(), z.string()),
  environment: z.record(z.string(), setting),
  seed: z.number(),
  /** The command that says the same again. */
  reproduce: z.string(),
})
export type RunRecord = z.infer<typeof runRecord>

/** What was measured of a side before the first round, and the sizes that follow from it. Times in ms, rate per second. */
const planRecord = z.object({
  type: z.literal('plan'),
  side: z.string(),
  aloneTime: z.number(),
  togetherTime: z.number(),
  together: z.number(),
  /** S = (together − alone) / (k − 1): on a serial stack its service time. */
  serviceTime: z.number(),
  rate: z.number(),
  /** M: probes of each connection kind in a window. */
  probesPerKind: z.number(),
  windowTime: z.number(),
  /** Least duration of each blocker label, stretched. */
  blockers: z.record(z.string(), z.number()),
  rounds: z.number(),
  warmUp: z.object({ requests: z.number(), time: z.number(), settled: z.boolean() }),
})
export type PlanRecord = z.infer<typeof planRecord>

/** Answers straight from the mock, while the side processes are up: does the error bound hold on this machine? */
const calibrationRecord = z.object({
  type: z.literal('calibration'),
  answers: z.number(),
  /** How many were later than their error bound + 5 ms after the journal's written instant. */
  violations: z.number(),
  oneClock: z.boolean(),
  /** Stamp − written instant, ms. */
  error: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
  errorBound: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
  /** received − startedAt, ms: printed, never judged. */
  wayIn: z.object({ p50: z.number(), p99: z.number() }),
  /** Written − due at the mock, ms. */
  mockLateness: z.object({ p50: z.number(), p99: z.number() }),
})
export type CalibrationRecord = z.infer<typeof calibrationRecord>

const phaseRecord = z.object({
  type: z.literal('phase'),
  side: z.string(),
  round: z.number(),
  attempt: z.number(),
  phase: z.string(),
  from: instant,
  /** When the window's first probe was due. */
  windowAt: instant,
  to: instant,
  /** Probes that the plan wanted, and how many of them were started in time. */
  offered: z.number(),
  delivered: z.number(),
  drained: z.boolean(),
})
export type PhaseRecord = z.infer<typeof phaseRecord>

const roundRecord = z.object({
  type: z.literal('round'),
  side: z.string(),
  round: z.number(),
  attempt: z.number(),
  from: instant,
  to: instant,
  /** False where it was thrown away and said again. */
  kept: z.boolean(),
  /** What spoilt it, even where it had to be kept after three repeats; null for a sound round. */
  spoiltBy: z.string().nullable(),
  /** Longest loop block of the tester between first dial and last answer, ms. */
  longestBlock: z.number(),
  /** Agreement with the mock's clock over the round: one clock, largest |offset| and its bound (RTT/2), drift, all ms. Null without a mock. */
  clock: z.object({ oneClock: z.boolean(), offset: z.number(), bound: z.number(), drift: z.number() }).nullable(),
})
export type RoundRecord = z.infer<typeof roundRecord>

/** One look at the system beside its messages: GET /health, a GET that touches the database, or hello to the model directly. */
const observationRecord = z.object({
  type: z.literal('observation'),
  side: z.string(),
  round: z.number(),
  attempt: z.number(),
  phase: z.string(),
  what: z.enum(['health', 'database', 'model']),
  dueAt: instant,
  startedAt: instant,
  endedAt: instant,
  /** Null where no answer came. */
  status: z.number().nullable(),
  /** Why it is no good answer: a status, a time-out, a refused connection; null for a good one. */
  failure: z.string().nullable(),
  /** How late the stamp of its end may be, ms. */
  errorBound: z.number(),
})
export type ObservationRecord = z.infer<typeof observationRecord>

/** The container of a side when the run began, after each switch to that side, and when the run ended. */
const containerRecord = z.object({
  type: z.literal('container'),
  side: z.string(),
  at: instant,
  name: z.string(),
  /** How much memory it may have, bytes; null where it is not limited. */
  memoryLimit: z.number().nullable(),
  /** Workers that Open WebUI is asked to start, and starts of workers that its log tells of since its own start; null where the log cannot be read. */
  workers: z.object({ configured: z.number(), started: z.number().nullable() }),
  /** Whether the run itself stops and starts it, to have another side in force. */
  isSwitched: z.boolean(),
})
export type ContainerRecord = z.infer<typeof containerRecord>

/** What a container took: memory in bytes, less the file cache that could be had back, and CPU in cores, over about the last second. */
const usageRecord = z.object({ type: z.literal('usage'), container: z.string(), at: instant, memory: z.number(), cpu: z.number() })
export type UsageRecord = z.infer<typeof usageRecord>

/** What happened to a container. `out-of-memory`: something in it was killed for want of memory, be it one worker of several. */
const containerEventRecord = z.object({
  type: z.literal('container-event'),
  container: z.string(),
  at: instant,
  what: z.enum(['out-of-memory', 'ended', 'started']),
  /** Where it ended. */
  exitCode: z.number().nullable(),
})
export type ContainerEventRecord = z.infer<typeof containerEventRecord>

/** The event loop of the tester stood still for more than 20 ms. */
const blockRecord = z.object({ type: z.literal('block'), at: instant, lasted: z.number() })
export type BlockRecord = z.infer<typeof blockRecord>

/** The control stack, run first because the target's answers are not known: did it come out as it must? */
const knownAnswersRecord = z.object({
  type: z.literal('known-answers'),
  attempts: z.number(),
  right: z.boolean(),
  /** Empty where right. Each a sentence: side, claim, what was expected, what came out. */
  wrong: z.array(z.string()),
  /** Whether a sound side failed: then a fail of the target is worth no more than a pass. */
  falseAlarm: z.boolean(),
  runFile: z.string(),
})
export type KnownAnswersRecord = z.infer<typeof knownAnswersRecord>

/** Gaps between content chunks, HdrHistogram V2 compressed, base64, whole µs. */
const histogramRecord = z.object({ type: z.literal('histogram'), side: z.string(), phase: z.string(), label: z.string(), data: z.string() })
export type HistogramRecord = z.infer<typeof histogramRecord>

const endRecord = z.object({
  type: z.literal('end'),
  at: instant,
  /** Null where the run came to its own end. */
  interrupted: z.string().nullable(),
  offered: z.number(),
  delivered: z.number(),
})
export type EndRecord = z.infer<typeof endRecord>

const anyRecord = z.discriminatedUnion('type', [
  runRecord, planRecord, calibrationRecord, phaseRecord, roundRecord, messageRecord, observationRecord, containerRecord, usageRecord, containerEventRecord, blockRecord,
  knownAnswersRecord, histogramRecord, endRecord,
])
export type RunFileRecord = z.infer<typeof anyRecord>

/** A run file as the statistics, the verdict and the reports see it. Records are in the order of the file. */
export interface Run {
  readonly header: RunRecord
  readonly plans: readonly PlanRecord[]
  readonly calibrations: readonly CalibrationRecord[]
  readonly phases: readonly PhaseRecord[]
  readonly rounds: readonly RoundRecord[]
  readonly messages: readonly MessageRecord[]
  readonly observations: readonly ObservationRecord[]
  readonly containers: readonly ContainerRecord[]
  readonly usage: readonly UsageRecord[]
  readonly containerEvents: readonly ContainerEventRecord[]
  readonly blocks: readonly BlockRecord[]
  readonly knownAnswers: KnownAnswersRecord | null
  readonly histograms: readonly HistogramRecord[]
  /** Null where the writer died: the run was interrupted. */
  readonly end: EndRecord | null
}

/** The file is not one of ours, or not whole enough to judge. `line` counts from 1. */
export class RunFileError extends Error {
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.name = 'RunFileError'
    this.line = line
  }
}

const knownTypes: ReadonlySet<string> = new Set(anyRecord.options.map((option) => option.shape.type.value))

/**
 * Reads the NDJSON of a run. Records of an unknown type are skipped: a newer writer may say more. A last line without its newline is what a
 * killed writer leaves, and is dropped.
 * @throws {RunFileError} where the first line is not a run header of a schema that we know, or a line in the middle is damaged.
 */
export function parseRun(text: string): Run {
  const lines = text.split('\n')
  lines.pop()
  const records: RunFileRecord[] = []
  for (const [index, line] of lines.entries()) {
    const record = line === '' ? undefined : parseLine(line, index + 1)
    if (record?.type === 'run' && records.length > 0) throw new RunFileError(`line ${index + 1}: a second run begins here; judge one run at a time`, index + 1)
    if (record !== undefined) records.push(record)
  }
  const run = assembleRun(records)
  refuseMissingMessages(run, lines.length)
  return run
}

/** A phase says how many probes were said in it. Where there are not so many, lines were taken out: perhaps those of the hellos that waited. */
function refuseMissingMessages(run: Run, line: number): void {
  const counts = new Map<string, number>()
  const key = ({ side, round, attempt, phase }: Pick<PhaseRecord, 'side' | 'round' | 'attempt' | 'phase'>): string => JSON.stringify([side, round, attempt, phase])
  for (const message of run.messages) if (message.part === 'probe' || message.part === 'user') counts.set(key(message), (counts.get(key(message)) ?? 0) + 1)
  for (const phase of run.phases) {
    const found = counts.get(key(phase)) ?? 0
    if (found !== phase.offered) throw new RunFileError(`it has ${found} of the ${phase.offered} messages that were said to ${phase.side} in round ${phase.round}, phase ${phase.phase}`, line)
  }
}

function parseLine(line: string, number: number): RunFileRecord | undefined {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    throw new RunFileError(`line ${number} is not JSON`, number)
  }
  const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : undefined
  if (typeof type !== 'string') throw new RunFileError(`line ${number} is not a record of a first-token run`, number)
  if (!knownTypes.has(type)) return undefined
  if (type === 'run') refuseOtherSchema(json, number)
  const parsed = anyRecord.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new RunFileError(`line ${number}: the ${type} record has a wrong ${issue?.path.join('.') ?? 'shape'}: ${issue?.message ?? ''}`, number)
}

/** A header of another schema has other members too; to list those would hide what is wrong. */
function refuseOtherSchema(json: unknown, number: number): void {
  const schema = z.object({ schema: z.number() }).safeParse(json).data?.schema
  if (schema !== undefined && schema !== runFileSchema) throw new RunFileError(`the file has schema ${schema}; this first-token reads schema ${runFileSchema}`, number)
}

/** @throws {RunFileError} where there is no `run` record at the head. */
export function assembleRun(records: readonly RunFileRecord[]): Run {
  const header = records[0]
  if (header?.type !== 'run') throw new RunFileError('the file does not begin with the header of a first-token run', 1)
  const run = {
    header,
    plans: [] as PlanRecord[],
    calibrations: [] as CalibrationRecord[],
    phases: [] as PhaseRecord[],
    rounds: [] as RoundRecord[],
    messages: [] as MessageRecord[],
    observations: [] as ObservationRecord[],
    containers: [] as ContainerRecord[],
    usage: [] as UsageRecord[],
    containerEvents: [] as ContainerEventRecord[],
    blocks: [] as BlockRecord[],
    knownAnswers: null as KnownAnswersRecord | null,
    histograms: [] as HistogramRecord[],
    end: null as EndRecord | null,
  }
  for (const record of records) {
    switch (record.type) {
      case 'plan': run.plans.push(record); break
      case 'calibration': run.calibrations.push(record); break
      case 'phase': run.phases.push(record); break
      case 'round': run.rounds.push(record); break
      case 'message': run.messages.push(record); break
      case 'observation': run.observations.push(record); break
      case 'container': run.containers.push(record); break
      case 'usage': run.usage.push(record); break
      case 'container-event': run.containerEvents.push(record); break
      case 'block': run.blocks.push(record); break
      case 'known-answers': run.knownAnswers = record; break
      case 'histogram': run.histograms.push(record); break
      case 'end': run.end = record; break
      case 'run': break
    }
  }
  return run
}

/**
 * One record as a line of the file, newline included.
 * @throws {RangeError} naming the member that is NaN or infinite: JSON would make null of it, and the whole file unreadable.
 */
export function formatRecord(record: RunFileRecord): string {
  const member = nonFinite(record)
  if (member !== undefined) throw new RangeError(`${record.type} record: ${member} is not a finite number`)
  return `${JSON.stringify(record)}\n`
}

function nonFinite(value: object): string | undefined {
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    if (typeof inner === 'number' && !Number.isFinite(inner)) return key
    const within = typeof inner === 'object' && inner !== null ? nonFinite(inner) : undefined
    if (within !== undefined) return `${key}.${within}`
  }
  return undefined
}
