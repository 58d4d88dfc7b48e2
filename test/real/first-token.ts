import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { verdictDocument, type VerdictDocument } from '../../src/verdict/document.ts'

const cli = path.resolve(import.meta.dirname, '../../dist/cli.js')

/** A command of first-token that ended. */
interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface Command {
  readonly child: ChildProcess
  /** What it has said on stderr so far. */
  readonly said: () => string
  readonly ended: Promise<Ended>
}

/** Starts `first-token ARGS…`, as somebody in a terminal would. */
export function command(...args: readonly string[]): Command {
  const child = spawn(process.execPath, [cli, ...args], { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => { texts.stdout += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { texts.stderr += text })
  const ended = new Promise<Ended>((resolve) => { child.once('close', (code) => resolve({ code, ...texts })) })
  return { child, said: () => texts.stderr, ended }
}

/** Runs it to its end. */
export const firstToken = (...args: readonly string[]): Promise<Ended> => command(...args).ended

/** A verdict document, with the exit code it came with and what was said meanwhile. */
export interface Judged {
  readonly code: number | null
  readonly document: VerdictDocument
  readonly stderr: string
}

/** `first-token run ARGS… --json`, with its reports in a folder that is gone afterwards. @throws where it printed no verdict: with what it said instead. */
export async function run(...args: readonly string[]): Promise<Judged> {
  const out = mkdtempSync(path.join(tmpdir(), 'first-token-real-'))
  try {
    const { code, stdout, stderr } = await firstToken('run', ...args, '--json', '--out', out)
    const parsed = verdictDocument.safeParse(jsonOf(stdout))
    if (!parsed.success) throw new Error(`first-token run ${args.join(' ')} ended with ${code}: ${stderr}\n${stdout.slice(0, 1_000)}`)
    return { code, document: parsed.data, stderr }
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The verdict of a claim, by side: `{ before: 'pass', after: 'fail' }`. */
export function verdictsOf({ document }: Judged, scenario: string, claim: string): Record<string, string> {
  const claims = document.runs.find((one) => one.scenario === scenario)?.claims ?? []
  return Object.fromEntries(claims.filter((one) => one.claim === claim).map(({ side, verdict }) => [side, verdict]))
}

/** What makes the measurement untrustworthy, in the words of the report; empty where nothing does. */
export const invalidities = ({ document }: Judged): string[] => document.runs.flatMap(({ validity }) => validity.filter(({ verdict }) => verdict === 'invalid').map(({ detail }) => detail))

/** How many of a side's stalled hellos the model is to blame for, how many of those stood in its queue, and how many anybody else is. */
export function blamedOf({ document }: Judged, side: string): { readonly model: number; readonly queued: number; readonly others: number } {
  const rows = (document.runs[0]?.attribution ?? []).filter((row) => row.side === side)
  const sum = (layer: keyof (typeof rows)[number]['stalledBy']): number => rows.reduce((total, { stalledBy }) => total + stalledBy[layer], 0)
  return { model: sum('model'), queued: rows.reduce((total, { modelQueue }) => total + (modelQueue?.queued ?? 0), 0), others: sum('beforeModel') + sum('afterModel') + sum('tester') + sum('unknown') }
}
