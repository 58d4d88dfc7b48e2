import { failed } from '../../target/failure.ts'
import type { Clock, Session, Target, Utterance } from '../../target/target.ts'
import { answered, dueTimes, say, sayWindow, type PlannedProbe, type SaidMessage } from './window.ts'

/** A phase as the conductor wants it walked. Times in ms, rate per second. */
export interface PhaseRequest {
  readonly target: Target
  readonly probe: () => Utterance
  readonly blockers: readonly (() => Utterance)[]
  readonly probesPerKind: number
  readonly rate: number
  /** How long after a blocker was sent the window begins, at the latest. */
  readonly windowAfter: number
  /** From its start, a blocker that has not ended by then is hung. */
  readonly blockerCap: number
  /** After the window and the blockers, how long the probes may still take. */
  readonly drainTime: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

export interface WalkedPhase {
  readonly from: number
  readonly windowAt: number
  readonly to: number
  readonly drained: boolean
  readonly probes: readonly SaidMessage[]
  readonly blockers: readonly SaidMessage[]
}

/** Servers close a connection that is idle for 5 s, and a client redials silently: a warm one is opened at most this long before its use, ms. */
const longestIdle = 3_500

/**
 * One phase: warm connections are opened, each by a request in flight together with the others, so that they spread over the workers behind
 * one address; the blockers are said; the window runs; then it waits until nothing is in flight.
 */
export async function walkPhase(request: PhaseRequest): Promise<WalkedPhase> {
  const { target, clock, signal, probesPerKind, rate } = request
  const from = clock.now()
  const opened: Session[] = []
  const open = (): Session => {
    const session = target.open()
    opened.push(session)
    return session
  }
  const said: SaidMessage[] = []
  const blockers: SaidMessage[] = []
  const onAbort = (): void => abortAll([...said, ...blockers], 'cancelled', 'the run was interrupted')
  signal.addEventListener('abort', onAbort)
  try {
    const warm = Array.from({ length: probesPerKind }, open)
    const groups = warmGroups(warm, rate)
    await warmUp(groups[0] ?? [])
    for (const blocker of request.blockers) blockers.push(say(open(), blocker(), clock.now()))
    await firstTokens(blockers, request.windowAfter)
    const windowAt = clock.now() + 2
    const dueAt = dueTimes(windowAt, 2 * probesPerKind, rate)
    const rewarming = groups.slice(1).map((group, index) => warmLater(group, (index + 1) * longestIdle, signal))
    const probes = dueAt.map((due, index): PlannedProbe => ({ dueAt: due, session: index % 2 === 0 ? (warm[index / 2] ?? open()) : open(), utterance: request.probe() }))
    await sayWindow(probes, clock, (message) => said.push(message), signal)
    await Promise.all(rewarming)
    const drained = await drain(request, said, blockers)
    return { from, windowAt, to: clock.now(), drained, probes: said, blockers }
  } finally {
    signal.removeEventListener('abort', onAbort)
    for (const session of opened) session.close()
  }
}

/** Consecutive groups of warm connections, each used within `longestIdle` of being opened. */
function warmGroups(sessions: readonly Session[], rate: number): Session[][] {
  const perGroup = Math.max(1, Math.floor((longestIdle * rate) / 2_000))
  const groups: Session[][] = []
  for (let start = 0; start < sessions.length; start += perGroup) groups.push(sessions.slice(start, start + perGroup))
  return groups
}

/** A system that does not even answer the opening request must not hold the phase up: what it does to the messages is the data. */
const warmUpTime = 5_000

async function warmUp(sessions: readonly Session[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<void>((resolve) => { timer = setTimeout(resolve, warmUpTime) })
  await Promise.race([Promise.all(sessions.map((session) => session.warm())), timeUp])
  clearTimeout(timer)
}

async function warmLater(sessions: readonly Session[], after: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, after)
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve() }, { once: true })
  })
  if (!signal.aborted) await warmUp(sessions)
}

async function firstTokens(blockers: readonly SaidMessage[], atMost: number): Promise<void> {
  if (blockers.length === 0) return
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<void>((resolve) => { timer = setTimeout(resolve, atMost) })
  await Promise.race([Promise.all(blockers.map((blocker) => blocker.exchange.firstToken)), timeUp])
  clearTimeout(timer)
}

async function drain(request: PhaseRequest, probes: readonly SaidMessage[], blockers: readonly SaidMessage[]): Promise<boolean> {
  const isTold = await answered(blockers, request.blockerCap)
  if (!isTold) abortAll(blockers, 'hung', `no end after ${Math.round(request.blockerCap / 1_000)} s`)
  const drained = await answered(probes, request.drainTime)
  if (!drained) abortAll(probes, 'hung', `no end ${Math.round(request.drainTime / 1_000)} s after the window`)
  await Promise.all([...probes, ...blockers].map((message) => message.exchange.done))
  return isTold && drained
}

function abortAll(messages: readonly SaidMessage[], code: 'hung' | 'cancelled', detail: string): void {
  for (const message of messages) if (message.answer === null) message.exchange.abort(failed(code, detail, 0))
}
