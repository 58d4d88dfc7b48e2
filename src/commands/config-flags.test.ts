import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { withConfig } from './config-flags.ts'
import type { Config } from './config-schema.ts'

const astra: Config = {
  target: { kind: 'open-webui', url: 'https://chat.example.org' }, model: 'llama3', mock: 'http://127.0.0.1:9100', modelUrl: 'http://127.0.0.1:11434/v1', container: 'astra-ai', tokenEnv: 'ASTRA_TOKEN',
  headers: { 'CF-Access-Client-Secret': 'env:CF_SECRET' }, caFile: 'ca.pem', allowHosts: ['chat.example.org'], load: 'gentle', maxMessages: 200, maxTokens: 9_000, budget: '10m', rounds: 6, stallLimit: '2s',
  out: 'astra-reports', set: { errorWithin: '8s', copies: 4 }, bounds: { concurrent: { 'hello starts immediately': { pass: '10s' } } },
}

test('without flags and environment the file says everything, as strings that one would type', () => {
  expect(withConfig({}, astra, {})).toEqual({
    target: 'open-webui=https://chat.example.org', model: 'llama3', mock: 'http://127.0.0.1:9100', modelUrl: 'http://127.0.0.1:11434/v1', container: ['astra-ai'], tokenEnv: 'ASTRA_TOKEN', header: ['CF-Access-Client-Secret=env:CF_SECRET'],
    caFile: 'ca.pem', allowHost: ['chat.example.org'], load: 'gentle', maxMessages: '200', maxTokens: '9000', budget: '10m', rounds: '6', stallLimit: '2s', out: 'astra-reports', set: ['errorWithin=8s', 'copies=4'], bounds: astra.bounds,
  })
})

test('no file and no environment leave the flags as they were', () => {
  const flags = { target: 'openai=http://127.0.0.1/v1', header: ['X-A=env:A'], allowHost: ['a.example'], yes: true }
  expect(withConfig(flags, {}, { PATH: '/bin' })).toEqual(flags)
  expect(withConfig({}, {}, {})).toEqual({})
})

const environment = { FIRST_TOKEN_TARGET: 'open-webui=https://chat.example.org/', FIRST_TOKEN_MODEL: 'qwen', FIRST_TOKEN_OUT: 'ci', FIRST_TOKEN_ALLOW_HOST: 'a.example, b.example', FIRST_TOKEN_YES: '1' }

test('flags stand above the environment, and that above the file', () => {
  expect(withConfig({}, astra, environment)).toMatchObject({ target: environment.FIRST_TOKEN_TARGET, model: 'qwen', out: 'ci', allowHost: ['a.example', 'b.example', 'chat.example.org'], yes: true, budget: '10m' })
  expect(withConfig({ target: 'open-webui=https://chat.example.org', model: 'phi', out: 'mine', budget: '1m', allowHost: ['c.example'], set: ['errorWithin=2s'], rounds: '2' }, astra, environment))
    .toMatchObject({ target: 'open-webui=https://chat.example.org', model: 'phi', out: 'mine', budget: '1m', rounds: '2', allowHost: ['c.example', 'a.example', 'b.example', 'chat.example.org'], set: ['errorWithin=2s', 'copies=4'] })
})

test('the container of the file is that of its target, and of no other', () => {
  expect(withConfig({ target: 'open-webui=https://chat.example.org/' }, astra, {})).toMatchObject({ container: ['astra-ai'] })
  expect(withConfig({ target: 'open-webui=http://127.0.0.1:3000' }, astra, {})).not.toHaveProperty('container')
  expect(withConfig({ before: 'openai=http://10.0.0.4/v1', after: 'openai=http://10.0.0.5/v1' }, astra, {})).not.toHaveProperty('container')
  expect(withConfig({ container: ['other'] }, astra, {})).toMatchObject({ container: ['other'] })
})

