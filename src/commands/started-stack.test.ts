import { mkdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ollamaVersion } from '../stack/ollama/build.ts'
import { type FakeOllama, fakeOllama } from '../stack/ollama/test/fake-ollama.ts'
import { startStack } from './started-stack.ts'

let fake: FakeOllama
beforeEach(async () => { fake = await fakeOllama() })
afterEach(async () => {
  vi.unstubAllEnvs()
  await fake.remove()
})

test('a value that came from the environment reaches the side and none of its settings', async () => {
  const folder = path.join(fake.folder, 'cache', `ollama-${ollamaVersion}`)
  await mkdir(folder, { recursive: true })
  await rename(fake.program, path.join(folder, 'ollama'))
  vi.stubEnv('FIRST_TOKEN_CACHE', path.join(fake.folder, 'cache'))
  const request = { name: 'ollama', profiles: ['before', 'after'], via: 'api', modelServer: 'ollama', environment: { 'after:NEW_ONE': 'canary-1', OTHER: '7' }, untold: ['after:NEW_ONE'], mockSettings: {}, errorWithin: 45_000 } as const
  const stack = await startStack(request, { note: () => {}, signal: new AbortController().signal })
  try {
    expect(stack.targets.map(({ settings }) => [settings?.['NEW_ONE'], settings?.['OTHER']])).toEqual([[undefined, '7'], ['set', '7']])
    expect(JSON.stringify(stack.targets)).not.toContain('canary-1')
  } finally {
    await stack.down()
  }
})
