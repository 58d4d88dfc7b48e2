// The product as a user runs it, for the scripts that show what it does: runs, what they wrote, and the tally of what was right.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')
export const cli = path.join(root, 'dist/cli.js')
/** What the runs wrote; kept where FIRST_TOKEN_SHOWS names a folder for it. */
const kept = process.env.FIRST_TOKEN_SHOWS
if (kept !== undefined) mkdirSync(kept, { recursive: true })
export const scratch = kept ?? mkdtempSync(path.join(tmpdir(), 'first-token-shows-'))
const seen = { passed: 0, failed: 0 }

export function says(what, right, detail) {
  seen[right ? 'passed' : 'failed'] += 1
  console.log(`${right ? 'ok  ' : 'FAIL'} ${what}: ${detail}`)
}

/** Runs the product to its end. */
export function firstToken(args, { out = mkdtempSync(path.join(scratch, 'run-')), environment = {}, onStart = () => {} } = {}) {
  return new Promise((resolve) => {
    const from = Date.now()
    const child = spawn(process.execPath, [cli, ...args, '--out', out], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
    const result = { stdout: '', stderr: '', out }
    child.stdout.on('data', (bytes) => { result.stdout += bytes })
    child.stderr.on('data', (bytes) => { result.stderr += bytes })
    onStart(child)
    child.on('exit', (code) => {
      if (kept !== undefined) writeFileSync(path.join(out, 'printed.txt'), `${args.join(' ')}\n\n${result.stdout}\n${result.stderr}`)
      resolve({ ...result, code, seconds: (Date.now() - from) / 1000 })
    })
  })
}

export const newestFolder = ({ out }) => path.join(out, readdirSync(out).filter((name) => /^\d/.test(name)).sort().at(-1) ?? '')

/** The verdict document that a run left; one without runs where it left none. */
export const documentOf = (result) => {
  const file = path.join(newestFolder(result), 'verdict.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { runs: [], statements: [], verdict: `nothing (exit ${result.code}): ${result.stderr.slice(-400)}` }
}

export const recordsOf = (result, scenario) => readFileSync(path.join(newestFolder(result), scenario, 'run.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
export const claims = (document) => document.runs.flatMap((run) => run.claims)
export const claimOf = (document, side, metric) => claims(document).find((claim) => claim.side === side && claim.metric === metric)
export const judgedWrong = (document) => claims(document).filter(({ role, verdict }) => role === 'judged' && verdict !== 'pass' && verdict !== 'skipped')
export const brief = (list) => list.map(({ side, claim, verdict, reason }) => `${side} "${claim}" ${verdict}: ${reason}`).join('; ')

/** Runs the lines that were asked for, all where none was; the process then exits with what they came to. */
export async function showLines(lines) {
  const wanted = process.argv.slice(2)
  const unknown = wanted.filter((line) => !Object.hasOwn(lines, line))
  if (unknown.length > 0) {
    console.error(`there is no line ${unknown.join(', ')}; the lines are ${Object.keys(lines).join(' ')}`)
    process.exit(2)
  }
  for (const line of wanted.length > 0 ? wanted : Object.keys(lines)) await lines[line]()
  if (kept === undefined) rmSync(scratch, { recursive: true, force: true })
  console.log(`${seen.passed} right, ${seen.failed} wrong`)
  process.exitCode = seen.failed > 0 || seen.passed === 0 ? 1 : 0
}
