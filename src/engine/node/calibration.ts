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
/** A mock that was told to be slow is waited for, ms. */
const longestAnswer = 60_000
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

/** Over connections that are free; where answers take their time others are opened, so that none waits for the one before. */
async function sayMany({ target, clock, utterance, signal }: CalibrationRequest, count: number): Promise<SaidMessage[]> {
  const sessions = Array.from({ length: connections }, () => target.open())
  await warmAll(sessions, signal)
  const free = [...sessions]
  const usedBy = new Map<string, Session>()
  const take = (id: string): Session => {
    const session = free.shift() ?? target.open()
    if (!sessions.includes(session)) sessions.push(session)
    usedBy.set(id, session)
    return session
  }
  const giveBack = (id: string): void => {
    const session = usedBy.get(id)
    if (session !== undefined) free.push(session)
  }
  const said: SaidMessage[] = []
  const probes = dueTimes(clock.now() + 2, count, rate).map((dueAt) => {
    const hello = utterance()
    return { dueAt, session: () => take(hello.id), utterance: hello }
  })
  await sayWindow(probes, clock, (message) => {
    said.push(message)
    void message.exchange.done.then(() => giveBack(message.utterance.id))
  }, signal)
  await answered(said, longestAnswer, signal)
  await Promise.all(sessions.map((session) => session.close()))
  return said
}
