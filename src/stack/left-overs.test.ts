import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { stopStack } from './left-overs.ts'
import { processesIn } from './process-identity.ts'
import { knownStacks, newStackFolder, writeState } from './stack-folder.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-left-overs-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const gone = { pid: 4_194_303, began: '0' }

/** What was left behind, and is looked at through a link to its cache folder. */
function leftBehind(name: string): { readonly folder: string; readonly linked: string } {
  const cache = path.join(scratch, name)
  mkdirSync(cache)
  symlinkSync(cache, `${cache}-link`)
  const folder = newStackFolder(cache, 'ollama')
  writeState(folder, { stack: 'ollama', owner: gone, since: '2026-01-01T00:00:00.000Z', sides: [] })
  return { folder, linked: `${cache}-link` }
}

test.runIf(process.platform === 'linux')('a process is found through a link, and ended', async () => {
  const { folder, linked } = leftBehind('linked')
  const child = spawn('tail', ['-f', '/dev/null'], { cwd: folder, detached: true, stdio: 'ignore' })
  const ended = new Promise((resolve) => { child.once('exit', (_code, signal) => resolve(signal)) })
  const [stack] = knownStacks(linked)
  if (stack === undefined) expect.fail('no stack is known')
  try {
    await expect.poll(() => processesIn(stack.folder)).toEqual([child.pid])
    expect(await stopStack(stack)).toEqual({ ended: 1 })
    expect(await ended).toBe('SIGKILL')
    expect(existsSync(folder)).toBe(false)
  } finally {
    child.kill('SIGTERM')
  }
})

const hasScript = spawnSync('script', ['--version']).status === 0

test.runIf(process.platform === 'linux' && hasScript)('a shell that somebody took into the folder is left alone', async () => {
  const { folder, linked } = leftBehind('visited')
  // `script` gives it a terminal.
  const visitor = spawn('script', ['-qc', `cd '${folder}' && exec tail -f /dev/null`, '/dev/null'], { cwd: scratch, detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  const [stack] = knownStacks(linked)
  if (stack === undefined) expect.fail('no stack is known')
  try {
    const visits = (): boolean => spawnSync('sh', ['-c', `for one in /proc/[0-9]*; do [ "$(readlink "$one/cwd")" = '${folder}' ] && cat "$one/comm"; done; true`], { encoding: 'utf8' }).stdout.includes('tail')
    await expect.poll(visits, { timeout: 5_000 }).toBe(true)
    expect(processesIn(stack.folder)).toEqual([])
    expect(await stopStack(stack)).toEqual({ ended: 0 })
    expect(visitor.exitCode ?? visitor.signalCode).toBeNull()
  } finally {
    visitor.kill('SIGTERM')
  }
})

test('our own process is never among them', () => {
  expect(processesIn(process.cwd())).not.toContain(process.pid)
})
