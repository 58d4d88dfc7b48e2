import { expect, test } from 'vitest'
import type { Problem } from '../errors.ts'
import type { RunFlags } from './run-request.ts'
import { profileInRun, type StackRequest, stackRequest } from './stack-request.ts'

const request = (environment: Record<string, string>): StackRequest => ({
  name: 'open-webui', profiles: ['before', 'after'], via: 'api', modelServer: 'mock', environment, untold: [], mockSettings: {}, errorWithin: 45_000,
})

test('a side that --set-env made another is no more called by the bare name of its profile, and no value is told', () => {
  expect(profileInRun(request({}), 'after')).toBe('after')
  const changed = request({ 'after:THREAD_POOL_SIZE': 'secret' })
  expect([profileInRun(changed, 'before'), profileInRun(changed, 'after')]).toEqual(['before', 'after with another THREAD_POOL_SIZE'])
  expect(profileInRun(request({ A: '1', 'before:B': '2' }), 'before')).toBe('before with another A, B')
})

/** What --set-env comes to, and what is wrong with it. */
function asked(setEnv: string[], environment: Record<string, string> = {}, flags: RunFlags = {}): { readonly request: StackRequest | undefined; readonly problems: readonly string[] } {
  const problems: Problem[] = []
  const made = stackRequest({ stack: 'open-webui', ...flags, setEnv }, problems, environment)
  return { request: made, problems: problems.map(({ what, fix }) => `${what} ${fix}`) }
}

test('a value may come from the environment, and is marked then', () => {
  const { request: made, problems } = asked(['after:OPENAI_API_TOKEN=env:MINE', 'THREAD_POOL_SIZE=40'], { MINE: 'hush' })
  expect(problems).toEqual([])
  expect(made).toMatchObject({ environment: { 'after:OPENAI_API_TOKEN': 'hush', THREAD_POOL_SIZE: '40' }, untold: ['after:OPENAI_API_TOKEN'] })
  expect(asked(['NEW_ONE=env:NONE', 'OTHER=env:EMPTY'], { EMPTY: '' }).problems).toEqual([expect.stringMatching(/--set-env NEW_ONE: the environment has no NONE\./), expect.stringMatching(/OTHER.*no EMPTY\./)])
})

test.each(['A_SECRET', 'MY_PASSWORD_FILE', 'HF_TOKEN', 'TAVILY_API_KEY', 'API_KEYS', 'DATABASE_URL', 'VECTOR_DATABASE_URL'])('%s is not taken as it is typed, and its value is not repeated', (name) => {
  const { problems } = asked([`after:${name}=hush`])
  expect(problems).toEqual([expect.stringContaining(`Write --set-env ${name}=env:VAR`)])
  expect(problems.join()).not.toContain('hush')
})

test('names that only look like those of secrets are taken, and what is no change does not repeat its value', () => {
  expect(asked(['MONKEY=1', 'KEY_COUNT=2', 'DATABASE_URLS=3']).problems).toEqual([])
  expect(asked(['password=hush', 'nobody:A=hush']).problems.join()).not.toContain('hush')
})

test.each([
  { flags: {}, setEnv: ['DATA_DIR=/tmp', 'after:REDIS_URL=redis://x', 'THREAD_POOL_SIZE=7'], problems: [/--set-env DATA_DIR: first-token sets this one itself/, /--set-env after:REDIS_URL: first-token brings the Redis/] },
  { flags: { stack: 'ollama' }, setEnv: ['OLLAMA_HOST=0.0.0.0', 'after:HOME=/', 'OLLAMA_NUM_PARALLEL=2', 'DATA_DIR=/tmp'], problems: [/OLLAMA_HOST: first-token sets/, /after:HOME: first-token sets/] },
  { flags: { modelServer: 'ollama' }, setEnv: ['OLLAMA_MODELS=/tmp', 'after:OLLAMA_NUM_PARALLEL=2', 'OLLAMA_BASE_URL=x'], problems: [/OLLAMA_MODELS: first-token sets/, /one Ollama answers all sides\. Write --set-env OLLAMA_NUM_PARALLEL=…/, /OLLAMA_BASE_URL: first-token sets/] },
  { flags: { stack: 'compose', modelServer: 'ollama' }, setEnv: ['after:DATA_DIR=/elsewhere'], problems: [/the Ollama of the compose file has no model/, /after:DATA_DIR: first-token sets/] },
])('what a stack cannot have is told with the flags, all of it: $flags $setEnv', ({ flags, setEnv, problems }) => {
  expect(asked(setEnv, {}, flags).problems).toEqual(problems.map((words) => expect.stringMatching(words)))
})

