import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { RunClock } from '../engine/node/clock.ts'
import { seeded } from '../engine/plan.ts'
import { exitCodes, UsageError } from '../errors.ts'
import { mockJournal } from '../observe/journal.ts'
import { startSideProcess } from '../stack/side-process.ts'
import { ceilingOrder, findCeiling } from './bench-ceiling.ts'
import { benchClient, readingOrder, type WaveShape } from './bench-client.ts'
import { benchFlags, benchHelp, type BenchOptions, benchOptions } from './bench-flags.ts'
import { benchCeiling, type BenchDocument, benchRatios, benchRow, benchText } from './bench-report.ts'
import { NothingMeasured, readCeiling, readRounds } from './bench-run.ts'
import { swallowedFlags } from './npm-flags.ts'
import { processFiles } from './package-files.ts'

/** 50 tokens, 20 ms apart, the first after 100 ms: the streams that other clients were measured with. */
const fullWave: WaveShape = { tokens: 50, firstTokenAfter: 100, gap: 20, ramp: 1_000 }
const quickWave: WaveShape = { tokens: 5, firstTokenAfter: 50, gap: 20, ramp: 200 }
/** Where the search for the mock's ceiling begins, tokens/s, how long each rate is watched, ms, and how often the last step is halved. */
const fullCeiling = { from: 10_000, watch: 2_000, refinements: 2 }
const quickCeiling = { from: 30_000, watch: 300, refinements: 0 }
/** Fewer streams would have to write more tokens each than the mock has in one answer. */
const leastCeilingStreams = 20

/**
 * The benchmark of the measuring path: the engine's own sessions against a bare `node:net` reader, the same streams from the same mock, one
 * process after the other. Ground truth is the mock's journal. Then the mock alone: how many tokens a second it can write in time.
 */
async function bench(options: BenchOptions): Promise<BenchDocument> {
  const clientFile = fileURLToPath(import.meta.url)
  const clock = new RunClock(() => {})
  const side = options.mock === undefined ? await startSideProcess({ name: 'the mock', file: processFiles().mock, args: [] }) : undefined
  const mock = options.mock ?? side?.url ?? ''
  const journal = mockJournal(mock, () => clock.now())
  try {
    await oneClock(mock, journal)
    const { rounds, seed, quick } = options
    const before = loadavg()[0] ?? 0
    const wave = quick ? quickWave : fullWave
    const readings = await readRounds({ mock, journal, streams: options.streams, rounds, random: seeded(seed), wave, clientFile, say: (text) => { process.stderr.write(text) } })
    const streams = Math.max(leastCeilingStreams, ...options.streams)
    process.stderr.write(`the ceiling of the mock, ${streams} streams\n`)
    const steps = await readCeiling(clientFile, { reader: 'discard', mock, streams, ...(quick ? quickCeiling : fullCeiling) })
    return {
      machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, node: process.versions.node, load: { before, after: loadavg()[0] ?? 0 } },
      seed, rounds, quick, wave,
      rows: [...readings].map(([cell, all]) => benchRow(cell, all)),
      ratios: benchRatios(readings),
      ceiling: benchCeiling(streams, steps),
    }
  } finally {
    await journal.close()
    await side?.stop()
    clock.stop()
  }
}

/** An error of a stamp is the difference of two clocks, which have to be one. */
async function oneClock(mock: string, journal: ReturnType<typeof mockJournal>): Promise<void> {
  const fix = 'Give --mock the address that a mock on this machine printed, or leave the flag away.'
  try {
    await journal.ping()
  } catch (error) {
    throw new UsageError({ what: `No mock answers at ${mock}: ${error instanceof Error ? error.message : String(error)}.`, fix })
  }
  if (!journal.sameBoot) throw new UsageError({ what: `The mock at ${mock} is not known to have this machine's clock.`, fix })
}

/** What a client process of the benchmark is started with: `--client` and its order. */
async function client(text: string): Promise<void> {
  const order = z.discriminatedUnion('reader', [ceilingOrder, readingOrder.extend({ reader: z.literal('engine') }), readingOrder.extend({ reader: z.literal('net') })]).parse(JSON.parse(text))
  const report = order.reader === 'discard' ? await findCeiling(order) : await benchClient(order)
  process.stdout.write(JSON.stringify(report))
}

async function main(args: readonly string[]): Promise<number> {
  const swallowed = swallowedFlags(process.env, benchFlags, args)
  if (swallowed.length > 0) throw new UsageError(swallowed)
  const options = benchOptions(args)
  if (options === 'help') {
    process.stdout.write(benchHelp)
    return exitCodes.pass
  }
  const document = await bench(options)
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : benchText(document))
  return exitCodes.pass
}

function explain(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`bench: ${error.message}\n`)
    return error.exitCode
  }
  if (error instanceof NothingMeasured) {
    process.stderr.write(`bench: ${error.message}\n`)
    return exitCodes.invalid
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return exitCodes.crash
}

const [first, order = ''] = process.argv.slice(2)
try {
  if (first === '--client') await client(order)
  else process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.exitCode = explain(error)
}
