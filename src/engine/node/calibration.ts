import type { CalibrationRecord } from '../../sample/run-file.ts'
import type { Session, Target, Utterance } from '../../target/target.ts'
import { rankQuantile } from '../../stats/quantile.ts'
import type { Journal, JournalEntry } from '../../sample/journal.ts'
import { type ClockAgreement, inRunTime } from '../journal.ts'
import { toMicrosecond } from '../records.ts'
import type { RunClock } from './clock.ts'
import { answered, dueTimes, type SaidMessage, sayWindow, warmAll } from './window.ts'

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
  const stamps = said.flatMap(({ utterance, answer }): Stamp[] => {
    const entry = entries.get(utterance.id)
    if (answer === null || answer.firstTokenAt === null || entry === undefined || entry.firstTokenAt === null) return []
    return [{ error: answer.firstTokenAt - entry.firstTokenAt, bound: answer.stampError, wayIn: entry.receivedAt - answer.startedAt }]
  })
  return calibrationRecord(stamps, agreement.oneClock, await journal.lateness())
}

/** How late a first token was stamped, how late the stamp says it may be, and how long the message took to the mock; ms. */
export interface Stamp {
  readonly error: number
  readonly bound: number
  readonly wayIn: number
}

export function calibrationRecord(stamps: readonly Stamp[], oneClock: boolean, lateness: { readonly p50: number; readonly p99: number }): CalibrationRecord {
  const errors = stamps.map(({ error }) => error)
  const bounds = stamps.map(({ bound }) => bound)
  const waysIn = stamps.map(({ wayIn }) => wayIn)
  const at = (times: readonly number[], q: number): number => toMicrosecond(rankQuantile(times, q) ?? 0)
  const spread = (times: readonly number[]): { p50: number; p99: number; max: number } => ({ p50: at(times, 0.5), p99: at(times, 0.99), max: at(times, 1) })
  return {
    type: 'calibration',
    answers: stamps.length,
    violations: stamps.filter(({ error, bound }) => error > bound + tolerance).length,
    oneClock,
    error: spread(errors),
    errorBound: spread(bounds),
    wayIn: { p50: at(waysIn, 0.5), p99: at(waysIn, 0.99) },
    mockLateness: { p50: toMicrosecond(lateness.p50), p99: toMicrosecond(lateness.p99) },
  }
}

async function sayMany({ target, clock, utterance, signal }: CalibrationRequest, count: number): Promise<SaidMessage[]> {
  const sessions = Array.from({ length: connections }, () => target.open())
  await warmAll(sessions, signal)
  const said: SaidMessage[] = []
  const probes = dueTimes(clock.now() + 2, count, rate).map((dueAt, index) => ({ dueAt, session: () => sessionAt(sessions, index), utterance: utterance() }))
  await sayWindow(probes, clock, (message) => said.push(message), signal)
  await answered(said, 10_000, signal)
  for (const session of sessions) session.close()
  return said
}

function sessionAt(sessions: readonly Session[], index: number): Session {
  const session = sessions[index % sessions.length]
  if (session === undefined) throw new RangeError('calibration needs at least one connection')
  return session
}

