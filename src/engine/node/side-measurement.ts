import { exitCodes, UsageError } from '../../errors.ts'
import type { SideSpec } from '../../sample/run-file.ts'
import { median } from '../../stats/quantile.ts'
import type { Answer, Target, Utterance } from '../../target/target.ts'
import type { SideMeasurement } from '../engine.ts'
import type { ServiceMeasurement } from '../plan.ts'
import type { RunClock } from './clock.ts'
import { answered, rest, type SaidMessage, say, warmAll } from './window.ts'

interface MeasuredSide {
  readonly side: SideSpec
  readonly target: Target
  readonly utterance: () => Utterance
}

interface ServiceRequest {
  readonly sides: readonly MeasuredSide[]
  readonly quick: boolean
  readonly clock: RunClock
  readonly signal: AbortSignal
}

/** MEASURING's warm-up: at least this many requests and this long, then until two windows of ten agree, or until the patience ends. */
const leastRequests = 20
const leastTime = { quick: 1_000, standard: 3_000 }
const patience = 30_000
const windowSize = 10
/** Loops that say hello at the same time while warming up, and the rest each takes between two, ms. */
const loops = 3
const restTime = 25
/** A side that failed this often without one answer will not answer. */
const hopeless = 12
/** How long a single hello may take before the first round, ms. */
const longestHello = 60_000
/** k of MEASURING's S, and where hello alone takes longer than `slow` ms. */
const together = { fast: 32, slow: 8 }
const slow = 1_000
const repeats = 3

/**
 * Warms all sides up at the same time, discards what came back, and measures of each, one side after another, hello alone and k at once:
 * S = (t_k − t_1)/(k − 1).
 * @throws {UsageError} exit 5 where a side never answered.
 */
export async function measureSide(request: ServiceRequest): Promise<SideMeasurement[]> {
  const warmUps = await Promise.all(request.sides.map((side) => warmUp(side, request)))
  const unreachable = warmUps.flatMap((result, index) => (result.answered ? [] : [{ side: request.sides[index]?.side, failure: result.failure }]))
  if (unreachable.length > 0 && !request.signal.aborted) {
    throw new UsageError(unreachable.map(({ side, failure }) => ({
      what: `${side?.name ?? '?'} (${side?.url ?? '?'}) never answered a hello: ${failure}.`,
      fix: 'Check that it runs, that the address is the one an OpenAI client would use, and that the model exists.',
    })), exitCodes.unreachable)
  }
  const measured: SideMeasurement[] = []
  for (const [index, side] of request.sides.entries()) {
    const { requests = 0, time = 0, settled = false } = warmUps[index] ?? {}
    measured.push({ side: side.side.name, service: await measureService(side, request), warmUp: { requests, time, settled } })
  }
  return measured
}

interface WarmUp {
  readonly requests: number
  readonly time: number
  readonly settled: boolean
  readonly answered: boolean
  readonly failure: string
}

async function warmUp(side: MeasuredSide, { quick, clock, signal }: ServiceRequest): Promise<WarmUp> {
  const from = clock.now()
  const times: number[] = []
  let failures = 0
  let failure = 'no message was sent'
  const isOver = (): boolean => {
    const elapsed = clock.now() - from
    if (signal.aborted || elapsed > patience || (times.length === 0 && failures >= hopeless)) return true
    return times.length >= leastRequests && elapsed >= leastTime[quick ? 'quick' : 'standard'] && hasSettled(times)
  }
  const loop = async (): Promise<void> => {
    while (!isOver()) {
      const answer = await sayAlone(side, clock, signal)
      if (answer.firstTokenAt === null) {
        failures += 1
        if (answer.outcome.kind === 'failed') failure = `${answer.outcome.code} (${answer.outcome.detail})`
      } else times.push(answer.firstTokenAt - answer.startedAt)
      await rest(restTime, signal)
    }
  }
  await Promise.all(Array.from({ length: loops }, loop))
  return { requests: times.length + failures, time: Math.round(clock.now() - from), settled: hasSettled(times), answered: times.length > 0, failure }
}

/** The medians of the last two windows of ten differ by less than 20 %, or 10 ms. */
function hasSettled(times: readonly number[]): boolean {
  if (times.length < 2 * windowSize) return false
  const last = median(times.slice(-windowSize)) ?? 0
  const before = median(times.slice(-2 * windowSize, -windowSize)) ?? 0
  return Math.abs(last - before) < Math.max(0.2 * before, 10)
}

async function sayAlone({ target, utterance }: MeasuredSide, clock: RunClock, signal: AbortSignal): Promise<Answer> {
  const session = target.open()
  const said = say(session, utterance(), clock.now())
  await finish([said], longestHello, signal)
  await session.close()
  return said.exchange.done
}

async function measureService(side: MeasuredSide, { clock, signal }: ServiceRequest): Promise<ServiceMeasurement> {
  const alone: number[] = []
  const all: number[] = []
  let count = together.fast
  for (let round = 0; round < repeats && !signal.aborted; round += 1) {
    alone.push(await timeOf(side, 1, clock, signal))
    count = (median(alone) ?? 0) > slow ? together.slow : together.fast
    all.push(await timeOf(side, count, clock, signal))
  }
  return { aloneTime: median(alone) ?? 0, togetherTime: median(all) ?? 0, together: count }
}

/** From the first write until the last of `count` hellos said at once, on warm connections, has its whole answer, ms. */
async function timeOf({ target, utterance }: MeasuredSide, count: number, clock: RunClock, signal: AbortSignal): Promise<number> {
  const sessions = Array.from({ length: count }, () => target.open())
  await warmAll(sessions, signal)
  const from = clock.now()
  const said = sessions.map((session) => say(session, utterance(), from))
  await finish(said, longestHello, signal)
  const answers = await Promise.all(said.map((message) => message.exchange.done))
  await Promise.all(sessions.map((session) => session.close()))
  return Math.max(...answers.map((answer) => answer.endedAt)) - from
}

async function finish(said: readonly SaidMessage[], milliseconds: number, signal: AbortSignal): Promise<void> {
  if (await answered(said, milliseconds, signal)) return
  for (const message of said) message.exchange.abort({ kind: 'failed', code: 'hung', detail: `no end after ${milliseconds / 1_000} s`, afterTokens: 0 })
}
