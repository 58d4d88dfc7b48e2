import { connect } from 'node:net'
import { RunClock } from '../engine/node/clock.ts'
import { sayWindow, type SaidMessage } from '../engine/node/window.ts'
import { targetOf } from '../target/chat-target.ts'

export const clientKinds = ['engine', 'net'] as const
export type ClientKind = (typeof clientKinds)[number]

interface ClientOptions {
  readonly kind: ClientKind
  readonly mock: string
  readonly streams: number
  /** Begins every message id, so that the journal tells clients and rounds apart. */
  readonly prefix: string
}

interface Stamp {
  readonly id: string
  /** CLOCK_MONOTONIC, ms. */
  readonly at: number
  readonly bound: number
}

/** 50 tokens, 20 ms apart, the first after 100 ms: the streams that other clients were measured with. */
const answer = { tokens: 50, firstTokenAfter: 100, gap: 20 }
/** All streams begin within this time, ms. */
const ramp = 1_000

/** One client process of the benchmark: a discarded wave to warm up, then one that is measured. */
export async function benchClient({ kind, mock, streams, prefix }: ClientOptions): Promise<{ firstTokens: Stamp[]; cpuMilliseconds: number; rssBytes: number }> {
  const clock = new RunClock(() => {})
  const wave = kind === 'engine' ? engineWave : netWave
  await wave(mock, streams, `${prefix}-warm`, clock)
  const before = process.cpuUsage()
  const firstTokens = await wave(mock, streams, prefix, clock)
  const { user, system } = process.cpuUsage(before)
  clock.stop()
  return { firstTokens, cpuMilliseconds: (user + system) / 1_000, rssBytes: process.resourceUsage().maxRSS * 1024 }
}

async function engineWave(mock: string, streams: number, prefix: string, clock: RunClock): Promise<Stamp[]> {
  const target = targetOf({ kind: 'openai', url: `${mock}/v1`, model: 'mock', headers: {}, clock })
  const sessions = Array.from({ length: streams }, () => target.open())
  await Promise.all(sessions.map((session) => session.warm()))
  const from = clock.now() + 5
  const said: SaidMessage[] = []
  const probes = sessions.map((session, index) => ({ dueAt: from + (index * ramp) / streams, session: () => session, utterance: { id: `${prefix}-${index}`, text: 'Hello', mock: answer } }))
  await sayWindow(probes, clock, (message) => said.push(message), new AbortController().signal)
  const answers = await Promise.all(said.map((message) => message.exchange.done))
  for (const session of sessions) session.close()
  return answers.flatMap((one, index) => (one.firstTokenAt === null ? [] : [{ id: `${prefix}-${index}`, at: one.firstTokenAt + clock.origin, bound: one.stampError }]))
}

/** The same streams, read by nothing but a socket: the least that a reader in this language can do. */
async function netWave(mock: string, streams: number, prefix: string, clock: RunClock): Promise<Stamp[]> {
  const from = clock.now() + 5
  const stamps: Stamp[] = []
  await Promise.all(Array.from({ length: streams }, (_, index) => new Promise<void>((resolve) => {
    setTimeout(() => netStream(mock, `${prefix}-${index}`, clock, (stamp) => stamps.push(stamp), resolve), from + (index * ramp) / streams - clock.now())
  })))
  return stamps
}

function netStream(mock: string, id: string, clock: RunClock, onFirst: (stamp: Stamp) => void, onEnd: () => void): void {
  const { hostname, port } = new URL(mock)
  const body = JSON.stringify({ model: 'mock', stream: true, messages: [{ role: 'user', content: `Hello\n[[ft1 id=${id} tokens=${answer.tokens} first=${answer.firstTokenAfter} gap=${answer.gap}]]` }] })
  const first = Buffer.from(`${id}.0`)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  let seen = false
  socket.on('data', (bytes) => {
    const at = clock.now()
    if (!seen && bytes.includes(first)) {
      seen = true
      onFirst({ id, at: at + clock.origin, bound: clock.stampError(at) })
    }
    if (bytes.includes('[DONE]')) socket.destroy()
  })
  socket.on('error', () => {})
  socket.on('close', onEnd)
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}
