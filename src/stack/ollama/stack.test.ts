import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runningProcesses } from '../control/test/running-processes.ts'
import { ollamaVersion } from './build.ts'
import { ollamaProfiles } from './profiles.ts'
import { knownStacks } from '../stack-folder.ts'
import { startOllamaStack } from './stack.ts'
import { type FakeOllama, fakeOllama } from './test/fake-ollama.ts'

let fake: FakeOllama
beforeEach(async () => { fake = await fakeOllama() })
afterEach(async () => {
  expect(runningProcesses(fake.folder)).toEqual([])
  await fake.remove()
})

/** With the fake in the place where a built one is looked for. */
async function start(profiles: readonly string[], changes: Record<string, string> = {}) {
  const folder = path.join(fake.folder, 'cache', `ollama-${ollamaVersion}`)
  await mkdir(folder, { recursive: true })
  await rename(fake.program, path.join(folder, 'ollama'))
  return startOllamaStack({ profiles, changes, environment: { FIRST_TOKEN_CACHE: `${fake.folder}/cache` }, note: () => {}, signal: new AbortController().signal })
}

test('before answers one at a time, after four; each is a side with an address of its own and the rate of its model', async () => {
  expect(ollamaProfiles).toEqual({ before: { OLLAMA_NUM_PARALLEL: '1' }, after: { OLLAMA_NUM_PARALLEL: '4' } })
  const stack = await start(['before', 'after'])
  expect(stack.sides.map(({ name, profile, settings, tokensPerSecond }) => ({ name, profile, slots: settings['slots'], rate: Math.round(tokensPerSecond) }))).toEqual([
    { name: 'before', profile: 'before', slots: 1, rate: 250 }, { name: 'after', profile: 'after', slots: 4, rate: 250 },
  ])
  expect(new Set(stack.sides.map(({ url }) => url)).size).toBe(2)
  const [known] = knownStacks(path.join(fake.folder, 'cache'), 'ollama')
  expect(known?.state?.sides).toEqual(stack.sides.map(({ name, profile, url, log, pid }) => ({ name, profile, url, log, pids: [pid] })))
  await stack.down()
  await stack.down()
  expect(readdirSync(path.join(fake.folder, 'cache/state'))).toEqual([])
})

test('a change for one side stands above one for all, and that above the profile', async () => {
  const stack = await start(['before', 'after'], { OLLAMA_NUM_PARALLEL: '3', 'after:OLLAMA_NUM_PARALLEL': '8' })
  expect(stack.sides.map(({ settings }) => settings['slots'])).toEqual([3, 8])
  await stack.down()
})

test.each([
  { what: 'a change that it does not survive', changes: { OTHER: 'x' }, error: { name: 'UsageError', exitCode: 2, message: expect.stringMatching(/^ollama after did not start: exit code 3: no room Leave out what --set-env changes[^]*failed-start/) } },
  { what: 'one of a profile', changes: {}, error: { name: 'SideProcessError', message: expect.stringMatching(/no room\nThe logs are kept in .*failed-start/) } },
])('$what is told with where its log is', async ({ changes, error }) => {
  await fake.remove()
  fake = await fakeOllama({ serve: `console.error('no room'); process.exit(3)` })
  await expect(start(['after'], changes)).rejects.toMatchObject(error)
  expect(readFileSync(path.join(fake.folder, 'cache/failed-start/ollama-after.log'), 'utf8')).toContain('no room')
})

test('a port that is taken is told before anything is started', async () => {
  const stack = await start(['after'])
  const taken = Number(new URL(stack.sides[0]?.url ?? '').port)
  await expect(startOllamaStack({ profiles: ['before'], changes: {}, firstPort: taken, environment: { FIRST_TOKEN_CACHE: `${fake.folder}/cache` }, note: () => {}, signal: new AbortController().signal })).rejects.toThrow(`Port ${taken} is taken`)
  await stack.down()
})
