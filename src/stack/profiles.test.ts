import { expect, test } from 'vitest'
import { openWebUiProfiles, profileEnvironment, profileNames, quickErrorWithin, wantsRedis, workersOf } from './profiles.ts'

test.each([
  { profile: 'before', workers: 1, redis: false, environment: { UVICORN_WORKERS: '1', AIOHTTP_CLIENT_TIMEOUT: '300' } },
  { profile: 'after', workers: 4, redis: false, environment: { UVICORN_WORKERS: '4', AIOHTTP_CLIENT_TIMEOUT: '45', THREAD_POOL_SIZE: '20', DATABASE_POOL_SIZE: '10', AIOHTTP_POOL_CONNECTIONS: '100' } },
  { profile: 'small', workers: 2, redis: true, environment: { UVICORN_WORKERS: '2', WEBSOCKET_MANAGER: 'redis', AIOHTTP_CLIENT_TIMEOUT: '600', AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT: '45', WEB_LOADER_TIMEOUT: '30' } },
  { profile: 'recommended', workers: 4, redis: true, environment: { UVICORN_WORKERS: '4', WEBSOCKET_MANAGER: 'redis', AIOHTTP_CLIENT_TIMEOUT: '600', AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT: '45', WEB_LOADER_TIMEOUT: '30' } },
] as const)('the profile $profile is what the operators say, or what the evidence supports', ({ profile, workers, redis, environment }) => {
  expect(profileEnvironment(profile)).toEqual(environment)
  expect(workersOf(environment)).toBe(workers)
  expect(wantsRedis(environment)).toBe(redis)
})

test('time-outs alone go with the time within which an error has to be seen', () => {
  expect(profileEnvironment('after', quickErrorWithin)).toMatchObject({ AIOHTTP_CLIENT_TIMEOUT: '6', THREAD_POOL_SIZE: '20', UVICORN_WORKERS: '4' })
  expect(profileEnvironment('before', quickErrorWithin)).toMatchObject({ AIOHTTP_CLIENT_TIMEOUT: '40' })
  expect(profileEnvironment('recommended', quickErrorWithin)).toMatchObject({ AIOHTTP_CLIENT_TIMEOUT: '80', AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT: '6', WEB_LOADER_TIMEOUT: '4' })
  expect(profileEnvironment('after', 8_000)).toMatchObject({ AIOHTTP_CLIENT_TIMEOUT: '8' })
  expect(profileEnvironment('after', 100)).toMatchObject({ AIOHTTP_CLIENT_TIMEOUT: '1' })
})

test('every setting has its reason, and no profile one twice', () => {
  for (const name of profileNames) {
    expect(openWebUiProfiles[name].filter(({ why }) => why.length < 20)).toEqual([])
    expect(new Set(openWebUiProfiles[name].map((setting) => setting.name)).size).toBe(openWebUiProfiles[name].length)
  }
})

test.each([['', 1], ['0', 1], ['many', 1], ['3', 3]])('UVICORN_WORKERS="%s" is %i', (text, workers) => {
  expect(workersOf({ UVICORN_WORKERS: text })).toBe(workers)
  expect(workersOf({})).toBe(1)
})
