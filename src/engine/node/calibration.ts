import type { CalibrationRecord } from '../../sample/run-file.ts'
import type { Session, Target, Utterance } from '../../target/target.ts'
import { rankQuantile } from '../../stats/quantile.ts'
import type { Journal, JournalEntry } from '../../sample/journal.ts'
import { type ClockAgreement, inRunTime } from '../journal.ts'
import { toMicrosecond } from '../records.ts'
import type { RunClock } from './clock.ts'
import { answered, dueTimes, type SaidMessage, sayWindow } from './window.ts'

/** Answers that are measured, after some that only warm the code; at this rate per second; over this many warm connections. */
const measuredAnswers = 320
const discardedAnswers = 160
const rate = 160
const connections = 32
/** A stamp may be later than its bound by this, ms, in at most 1 % of answers: the kernel's and the mock's own share. */
const tolerance = 5

interface CalibrationRequest {
  readonly target: Target
  readonly journal: Journal
  readonly clock: RunClock
  readonly utterance: () => Utterance
  readonly agreement: ClockAgreement
  readonly signal: AbortSignal
}

/** Says hello straight to the mock, whose journal knows when it wrote each first token: are our stamps as late as they say, and no later? */
export async function calibrate(request: CalibrationRequest): Promise<CalibrationRecord> {
  const { clock, journal, agreement } = request
  await sayMany(request, discardedAnswers)
  await journal.collect()
  const said = await sayMany(request, measuredAnswers)
  const entries = new Map<string, JournalEntry>()
  for (const entry of await journal.collect()) if (entry.id !== null) entries.set(entry.id, inRunTime(entry, clock.origin, agreement))
  const errors: number[] = []
  const bounds: number[] = []
  const waysIn: number[] = []
  let violations = 0
  for (const { utterance, answer } of said) {
    const entry = entries.get(utterance.id)
    if (answer === null || answer.firstTokenAt === null || entry === undefined || entry.firstTokenAt === null) continue
    const error = answer.firstTokenAt - entry.firstTokenAt
    errors.push(error)
    bounds.push(answer.stampError)
    waysIn.push(entry.receivedAt - answer.startedAt)
    if (error > answer.stampError + tolerance) violations += 1
  }
  const at = (times: readonly number[], q: number): number => toMicrosecond(rankQuantile(times, q) ?? 0)
  const spread = (times: readonly number[]): { p50: number; p99: number; max: number } => ({ p50: at(times, 0.5), p99: at(times, 0.99), max: at(times, 1) })
  const lateness = await journal.lateness()
  return {
    type: 'calibration',
    answers: errors.length,
    violations,
    oneClock: agreement.oneClock,
    error: spread(errors),
    errorBound: spread(bounds),
    wayIn: { p50: at(waysIn, 0.5), p99: at(waysIn, 0.99) },
    mockLateness: { p50: toMicrosecond(lateness.p50), p99: toMicrosecond(lateness.p99) },
  }
}

async function sayMany({ target, clock, utterance, signal }: CalibrationRequest, count: number): Promise<SaidMessage[]> {
  const sessions = Array.from({ length: connections }, () => target.open())
  await Promise.all(sessions.map((session) => session.warm()))
  const said: SaidMessage[] = []
  const probes = dueTimes(clock.now() + 2, count, rate).map((dueAt, index) => ({ dueAt, session: sessionAt(sessions, index), utterance: utterance() }))
  await sayWindow(probes, clock, (message) => said.push(message), signal)
  await answered(said, 10_000)
  for (const session of sessions) session.close()
  return said
}

function sessionAt(sessions: readonly Session[], index: number): Session {
  const session = sessions[index % sessions.length]
  if (session === undefined) throw new RangeError('calibration needs at least one connection')
  return session
}