test.each([
  { setEnv: ['UVICORN_WORKERS=lots', 'after:AIOHTTP_CLIENT_TIMEOUT=45s'], problems: [/UVICORN_WORKERS: its value is no whole number\. Write --set-env UVICORN_WORKERS=4/, /after:AIOHTTP_CLIENT_TIMEOUT: its value is no whole number\. It is in seconds, without a unit: after:AIOHTTP_CLIENT_TIMEOUT=45\./] },
  { setEnv: ['THREAD_POOL_SIZE=1.5', 'DATABASE_POOL_SIZE=-1'], problems: [/THREAD_POOL_SIZE: its value/, /DATABASE_POOL_SIZE: its value/] },
  { setEnv: ['UVICORN_WORKER=2', 'after:THREAD_POLO_SIZE=2'], problems: [/UVICORN_WORKER: .*Did you mean UVICORN_WORKERS\?/, /after:THREAD_POLO_SIZE: .*Did you mean THREAD_POOL_SIZE\?/] },
  { setEnv: ['THREAD_POOL_SIZE=1', 'THREAD_POOL_SIZE=2', 'after:A=1', 'after:A=1'], problems: [/THREAD_POOL_SIZE is given twice\. Keep one\./, /after:A is given twice/] },
  { setEnv: ['REDIS_URL=redis://x', 'before:WEBSOCKET_REDIS_URL=redis://x'], problems: [/REDIS_URL: .*Write --set-env after:WEBSOCKET_MANAGER=redis, and first-token starts one/, /--set-env before:WEBSOCKET_MANAGER=redis/] },
  { flags: { stack: 'compose' }, setEnv: ['REDIS_URL=redis://x'], problems: [/the side recommended has one/] },
  { flags: { stack: 'ollama' }, setEnv: ['OLLAMA_NUM_PARALEL=2', 'before:OLLAMA_NUM_PARALLEL=two'], problems: [/OLLAMA_NUM_PARALEL: .*OLLAMA_NUM_PARALLEL\?/, /before:OLLAMA_NUM_PARALLEL: its value/] },
])('what a side would not take as it is meant is refused: $setEnv', ({ flags = {}, setEnv, problems }) => {
  expect(asked(setEnv, {}, flags).problems).toEqual(problems.map((words) => expect.stringMatching(words)))
})

test('a number, none, a side beside all, and names that are close to those of the profiles are taken', () => {
  expect(asked(['UVICORN_WORKERS=2', 'after:UVICORN_WORKERS=3', 'AIOHTTP_CLIENT_TIMEOUT=', 'AIOHTTP_CLIENT_TIMEOUT_OLLAMA=x', 'DATABASE_POOL_TIMEOUT=x', 'WEBSOCKET_MANAGER=redis']).problems).toEqual([])
})

test('a number from the environment is not repeated where it is none', () => {
  const { problems } = asked(['UVICORN_WORKERS=env:MINE'], { MINE: 'hush' })
  expect(problems).toEqual([expect.stringMatching(/no whole number/)])
  expect(problems.join()).not.toContain('hush')
})

function problemsOf(flags: RunFlags): readonly string[] {
  const problems: Problem[] = []
  stackRequest(flags, problems, {})
  return problems.map(({ what, fix }) => `${what} ${fix}`)
}

test('a stack that there is none of hides nothing else that is wrong, and is told as what it may have meant', () => {
  expect(problemsOf({ stack: 'openwebui', via: 'sokket', modelServer: 'gpt', setEnv: ['x', 'after:A=1'], defect: ['mock:nosuch=1', 'before:slots=1'] })).toEqual([
    expect.stringMatching(/--via sokket is not known\. It takes api, socket, browser/),
    expect.stringMatching(/There is no stack "openwebui"\. Did you mean open-webui\?/),
    expect.stringMatching(/--model-server gpt is not known here\. It takes mock or ollama/),
    expect.stringMatching(/--set-env x is not \[PROFILE:\]NAME=VALUE/),
    expect.stringMatching(/no setting "nosuch"/),
  ])
  expect(problemsOf({ stack: 'kubernetes' })).toEqual([expect.stringMatching(/There are control, open-webui, ollama, compose\./)])
})

test('a way that there is none of is told as such without a stack, too', () => {
  expect(problemsOf({ via: 'sokket' })).toEqual([expect.stringMatching(/--via sokket is not known/)])
  expect(problemsOf({ via: 'sokket', target: 'openai=http://127.0.0.1:1' })).toEqual([expect.stringMatching(/--via sokket is not known/)])
  expect(problemsOf({ via: 'browser' })).toEqual([expect.stringMatching(/--via says something about a real stack/)])
  expect(problemsOf({ via: 'socket' })).toEqual([])
})
