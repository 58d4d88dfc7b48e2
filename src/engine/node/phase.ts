import { failed } from '../../target/failure.ts'
import type { Beside, Clock, Session, Target, Utterance } from '../../target/target.ts'
import { answered, before, dueTimes, rest, say, sayWindow, type PlannedProbe, type SaidMessage, warmAll } from './window.ts'

/** A phase as the conductor wants it walked. Times in ms, rate per second. */
export interface PhaseRequest {
  readonly target: Target
  readonly probe: () => Utterance
  readonly blockers: readonly (() => Utterance)[]
  /** By whom the probes are said, seen from whoever hears the first blocker; undefined: by anybody. */
  readonly as?: Beside['as'] | undefined
  readonly probesPerKind: number
  readonly rate: number
  /** How long after a blocker was sent the window begins, at the latest. */
  readonly windowAfter: number
  /** A blocker from which nothing has come for so long is hung. */
  readonly blockerCap: number
  /** After the window and the blockers, how long a probe may still say nothing. */
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

/**
 * A warm connection is opened at most this long before its use, ms: servers close one that is idle for 5 s. So far ahead of a group's first probe its
 * opening begins: a slow answer to the opening request is not to be waited for by the probe.
 */
const longestIdle = 3_500
const warmingTime = 1_000

/**
 * One phase: warm connections are opened, each by a request in flight together with the others, so that they spread over the workers behind
 * one address; the blockers are said; the window runs; then it waits until nothing is in flight.
 */
export async function walkPhase(request: PhaseRequest): Promise<WalkedPhase> {
  const { target, clock, signal, probesPerKind, rate } = request
  const from = clock.now()
  const opened: Session[] = []
  const openAt = (beside?: Beside): Session => {
    const session = target.open(beside)
    opened.push(session)
    return session
  }
  const said: SaidMessage[] = []
  const blockers: SaidMessage[] = []
  const onAbort = (): void => abortAll([...said, ...blockers], 'cancelled', 'the run was interrupted')
  signal.addEventListener('abort', onAbort)
  try {
    const blocking = request.blockers.map((blocker) => ({ session: openAt(), blocker }))
    const [heard] = blocking
    const beside = heard === undefined || request.as === undefined ? undefined : { session: heard.session, as: request.as }
    const open = (): Session => openAt(beside)
    const warm = Array.from({ length: probesPerKind }, open)
    const isWarm = new Set<Session>()
    const groups = warmGroups(warm, rate)
    const first = groups[0] ?? []
    await warmAll(first, signal, (session) => isWarm.add(session))
    const warmedAt = clock.now()
    // Known before anything blocks: is it the system's way to take its time over the opening request?
    const opensSlowly = warmedAt - from > warmingTime / 2
    for (const { session, blocker } of blocking) blockers.push(say(session, blocker(), clock.now()))
    await before(Promise.all(blockers.map((blocker) => blocker.exchange.firstToken)), request.windowAfter, signal)
    // Behind a blocker whose first token took its time they would be idle for longer than they may.
    const span = (2_000 * first.length) / rate
    if (clock.now() - warmedAt + span > longestIdle && !opensSlowly) await before(warmAll(first, signal), warmingTime, signal)
    const windowAt = clock.now() + 2
    const dueAt = dueTimes(windowAt, 2 * probesPerKind, rate)
    const rewarming = groups.slice(1).map((group, index) => warmAt(group, dueAt[2 * (index + 1) * first.length] ?? windowAt, clock, signal, (session) => isWarm.add(session)))
    // One that is not open when its probe is due makes the probe wait for our own opening request. Where the system opens slowly anyway that would be our
    // doing, and a new connection takes its place; where it does not, a connection that is stuck behind the blocker is what we are here to see.
    const warmOr = (session: Session | undefined): Session => (session !== undefined && (isWarm.has(session) || !opensSlowly) ? session : open())
    const probes = dueAt.map((due, index): PlannedProbe => {
      if (index % 2 === 0) return { dueAt: due, session: () => warmOr(warm[index / 2]), utterance: request.probe() }
      const fresh = open()
      return { dueAt: due, session: () => fresh, utterance: request.probe() }
    })
    await sayWindow(probes, clock, (message) => said.push(message), signal)
    await Promise.all(rewarming)
    const drained = await drain(request, said, blockers)
    return { from, windowAt, to: clock.now(), drained, probes: said, blockers }
  } finally {
    signal.removeEventListener('abort', onAbort)
    await Promise.all(opened.map((session) => session.close()))
  }
}

/** Consecutive groups of warm connections, each used within `longestIdle` of the beginning of its opening. */
function warmGroups(sessions: readonly Session[], rate: number): Session[][] {
  const perGroup = Math.max(1, Math.floor(((longestIdle - warmingTime) * rate) / 2_000))
  const groups: Session[][] = []
  for (let start = 0; start < sessions.length; start += perGroup) groups.push(sessions.slice(start, start + perGroup))
  return groups
}

/** Opens a later group so far ahead of its first probe that it is open by then. */
async function warmAt(sessions: readonly Session[], firstDueAt: number, clock: Clock, signal: AbortSignal, onWarm: (session: Session) => void): Promise<void> {
  await rest(Math.max(0, firstDueAt - warmingTime - clock.now()), signal)
  if (!signal.aborted) await warmAll(sessions, signal, onWarm)
}

async function drain(request: PhaseRequest, probes: readonly SaidMessage[], blockers: readonly SaidMessage[]): Promise<boolean> {
  const isTold = await toldToItsEnd(blockers, request.blockerCap, request)
  const drained = await toldToItsEnd(probes, request.drainTime, request)
  await Promise.all([...probes, ...blockers].map((message) => message.exchange.done))
  return isTold && drained
}

/** An answer that is still streaming by then is broken off, ms: it is not going to end. */
const longestAnswer = 900_000

/** Waits for the end of all of them. One that says nothing for `patience` ms is hung, and is broken off; one that goes on is waited for. */
export async function toldToItsEnd(messages: readonly SaidMessage[], patience: number, { clock, signal }: Pick<PhaseRequest, 'clock' | 'signal'>): Promise<boolean> {
  const from = clock.now()
  const silentSince = (message: SaidMessage): number => Math.max(from, message.exchange.lastReadAt())
  let isWhole = true
  for (;;) {
    const open = messages.filter(({ answer }) => answer === null)
    if (open.length === 0 || signal.aborted) return isWhole
    const giveUpAt = Math.min(from + longestAnswer, ...open.map((message) => silentSince(message) + patience))
    if (await answered(open, Math.max(0, giveUpAt - clock.now()), signal)) return isWhole
    const silent = open.filter((message) => clock.now() - silentSince(message) >= patience)
    abortAll(silent, 'hung', `nothing came for ${Math.round(patience / 1_000)} s`)
    const endless = clock.now() - from >= longestAnswer ? open : []
    abortAll(endless, 'over-deadline', `still being told after ${Math.round(longestAnswer / 60_000)} min`)
    if (silent.length + endless.length > 0) isWhole = false
    await Promise.all([...silent, ...endless].map(({ exchange }) => exchange.done))
  }
}

export function abortAll(messages: readonly SaidMessage[], code: 'hung' | 'over-deadline' | 'cancelled', detail: string): void {
  for (const message of messages) if (message.answer === null) message.exchange.abort(failed(code, detail, 0))
}
