import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ownIdentity } from './process-identity.ts'
import { withLock } from './start-lock.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'first-token-lock-')) })
afterAll(() => rm(folder, { recursive: true, force: true }))

const never = new AbortController().signal
const quiet = { waiting: () => {}, signal: never }

test('of many who come at once one works at a time, and each gets its turn', async () => {
  const file = path.join(folder, 'deep/many.lock')
  let inside = 0
  let most = 0
  const waitedFor: number[] = []
  const made = await Promise.all([1, 2, 3].map((number) => withLock(file, { waiting: ({ pid }) => waitedFor.push(pid), signal: never }, async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => { setTimeout(resolve, 20) })
    inside -= 1
    return number
  })))
  expect(made).toEqual([1, 2, 3])
  expect(most).toBe(1)
  expect(waitedFor).toEqual([process.pid, process.pid])
  expect(existsSync(file)).toBe(false)
})

test('it is given back where the work fails', async () => {
  const file = path.join(folder, 'failing.lock')
  await expect(withLock(file, quiet, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withLock(file, quiet, () => Promise.resolve('yes'))).toBe('yes')
})

test('one whose holder lives is waited for until the signal ends it, one whose holder has died is taken over at once', async () => {
  const file = path.join(folder, 'dead.lock')
  writeFileSync(file, JSON.stringify(ownIdentity()))
  await expect(withLock(file, { waiting: () => {}, signal: AbortSignal.timeout(100) }, () => Promise.resolve('in'))).rejects.toThrow(/aborted/)
  const { pid } = spawnSync('true')
  writeFileSync(file, JSON.stringify({ ...ownIdentity(), pid }))
  expect(await withLock(file, quiet, () => Promise.resolve('in'))).toBe('in')
  // The number of the dead is somebody else's now.
  writeFileSync(file, JSON.stringify({ ...ownIdentity(), began: '1' }))
  expect(await withLock(file, quiet, () => Promise.resolve('in'))).toBe('in')
})

test('one that somebody else has taken over meanwhile is left to them, and nothing but the lock is ever there', async () => {
  const file = path.join(folder, 'lost/taken-over.lock')
  const theirs = JSON.stringify({ ...ownIdentity(), hold: 'theirs' })
  await withLock(file, quiet, () => {
    expect(readdirSync(path.dirname(file))).toEqual(['taken-over.lock'])
    writeFileSync(file, theirs)
    return Promise.resolve()
  })
  expect(readFileSync(file, 'utf8')).toBe(theirs)
})
