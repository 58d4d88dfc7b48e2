import { palette } from '../report/palette.ts'
import { textTable } from '../report/table.ts'
import { rankQuantile } from '../stats/quantile.ts'
import { ceilingOf, type CeilingStep, latenessLimit } from './bench-ceiling.ts'
import type { WaveShape } from './bench-client.ts'
import type { Cell, Reading, Sample } from './bench-run.ts'

/** What `--json` prints. Times in ms. */
export interface BenchDocument {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly load: LoadAverage }
  readonly seed: number
  readonly rounds: number
  readonly quick: boolean
  readonly wave: WaveShape
  readonly rows: readonly BenchRow[]
  readonly ratios: readonly BenchRatio[]
  readonly ceiling: { readonly streams: number; readonly limit: number; readonly held: number | null; readonly exceeded: number | null; readonly steps: readonly CeilingStep[] }
}

/** Of the last minute, as the system tells it; our own processes make about 1 of it. Others that run meanwhile spoil the tails. */
interface LoadAverage {
  readonly before: number
  readonly after: number
}

/** A cell, pooled over its rounds. */
export interface BenchRow extends Cell {
  /** Messages that were said. */
  readonly said: number
  /** Of those, the ones whose first token client and mock both know. */
  readonly n: number
  readonly error: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Stamps later than their bound, and later than it by more than calibration allows. Null for the net reader, which promises nothing. */
  readonly beyondBound: number | null
  readonly farBeyondBound: number | null
  readonly cpuPerMessage: number
  readonly rssMegabytes: number
  readonly mockLateness: { readonly p50: number; readonly p99: number }
}

/** The engine's median error over the net reader's at the same streams and start; and the same of each round alone. */
interface BenchRatio extends Omit<Cell, 'reader'> {
  readonly ratio: number
  readonly ofRounds: readonly number[]
}

/** What calibration grants a stamp beyond its bound, ms: the kernel's share and the mock's. */
const tolerance = 5

export function benchRow(cell: Cell, readings: readonly Reading[]): BenchRow {
  const samples = readings.flatMap((reading) => reading.samples)
  const errors = samples.map(({ error }) => error)
  const lateness = samples.map((sample) => sample.lateness)
  const said = cell.streams * readings.length
  const beyond = (allowed: number): number | null => (cell.reader === 'net' ? null : samples.filter(({ error, bound }) => error > bound + allowed).length)
  return {
    ...cell,
    said,
    n: samples.length,
    error: { p50: quantile(errors, 0.5), p99: quantile(errors, 0.99), max: quantile(errors, 1) },
    beyondBound: beyond(0),
    farBeyondBound: beyond(tolerance),
    cpuPerMessage: rounded(readings.reduce((sum, { cpuMilliseconds }) => sum + cpuMilliseconds, 0) / said),
    rssMegabytes: Math.round(Math.max(...readings.map(({ rssBytes }) => rssBytes)) / 1024 / 1024),
    mockLateness: { p50: quantile(lateness, 0.5), p99: quantile(lateness, 0.99) },
  }
}

export function benchRatios(readings: ReadonlyMap<Cell, readonly Reading[]>): BenchRatio[] {
  const middle = (samples: readonly Sample[]): number => quantile(samples.map(({ error }) => error), 0.5)
  return [...readings].flatMap(([cell, engine]) => {
    const net = [...readings].find(([other]) => other.reader === 'net' && other.start === cell.start && other.streams === cell.streams)?.[1]
    if (cell.reader !== 'engine' || net === undefined) return []
    const ratio = (one: readonly Reading[], other: readonly Reading[]): number => rounded(middle(one.flatMap(({ samples }) => samples)) / middle(other.flatMap(({ samples }) => samples)))
    return [{ start: cell.start, streams: cell.streams, ratio: ratio(engine, net), ofRounds: engine.flatMap((reading, round) => (net[round] === undefined ? [] : [ratio([reading], [net[round]])])) }]
  })
}

/** @throws {RangeError} where there are no values: nobody may print a cell without any. */
function quantile(values: readonly number[], q: number): number {
  const value = rankQuantile(values, q)
  if (value === undefined) throw new RangeError('a quantile of nothing')
  return rounded(value)
}

const rounded = (value: number): number => Math.round(value * 1_000) / 1_000

export function benchCeiling(streams: number, steps: readonly CeilingStep[]): BenchDocument['ceiling'] {
  return { streams, limit: latenessLimit, ...ceilingOf(steps), steps }
}

export function benchText({ machine, seed, rounds, quick, wave, rows, ratios, ceiling }: BenchDocument): string {
  const titles = ['reader', 'streams', 'n', 'error p50', 'p99', 'max', '> bound', 'CPU ms/msg', 'RSS MB', 'mock late p50', 'p99']
  const columns = titles.map((title, index) => ({ title, align: index === 0 ? 'left' as const : 'right' as const }))
  const cells = rows.map((row) => [
    `${row.reader} ${row.start}`, String(row.streams), row.n === row.said ? String(row.n) : `${row.n} of ${row.said}`, row.error.p50.toFixed(2), row.error.p99.toFixed(2), row.error.max.toFixed(2),
    row.beyondBound === null ? '-' : String(row.beyondBound), row.cpuPerMessage.toFixed(2), String(row.rssMegabytes), row.mockLateness.p50.toFixed(2), row.mockLateness.p99.toFixed(2),
  ].map((text) => ({ text })))
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; load average ${machine.load.before.toFixed(1)} before and ${machine.load.after.toFixed(1)} after; ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, seed ${seed}${quick ? '; --quick: no figures to keep' : ''}`,
    '',
    ...textTable(columns, cells, { width: 110, palette: palette(false) }),
    `Times in ms. Streams of ${wave.tokens} tokens, ${wave.gap} ms apart. Error: stamp of the first token − the instant at which the mock wrote it.`,
    ...farBeyond(rows),
    '',
    'Median error, engine / net reader (per round, least to most)',
    ...ratios.map(({ start, streams, ratio, ofRounds }) => `  ${start} ${String(streams).padStart(4)}  ${ratio.toFixed(2)}  (${Math.min(...ofRounds).toFixed(2)} to ${Math.max(...ofRounds).toFixed(2)})`),
    '',
    ceilingText(ceiling),
    '',
  ].join('\n')
}

function farBeyond(rows: readonly BenchRow[]): string[] {
  const far = rows.reduce((sum, { farBeyondBound }) => sum + (farBeyondBound ?? 0), 0)
  return [`Later than their bound by more than the ${tolerance} ms that calibration grants: ${far}.`]
}

function ceilingText({ streams, limit, held, exceeded, steps }: BenchDocument['ceiling']): string {
  const at = (rate: number | null): string => {
    const p99 = Math.min(...steps.filter(({ asked }) => asked === rate).map((step) => step.p99))
    return `${rate ?? 0} tokens/s (p99 ${p99.toFixed(1)} ms late)`
  }
  const low = held === null ? 'it held no rate that was tried' : `it held ${at(held)}`
  const high = exceeded === null ? 'and was asked for no more' : `and was beyond ${limit} ms at ${at(exceeded)}`
  return `The mock with ${streams} streams and a reader that discards: ${low} ${high}.`
}
