import { expect, test } from 'vitest'
import { type SidePlan, sideEnvironment, sideSettings } from './environment.ts'

const plan: SidePlan = {
  port: 3_000, dataFolder: '/data', secretKey: 'k'.repeat(48), admin: { email: 'a@b', password: 'p' }, searchUrl: 'http://127.0.0.1:9100', redisUrl: undefined, settings: {},
  model: { kind: 'mock', url: 'http://127.0.0.1:9100', model: 'mock', taskModel: 'mock-task' },
}

test('--set-env goes on top of the profile, what names the side on top of what names none', () => {
  expect(sideSettings('after', 45_000, { THREAD_POOL_SIZE: '7', 'after:THREAD_POOL_SIZE': '8', 'before:UVICORN_WORKERS': '2', NEW_ONE: 'x=y' })).toEqual({
    UVICORN_WORKERS: '4', AIOHTTP_CLIENT_TIMEOUT: '45', THREAD_POOL_SIZE: '8', DATABASE_POOL_SIZE: '10', AIOHTTP_POOL_CONNECTIONS: '100', NEW_ONE: 'x=y',
  })
  expect(sideSettings('before', 45_000, { 'before:UVICORN_WORKERS': '2' })).toMatchObject({ UVICORN_WORKERS: '2' })
})

test('a side is told of Redis, the page and the model where they are', () => {
  const environment = sideEnvironment({ ...plan, redisUrl: 'redis://127.0.0.1:6400/0', settings: { WEBSOCKET_MANAGER: 'redis' } }, '/bin')
  expect(environment).toMatchObject({ REDIS_URL: 'redis://127.0.0.1:6400/0', WEBSOCKET_REDIS_URL: 'redis://127.0.0.1:6400/0', WEBSOCKET_MANAGER: 'redis', CORS_ALLOW_ORIGIN: 'http://127.0.0.1:3000;http://localhost:3000', OPENAI_API_BASE_URLS: 'http://127.0.0.1:9100/v1' })
  expect(sideEnvironment(plan, '/bin')).not.toHaveProperty('REDIS_URL')
  expect(sideEnvironment({ ...plan, model: { kind: 'ollama', url: 'http://127.0.0.1:11434', model: 'tiny' } }, '/bin')).toMatchObject({ ENABLE_OLLAMA_API: 'True', OLLAMA_BASE_URLS: 'http://127.0.0.1:11434', ENABLE_OPENAI_API: 'False' })
})

test('nothing of the environment of whoever runs this gets in', () => {
  process.env['HTTP_PROXY'] = 'http://127.0.0.1:1'
  try {
    expect(Object.values(sideEnvironment(plan, '/bin')).join()).not.toContain('127.0.0.1:1,')
    expect(sideEnvironment(plan, '/bin')).not.toHaveProperty('HTTP_PROXY')
  } finally {
    delete process.env['HTTP_PROXY']
  }
})
