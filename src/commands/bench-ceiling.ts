import { connect, type Socket } from 'node:net'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { rawChatRequest, socketAddress } from './bench-net-reader.ts'

/** What the process that looks for the mock's ceiling is to do: how long each rate is watched, ms, and which rate is the first. */
export const ceilingOrder = z.object({ reader: z.literal('discard'), mock: z.string(), streams: z.number(), watch: z.number(), from: z.number(), refinements: z.number() })
export type CeilingOrder = z.infer<typeof ceilingOrder>

/** One rate that was tried: tokens per second asked for and written, and how late the mock wrote them (written − due of every token), ms. */
const ceilingStep = z.object({ asked: z.number(), written: z.number(), p50: z.number(), p99: z.number() })
export type CeilingStep = z.infer<typeof ceilingStep>
export const ceilingReport = z.object({ steps: z.array(ceilingStep) })

/** The mock is beyond what it can do where the worst percent of its tokens is later than this, ms. */
export const latenessLimit = 10
/** Each rate is so many times the one before, until one is too much; nobody needs more than the last. */
const stride = 1.5
const mostTokensPerSecond = 2_000_000
/** All streams of a step begin within this time; what they begin with is given as long again before the mock is watched, ms. */
const ramp = 200
/** The mock's own limit. */
const mostTokens = 100_000

const latenessReport = z.object({ count: z.number(), p50: z.number(), p99: z.number() })

/** Highest rate that held and lowest that did not, by what was tried; null where there is none. */
export function ceilingOf(steps: readonly CeilingStep[]): { held: number | null; exceeded: number | null } {
  const held = steps.filter(({ p99 }) => p99 <= latenessLimit).map(({ asked }) => asked)
  // A rate that failed and held the second time has held.
  const exceeded = steps.map(({ asked }) => asked).filter((asked) => !held.includes(asked))
  return { held: held.length === 0 ? null : Math.max(...held), exceeded: exceeded.length === 0 ? null : Math.min(...exceeded) }
}

/** The rate to try next: up until one is too much, then halfway (by factor) between what held and what did not. Null when enough is known. */
export function nextRate(steps: readonly CeilingStep[], from: number, refinements: number): number | null {
  const last = steps.at(-1)
  if (last === undefined) return from
  // A pause of the machine looks like a rate that is too high: it has to show twice.
  if (last.p99 > latenessLimit && steps.filter(({ asked }) => asked === last.asked).length === 1) return last.asked
  const { held, exceeded } = ceilingOf(steps)
  if (exceeded === null) return last.asked * stride > mostTokensPerSecond ? null : Math.round(last.asked * stride)
  if (held === null) return exceeded > 1_000 ? Math.round(exceeded / stride ** 2) : null
  return exceeded / held < stride ** (1.01 / 2 ** refinements) ? null : Math.round(Math.sqrt(held * exceeded))
}

/** Steps the rate up with so many streams, read by sockets that throw everything away. */
export async function findCeiling({ mock, streams, watch, from, refinements }: CeilingOrder): Promise<z.infer<typeof ceilingReport>> {
  const agent = new Agent({ connections: 1, pipelining: 1 })
  const steps: CeilingStep[] = []
  try {
    for (let rate = nextRate(steps, from, refinements); rate !== null; rate = nextRate(steps, from, refinements)) {
      steps.push(await tryRate(mock, agent, { streams, rate, watch, name: `ceiling-${process.pid}-${steps.length}` }))
    }
  } finally {
    await agent.close()
  }
  return { steps }
}

async function tryRate(mock: string, agent: Agent, { streams, rate, watch, name }: { streams: number; rate: number; watch: number; name: string }): Promise<CeilingStep> {
  const gap = Math.max(0.0001, (streams * 1_000) / rate)
  // Twice what is needed: one that ends while it is watched would leave the mock less to do.
  const tokens = Math.min(mostTokens, Math.ceil((2 * (2 * ramp + watch)) / gap))
  const lateness = async (method: 'GET' | 'DELETE'): Promise<z.infer<typeof latenessReport>> => {
    const { body } = await request(`${mock}/mock/lateness`, { dispatcher: agent, method })
    return latenessReport.parse(await body.json())
  }
  const sockets: Socket[] = []
  try {
    for (let index = 0; index < streams; index += 1) {
      sockets.push(discarding(mock, rawChatRequest(mock, `${name}-${index}`, { tokens, firstTokenAfter: 20, gap: Number(gap.toFixed(4)) })))
      const behind = Math.floor(((index + 1) * ramp) / streams) - Math.floor((index * ramp) / streams)
      if (behind > 0) await rest(behind)
    }
    await rest(ramp)
    await lateness('DELETE')
    const from = performance.now()
    await rest(watch)
    const { count, p50, p99 } = await lateness('GET')
    return { asked: rate, written: Math.round((count * 1_000) / (performance.now() - from)), p50, p99 }
  } finally {
    for (const socket of sockets) socket.destroy()
    // The mock has to see them go.
    await rest(100)
  }
}

/** One buffer for all of them, never looked at: a stream that allocates for what it drops would take the mock's core from it. */
const dropped = Buffer.alloc(64 * 1024)

function discarding(mock: string, bytes: string): Socket {
  const socket = connect({ ...socketAddress(mock), noDelay: true, onread: { buffer: dropped, callback: () => true } })
  socket.on('error', () => {})
  socket.write(bytes)
  return socket
}

const rest = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })
