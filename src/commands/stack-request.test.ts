import { expect, test } from 'vitest'
import { profileInRun, type StackRequest } from './stack-request.ts'

const request = (environment: Record<string, string>): StackRequest => ({
  name: 'open-webui', profiles: ['before', 'after'], via: 'api', modelServer: 'mock', environment, mockSettings: {}, errorWithin: 45_000,
})

test('a side that --set-env made another is no more called by the bare name of its profile, and no value is told', () => {
  expect(profileInRun(request({}), 'after')).toBe('after')
  const changed = request({ 'after:THREAD_POOL_SIZE': 'secret' })
  expect([profileInRun(changed, 'before'), profileInRun(changed, 'after')]).toEqual(['before', 'after with another THREAD_POOL_SIZE'])
  expect(profileInRun(request({ A: '1', 'before:B': '2' }), 'before')).toBe('before with another A, B')
})
