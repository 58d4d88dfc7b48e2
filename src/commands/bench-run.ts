import { spawn } from 'node:child_process'
import type { z } from 'zod'
import { sideOrder } from '../engine/plan.ts'
import type { Journal, JournalEntry } from '../sample/journal.ts'
import { ceilingReport, type CeilingOrder, type CeilingStep } from './bench-ceiling.ts'
import { readers, type ReadingOrder, readingReport, type ReadingReport, starts, type WaveShape } from './bench-client.ts'

/** One row of the table: who reads, how it begins, how many streams at once. */
export interface Cell {
  readonly reader: (typeof readers)[number]
  readonly start: (typeof starts)[number]
  readonly streams: number
}

/** A message whose first token both the client and the mock know. Times in ms. */
export interface Sample {
  /** Stamp − the instant at which the mock wrote the token. */
  readonly error: number
  /** How late the stamp may be, by the client's own word. */
  readonly bound: number
  /** Written − due of the first token: the mock's own. */
  readonly lateness: number
}

/** One client process, measured. */
export interface Reading {
  readonly samples: readonly Sample[]
  readonly cpuMilliseconds: number
  readonly rssBytes: number
}

/** Whatever made it so, a benchmark without a sample says nothing, and must not look like one that says all is well. */
export class NothingMeasured extends Error {
  constructor(what: string) {
    super(`${what}: nothing was measured`)
    this.name = 'NothingMeasured'
  }
}

export interface BenchPlan {
  readonly mock: string
  readonly journal: Journal
  readonly streams: readonly number[]
  readonly rounds: number
  readonly random: () => number
  readonly wave: WaveShape
  /** The file that Node runs as a client. */
  readonly clientFile: string
  readonly say: (progress: string) => void
}

/** A client that takes longer hangs, ms. */
const longestClient = 120_000

/**
 * Every cell once a round, in an order drawn anew for each round: what the machine does meanwhile meets all cells alike.
 * @throws {NothingMeasured} for a client process of whose messages no first token is known.
 */
export async function readRounds(plan: BenchPlan): Promise<Map<Cell, Reading[]>> {
  const cells = plan.streams.flatMap((streams) => readers.flatMap((reader) => starts.map((start): Cell => ({ reader, start, streams }))))
  const named = new Map(cells.map((cell) => [cellName(cell), cell]))
  const readings = new Map<Cell, Reading[]>(cells.map((cell) => [cell, []]))
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const name of sideOrder([...named.keys()], plan.random)) {
      const cell = named.get(name)
      if (cell === undefined) continue
      await plan.journal.collect()
      const { reader, start, streams } = cell
      // What an earlier benchmark said to the same mock has other ids.
      const prefix = `bench-${process.pid}-${round}-${reader}-${start}-${streams}`
      const report = await runClient(plan.clientFile, { reader, start, streams, mock: plan.mock, prefix, wave: plan.wave }, readingReport)
      const samples = samplesOf(report, await plan.journal.collect(), start)
      plan.say(`round ${round} of ${plan.rounds}: ${name}, ${samples.length} first tokens\n`)
      if (samples.length === 0) throw new NothingMeasured(name)
      readings.get(cell)?.push({ samples, cpuMilliseconds: report.cpuMilliseconds, rssBytes: report.rssBytes })
    }
  }
  return readings
}

/** As it is called in progress and complaints. */
const cellName = ({ reader, start, streams }: Cell): string => `${reader} ${start}, ${streams} ${streams === 1 ? 'stream' : 'streams'}`

/** The messages that the mock told a first token of, over the kind of connection that was asked for: a warm client that had to dial again was none. */
export function samplesOf({ firstTokens }: Pick<ReadingReport, 'firstTokens'>, entries: readonly JournalEntry[], start: Cell['start']): Sample[] {
  const written = new Map(entries.map((entry) => [entry.id, entry]))
  return firstTokens.flatMap(({ id, at, bound }) => {
    const entry = written.get(id)
    if (entry === undefined || entry.firstTokenAt === null || entry.firstTokenDueAt === null) return []
    if ((start === 'warm') !== entry.requestsBefore > 0) return []
    return [{ error: at - entry.firstTokenAt, bound, lateness: entry.firstTokenAt - entry.firstTokenDueAt }]
  })
}

/** @throws {NothingMeasured} where the mock wrote no token at some rate. */
export async function readCeiling(clientFile: string, order: CeilingOrder): Promise<CeilingStep[]> {
  const { steps } = await runClient(clientFile, order, ceilingReport)
  const empty = steps.find(({ written }) => written === 0)
  if (steps.length === 0 || empty !== undefined) throw new NothingMeasured(`the ceiling of the mock at ${empty?.asked ?? 'any'} tokens/s`)
  return steps
}

/** Runs one client process; its order is an argument, its report one line of JSON. */
function runClient<Schema extends z.ZodType>(file: string, order: ReadingOrder | CeilingOrder, report: Schema): Promise<z.infer<Schema>> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, '--client', JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const timer = order.reader === 'discard' ? undefined : setTimeout(() => child.kill('SIGKILL'), longestClient)
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => { text += bytes.toString() })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(report.parse(JSON.parse(text)))
      else reject(new Error(`the ${order.reader} client ended with ${signal ?? `exit code ${code}`}`))
    })
  })
}
