import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { underLock } from './build-lock.ts'

let folder: string
beforeAll(async () => { folder = await mkdtemp(path.join(tmpdir(), 'first-token-lock-')) })
afterAll(() => rm(folder, { recursive: true, force: true }))

const never = new AbortController().signal
const quiet = { onWait: () => {}, signal: never }

test('of many who come at once one works at a time, and each gets its turn', async () => {
  const file = path.join(folder, 'deep/many.lock')
  let inside = 0
  let most = 0
  let waited = 0
  const made = await Promise.all([1, 2, 3].map((number) => underLock({ file, onWait: () => { waited += 1 }, signal: never }, async () => {
    inside += 1
    most = Math.max(most, inside)
    await new Promise((resolve) => { setTimeout(resolve, 20) })
    inside -= 1
    return number
  })))
  expect(made).toEqual([1, 2, 3])
  expect(most).toBe(1)
  expect(waited).toBe(2)
  expect(existsSync(file)).toBe(false)
})

test('it is given back where the work fails', async () => {
  const file = path.join(folder, 'failing.lock')
  await expect(underLock({ file, ...quiet }, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await underLock({ file, ...quiet }, () => Promise.resolve('yes'))).toBe('yes')
})

test('one whose holder died is taken over, one that is fresh is waited for until the signal ends it', async () => {
  const file = path.join(folder, 'dead.lock')
  writeFileSync(file, '')
  const signal = AbortSignal.timeout(100)
  await expect(underLock({ file, onWait: () => {}, signal }, () => Promise.resolve('in'))).rejects.toThrow()
  utimesSync(file, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000))
  expect(await underLock({ file, ...quiet }, () => Promise.resolve('in'))).toBe('in')
})
