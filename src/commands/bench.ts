import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { RunClock } from '../engine/node/clock.ts'
import { seeded, sideOrder } from '../engine/plan.ts'
import { mockJournal } from '../observe/journal.ts'
import { renderTable } from '../report/table.ts'
import { startSideProcess } from '../stack/side-process.ts'
import { rankQuantile } from '../stats/quantile.ts'
import { benchClient, clientKinds, type ClientKind } from './bench-client.ts'
import { processFiles } from './package-files.ts'

/** What a client process says of its own run: per message the stamp of the first token, CLOCK_MONOTONIC ms. */
const clientReport = z.object({
  firstTokens: z.array(z.object({ id: z.string(), at: z.number(), bound: z.number() })),
  cpuMilliseconds: z.number(),
  rssBytes: z.number(),
})
type ClientReport = z.infer<typeof clientReport>

/** Stamp − the instant at which the mock wrote the same token, ms, pooled over rounds; and what the client cost. */
interface BenchRow {
  readonly client: ClientKind
  readonly streams: number
  readonly errors: number[]
  readonly beyondBound: number
  readonly cpuPerMessage: number
  readonly rssMegabytes: number
  /** Written − due of the mock while this client listened, ms. */
  readonly latenessP99: number
}

/**
 * The benchmark of the measuring path: the engine's own sessions against a bare `node:net` reader, the same streams from the same mock, one
 * after the other in an order drawn per round. Ground truth is the mock's journal.
 */
async function bench(streamCounts: readonly number[], rounds: number, seed: number): Promise<void> {
  const clock = new RunClock(() => {})
  const random = seeded(seed)
  const side = await startSideProcess({ name: 'the mock', file: processFiles().mock, args: [] })
  const journal = mockJournal(side.url, () => clock.now())
  const rows: BenchRow[] = []
  try {
    for (const streams of streamCounts) {
      const reports = new Map<ClientKind, { report: ClientReport; errors: number[]; beyond: number; lateness: number[] }[]>(clientKinds.map((kind) => [kind, []]))
      for (let round = 0; round < rounds; round += 1) {
        for (const kind of sideOrder([...clientKinds], random) as ClientKind[]) {
          await journal.collect()
          const report = await runClient(kind, side.url, streams, `${kind}-${streams}-${round}`)
          const written = new Map((await journal.collect()).map((entry) => [entry.id ?? '', entry]))
          const seen = report.firstTokens.flatMap(({ id, at, bound }) => {
            const entry = written.get(id)
            return entry?.firstTokenAt === null || entry?.firstTokenAt === undefined ? [] : [{ error: at - entry.firstTokenAt, bound, late: entry.firstTokenAt - (entry.firstTokenDueAt ?? entry.firstTokenAt) }]
          })
          process.stderr.write(`${streams} streams, round ${round + 1} of ${rounds}: ${kind}, ${seen.length} first tokens\n`)
          reports.get(kind)?.push({ report, errors: seen.map(({ error }) => error), beyond: seen.filter(({ error, bound }) => error > bound + 5).length, lateness: seen.map(({ late }) => late) })
        }
      }
      for (const [client, all] of reports) rows.push(benchRow(client, streams, all))
    }
  } finally {
    await journal.close()
    await side.stop()
    clock.stop()
  }
  process.stdout.write(benchTable(rows))
}

function benchRow(client: ClientKind, streams: number, all: readonly { report: ClientReport; errors: number[]; beyond: number; lateness: number[] }[]): BenchRow {
  const messages = all.reduce((sum, { report }) => sum + report.firstTokens.length, 0)
  return {
    client,
    streams,
    errors: all.flatMap(({ errors }) => errors),
    beyondBound: all.reduce((sum, { beyond }) => sum + beyond, 0),
    cpuPerMessage: all.reduce((sum, { report }) => sum + report.cpuMilliseconds, 0) / Math.max(1, messages),
    rssMegabytes: Math.max(...all.map(({ report }) => report.rssBytes)) / 1024 / 1024,
    latenessP99: rankQuantile(all.flatMap(({ lateness }) => lateness), 0.99) ?? Number.NaN,
  }
}

function benchTable(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.client, String(row.streams), String(row.errors.length), ...[0.5, 0.99, 1].map((q) => (rankQuantile(row.errors, q) ?? Number.NaN).toFixed(2)),
    row.client === 'net' ? '-' : String(row.beyondBound), row.cpuPerMessage.toFixed(2), row.rssMegabytes.toFixed(0), row.latenessP99.toFixed(2),
  ])
  const head = ['client', 'streams', 'n', 'error p50', 'p99', 'max', '> bound', 'CPU ms/msg', 'RSS MB', 'mock late p99']
  return `${renderTable([head, ...cells])}\nTimes in ms. Error: stamp of the first token − the instant at which the mock wrote it.\n`
}

function runClient(kind: ClientKind, mock: string, streams: number, prefix: string): Promise<ClientReport> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--client', kind, '--mock', mock, '--streams', String(streams), '--prefix', prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (bytes: Buffer) => { text += bytes.toString() })
    child.on('error', reject)
    child.on('exit', (code) => {
      if (code === 0) resolve(clientReport.parse(JSON.parse(text)))
      else reject(new Error(`the ${kind} client ended with ${code ?? 'a signal'}`))
    })
  })
}

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1,50,200' },
    rounds: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    client: { type: 'string' },
    mock: { type: 'string', default: '' },
    prefix: { type: 'string', default: '' },
  },
})
const kind = clientKinds.find((known) => known === values.client)
if (kind === undefined) await bench(values.streams.split(',').map(Number), Number(values.rounds), Number(values.seed))
else process.stdout.write(JSON.stringify(await benchClient({ kind, mock: values.mock, streams: Number(values.streams), prefix: values.prefix })))