test('who names a system names all of them', () => {
  const two: Config = { before: { kind: 'openai', url: 'http://10.0.0.1/v1' }, after: { kind: 'openai', url: 'http://10.0.0.2/v1' } }
  expect(withConfig({}, two, {})).toEqual({ before: 'openai=http://10.0.0.1/v1', after: 'openai=http://10.0.0.2/v1' })
  expect(withConfig({ target: 'ollama=http://10.0.0.3' }, two, {})).toEqual({ target: 'ollama=http://10.0.0.3' })
  expect(withConfig({}, two, { FIRST_TOKEN_TARGET: 'ollama=http://10.0.0.3' })).toEqual({ target: 'ollama=http://10.0.0.3' })
  expect(withConfig({ before: 'openai=http://10.0.0.4/v1', after: 'openai=http://10.0.0.5/v1' }, { target: { kind: 'ollama', url: 'http://10.0.0.3' } }, environment)).not.toHaveProperty('target')
})

test('credentials of the file go to no other origin than the file names', () => {
  for (const target of ['open-webui=https://other.example.org', 'open-webui=http://chat.example.org', 'openai=no address']) {
    const merged = withConfig({ target }, astra, {})
    expect(merged).not.toHaveProperty('tokenEnv')
    expect(merged).not.toHaveProperty('header')
    expect(merged).toMatchObject({ target, model: 'llama3' })
  }
  expect(withConfig({}, astra, { FIRST_TOKEN_TARGET: 'open-webui=https://other.example.org' })).not.toHaveProperty('tokenEnv')
  expect(withConfig({ target: 'openai=https://chat.example.org/api' }, astra, {})).toMatchObject({ tokenEnv: 'ASTRA_TOKEN' })
  expect(withConfig({ target: 'openai=http://10.0.0.1/v1' }, { tokenEnv: 'ASTRA_TOKEN' }, {})).toMatchObject({ tokenEnv: 'ASTRA_TOKEN' })
})

test('one way to sign in at the command line replaces that of the file', () => {
  expect(withConfig({ apiKeyEnv: 'KEY' }, astra, {})).toMatchObject({ apiKeyEnv: 'KEY', header: ['CF-Access-Client-Secret=env:CF_SECRET'] })
  expect(withConfig({ apiKeyEnv: 'KEY' }, astra, {})).not.toHaveProperty('tokenEnv')
  expect(withConfig({ header: ['authorization=env:A', 'cf-access-client-secret=env:B'] }, astra, {})).toMatchObject({ header: ['authorization=env:A', 'cf-access-client-secret=env:B'] })
  expect(withConfig({ header: ['authorization=env:A'] }, astra, {})).not.toHaveProperty('tokenEnv')
  const byHeader: Config = { target: { kind: 'ollama', url: 'http://10.0.0.1' }, headers: { Authorization: 'env:A', 'X-B': 'env:B' } }
  expect(withConfig({ apiKeyFile: 'key' }, byHeader, {}).header).toEqual(['X-B=env:B'])
})

test('a run on the control stack takes nothing that belongs to a deployment', () => {
  expect(withConfig({ defect: ['slots=1'] }, astra, environment)).toEqual({ defect: ['slots=1'], out: 'ci', allowHost: ['a.example', 'b.example', 'chat.example.org'], yes: true })
  expect(withConfig({}, { model: 'llama3', load: 'gentle', tokenEnv: 'A', bounds: {}, rounds: 2, set: { copies: 4 } }, { FIRST_TOKEN_MODEL: 'qwen' })).toEqual({ rounds: '2', set: ['copies=4'] })
  expect(withConfig({ model: 'typed' }, {}, {})).toEqual({ model: 'typed' })
})

test('variables that say nothing are refused together; empty ones and a no are none', () => {
  const refuse = (): unknown => withConfig({}, {}, { FIRST_TOKEN_TARGET: 'http://127.0.0.1', FIRST_TOKEN_YES: 'maybe' })
  expect(refuse).toThrow(UsageError)
  expect(refuse).toThrow(/FIRST_TOKEN_TARGET is not KIND=URL[^]*FIRST_TOKEN_YES is neither/)
  expect(withConfig({}, {}, { FIRST_TOKEN_TARGET: '', FIRST_TOKEN_YES: '0', FIRST_TOKEN_ALLOW_HOST: ' ' })).toEqual({})
})
