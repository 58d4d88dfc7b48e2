import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { RunClock } from '../engine/node/clock.ts'
import { sayWindow, type SaidMessage } from '../engine/node/window.ts'
import { targetOf } from '../target/chat-target.ts'
import type { Session } from '../target/target.ts'
import { NetReader } from './bench-net-reader.ts'

export const readers = ['engine', 'net'] as const
/** Cold: the first messages of a fresh process, each dialling its connection. Warm: the second messages over connections that are open. */
export const starts = ['cold', 'warm'] as const

/** How the streams of a wave are told; times in ms. All of them begin within `ramp`. */
export const waveShape = z.object({ tokens: z.number(), firstTokenAfter: z.number(), gap: z.number(), ramp: z.number() })
export type WaveShape = z.infer<typeof waveShape>

/** What one client process is to do. `prefix` begins every message id, so that the journal tells clients and rounds apart. */
export const readingOrder = z.object({ reader: z.enum(readers), start: z.enum(starts), mock: z.string(), streams: z.number(), prefix: z.string(), wave: waveShape })
export type ReadingOrder = z.infer<typeof readingOrder>

/** What a client process says of its measured wave. */
export const readingReport = z.object({
  /** Per message with a first token its stamp, CLOCK_MONOTONIC ms, and how late that may be. */
  firstTokens: z.array(z.object({ id: z.string(), at: z.number(), bound: z.number() })),
  /** User and system, of the measured wave alone. */
  cpuMilliseconds: z.number(),
  /** The most that the process ever held. */
  rssBytes: z.number(),
})
export type ReadingReport = z.infer<typeof readingReport>
export type Stamp = ReadingReport['firstTokens'][number]

/** Says the messages of one wave, each id over its own connection, and resolves when all have ended. */
type Wave = (prefix: string) => Promise<Stamp[]>

/** One client process of the benchmark. */
export async function benchClient(order: ReadingOrder): Promise<ReadingReport> {
  const clock = new RunClock(() => {})
  const { wave, close } = order.reader === 'engine' ? await engineWaves(order, clock) : await netWaves(order, clock)
  if (order.start === 'warm') await wave(`${order.prefix}-discarded`)
  const before = process.cpuUsage()
  const firstTokens = await wave(order.prefix)
  const { user, system } = process.cpuUsage(before)
  close()
  clock.stop()
  return { firstTokens, cpuMilliseconds: (user + system) / 1_000, rssBytes: peakResidentBytes() }
}

/** Opens the connections where the start is warm: then the discarded wave too says its messages over open ones. */
async function engineWaves({ start, mock, streams, wave }: ReadingOrder, clock: RunClock): Promise<{ wave: Wave; close: () => void }> {
  const target = targetOf({ kind: 'openai', url: `${mock}/v1`, model: 'mock', headers: {}, clock })
  const sessions = Array.from({ length: streams }, () => target.open())
  if (start === 'warm') await Promise.all(sessions.map((session) => session.warm()))
  return { wave: (prefix) => engineWave(sessions, prefix, wave, clock), close: () => { for (const session of sessions) void session.close() } }
}

async function engineWave(sessions: readonly Session[], prefix: string, { ramp, ...mock }: WaveShape, clock: RunClock): Promise<Stamp[]> {
  const from = clock.now() + 5
  const said: SaidMessage[] = []
  const probes = sessions.map((session, index) => ({ dueAt: from + (index * ramp) / sessions.length, session: () => session, utterance: { id: `${prefix}-${index}`, text: 'Hello', mock } }))
  await sayWindow(probes, clock, (message) => said.push(message), new AbortController().signal)
  const answers = await Promise.all(said.map(async ({ utterance, exchange }) => ({ id: utterance.id, answer: await exchange.done })))
  return answers.flatMap(({ id, answer }) => (answer.firstTokenAt === null ? [] : [{ id, at: answer.firstTokenAt + clock.origin, bound: answer.stampError }]))
}

async function netWaves({ start, mock, streams, wave }: ReadingOrder, clock: RunClock): Promise<{ wave: Wave; close: () => void }> {
  const sockets = Array.from({ length: streams }, () => new NetReader(mock, clock))
  if (start === 'warm') await Promise.all(sockets.map((socket) => socket.open()))
  return { wave: (prefix) => netWave(sockets, prefix, wave, clock), close: () => { for (const socket of sockets) socket.close() } }
}

async function netWave(sockets: readonly NetReader[], prefix: string, { ramp, ...mock }: WaveShape, clock: RunClock): Promise<Stamp[]> {
  const from = clock.now() + 5
  const stamps = await Promise.all(sockets.map((socket, index) => new Promise<Stamp | null>((resolve) => {
    setTimeout(() => { void socket.say(`${prefix}-${index}`, mock).then(resolve) }, from + (index * ramp) / sockets.length - clock.now())
  })))
  return stamps.filter((stamp) => stamp !== null)
}

/** `ru_maxrss` survives exec: it would tell of a small process how large its parent was. Linux knows better; others have nothing else. */
function peakResidentBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
    if (kilobytes !== undefined) return Number(kilobytes) * 1_024
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1_024
}
