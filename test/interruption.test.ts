import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'

const cli = path.resolve(import.meta.dirname, '../dist/cli.js')
const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-interruption-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const environment = { PATH: process.env['PATH'] ?? '', HOME: scratch }

const report = (folder: string, format: string): string => spawnSync(process.execPath, [cli, 'report', folder, '--format', format], { encoding: 'utf8', env: environment, cwd: scratch }).stdout

function childrenOf(pid: number): string[] {
  return spawnSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).stdout.split('\n').filter((line) => line.trim().split(/\s+/)[1] === String(pid))
}

/** Starts a run, waits until its run file has a kept round, and hands its pid over. */
async function interrupted(signal: NodeJS.Signals): Promise<{ code: number | null; folder: string; children: string[]; stderr: string }> {
  const out = mkdtempSync(path.join(scratch, 'interrupted-'))
  const child = spawn(process.execPath, [cli, 'run', 'concurrent', '--quick', '--out', out], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => { stderr += bytes.toString() })
  child.stdout.resume()
  const ended = new Promise<number | null>((resolve) => { child.on('exit', resolve) })
  const runFile = (): string => path.join(out, readdirSync(out)[0] ?? '', 'concurrent', 'run.ndjson')
  await expect.poll(() => existsSync(runFile()) && readFileSync(runFile(), 'utf8').includes('"type":"round"'), { timeout: 60_000, interval: 200 }).toBe(true)
  const children = childrenOf(child.pid ?? 0).map((line) => line.trim().split(/\s+/)[0] ?? '')
  expect(children.length).toBeGreaterThanOrEqual(3)
  child.kill(signal)
  return { code: await ended, folder: path.dirname(runFile()), children, stderr }
}

const isAlive = (pid: string): boolean => existsSync(`/proc/${pid}`)

// At the same time: each waits for a run of its own, most of the time for its calibration.
test.concurrent('Ctrl-C leaves a reportable run that says interrupted, and no process', async ({ expect }) => {
  const { code, folder, children } = await interrupted('SIGINT')
  expect(code).toBe(130)
  await expect.poll(() => children.filter(isAlive), { timeout: 5_000 }).toEqual([])
  expect(JSON.parse(report(folder, 'json'))).toMatchObject({ verdict: 'inconclusive', runs: [{ interrupted: true }] })
  expect(existsSync(path.join(folder, 'verdict.json'))).toBe(true)
}, 90_000)

test.concurrent('kill -9 leaves a reportable run that says interrupted, and no process', async ({ expect }) => {
  const { folder, children } = await interrupted('SIGKILL')
  await expect.poll(() => children.filter(isAlive), { timeout: 5_000 }).toEqual([])
  expect(JSON.parse(report(folder, 'json'))).toMatchObject({ verdict: 'inconclusive', runs: [{ interrupted: true }] })
}, 90_000)

/** Four hundred messages in its first seconds, which take more than 200 kB. */
const talkative = `import { ms, scenario } from 'first-token'
export default scenario({
  name: 'talkative',
  question: 'Does anything fill the disk?',
  messages: { chat: { text: 'Tell me something', mock: { tokens: 1, firstTokenAfter: ms(2) } } },
  phases: { crowd: { together: ['chat'], copies: 400 } },
  claims: ({ lostTokens }) => ({ 'no word is lost': lostTokens().atMost(0) }),
})
`

test.concurrent('a disk that takes no more is told of, and nothing is left running', { timeout: 60_000 }, async ({ expect }) => {
  const out = path.join(scratch, 'full')
  const file = path.join(scratch, 'talkative.ts')
  writeFileSync(file, talkative)
  // A limit on the size of files stands in for a full disk: the write fails in the middle of the run. The bundled scenario, 130 kB, is still written.
  const ended = await new Promise<{ status: number | null; stderr: string }>((resolve) => {
    const child = spawn('bash', ['-c', `ulimit -f 200; exec '${process.execPath}' '${cli}' run '${file}' --quick --out '${out}'`], { env: environment, cwd: scratch, stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (bytes: Buffer) => { stderr += bytes.toString() })
    child.on('close', (status) => resolve({ status, stderr }))
  })
  expect(ended.stderr).toMatch(/run\.ndjson cannot be written any more \(E[A-Z]+\)[^]*--out/)
  expect(ended.stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
  expect(ended.status).toBe(2)
  const [folder = ''] = readdirSync(out)
  expect(report(path.join(out, folder), 'terminal')).toMatch(/interrupted/i)
})
