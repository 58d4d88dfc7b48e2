import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { parseConfig, pathText, readConfig } from './config-file.ts'
import { configJsonSchema } from './config-schema.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-config-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

async function problems(config: unknown): Promise<string[]> {
  const text = typeof config === 'string' ? config : JSON.stringify(config)
  try {
    await parseConfig(text)
    return []
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return error.problems.map(({ what, fix }) => `${what} ${fix}`)
  }
}

/** Every member once, as a user would write it. */
const whole = {
  $schema: './node_modules/first-token/schema/config.schema.json',
  target: { kind: 'open-webui', url: 'https://chat.example.org' },
  model: 'llama3', modelUrl: 'http://127.0.0.1:11434/v1', mock: 'http://127.0.0.1:9100',
  tokenEnv: 'ASTRA_TOKEN', headers: { 'CF-Access-Client-Secret': 'env:CF_SECRET' },
  caFile: 'ca.pem', allowHosts: ['chat.example.org', '93.184.215.14', '2001:db8::1'], load: 'gentle', maxMessages: 200, maxTokens: 20_000,
  budget: '10m', rounds: 6, stallLimit: '500ms', out: 'reports', set: { errorWithin: '8s', copies: 4 },
  bounds: { concurrent: { 'hello starts immediately': { pass: '10s', fail: '20s' }, 'hello does not wait for the story': { pass: 0.02 } } },
}

test('a configuration with every member is accepted as it stands', async () => {
  expect(await parseConfig(JSON.stringify(whole))).toEqual(whole)
  expect(await problems({ before: whole.target, after: whole.target, userEnv: 'ASTRA_USER', passwordEnv: 'ASTRA_PASSWORD' })).toEqual([])
  expect(await problems({ apiKeyFile: 'key' })).toEqual([])
  expect(await problems({ headers: { Authorization: 'env:ASTRA_AUTHORIZATION' } })).toEqual([])
  expect(await problems({})).toEqual([])
})

test('all mistakes are told at once, each with its place and its fix', async () => {
  const found = await problems({
    targt: {}, target: { kind: 'openwebui', port: 3000 }, budget: 10, stallLimit: '2m', rounds: 1.5, load: 'heavy', maxTokens: null, allowHosts: ['https://chat.example.org'],
    set: { errorWithin: '8 parsecs' }, bounds: { concurrent: { 'hello starts immediately': { pass: 'soon', fial: '3s' }, 'no word is lost': 0 } },
  })
  for (const says of [
    /first-token\.json: targt is not known\. Did you mean target\?/,
    /: target\.kind is "openwebui", which is not a kind of system\. Write "openai", "ollama" or "open-webui"/,
    /: target\.url is missing\. Write it whole/,
    /: target\.port is not known\. There are kind, url/,
    /: budget is 10, which is not a length of time of more than 0\. Write it in quotes with its unit/,
    /: stallLimit is "2m", which is not a length of time of more than 0 and at most a minute/,
    /: rounds is 1\.5, which/,
    /: load is "heavy"/,
    /: maxTokens is null, which is not a whole number/,
    /: allowHosts\[0\] is "https:\/\/chat\.example\.org", which is not a host\. Write the host alone/,
    /: set\.errorWithin is "8 parsecs"/,
    /: bounds\.concurrent\."hello starts immediately"\.pass is "soon", which is not a length of time or a number/,
    /: bounds\.concurrent\."hello starts immediately"\.fial is not known\. Did you mean fail\?/,
    /: bounds\.concurrent\."no word is lost" is 0, which is not a bound\. Write \{ "pass": "1s" \}/,
  ]) expect(found).toContainEqual(expect.stringMatching(says))
  expect(found).toHaveLength(14)
})

const canary = 'canary0secret0canary0secret'

test.each<[object, RegExp]>([
  [{ apiKey: canary }, /apiKey looks like a secret[^]*export ASTRA_KEY=…[^]*"apiKeyEnv": "ASTRA_KEY"/],
  [{ token: canary }, /token looks like a secret[^]*"tokenEnv"/],
  [{ password: canary }, /password looks like a secret[^]*"passwordEnv"/],
  [{ clientSecret: canary }, /clientSecret looks like a secret/],
  [{ target: { kind: 'openai', url: 'http://127.0.0.1:1/v1', apiKey: canary } }, /target\.apiKey looks like a secret/],
  [{ apiKeyEnv: `sk-${canary}` }, /apiKeyEnv is not the name of an environment variable\. Write the name alone/],
  [{ tokenEnv: canary }, /tokenEnv is not the name/],
  [{ tokenEnv: `eyJhbGciOiJIUzI1NiJ9.${canary}.x` }, /tokenEnv is not the name/],
  [{ headers: { Authorization: `Bearer ${canary}` } }, /headers\.Authorization is not a value from the environment\. Write "env:VAR"/],
  [{ headers: { 'X-Key': canary } }, /headers\.X-Key is not a value from the environment/],
  [{ headers: { 'X-Key': `env:${canary}` } }, /headers\.X-Key is not a value/],
  [{ target: { kind: 'openai', url: `http://user:${canary}@127.0.0.1/v1` } }, /target\.url is not a base address/],
  [{ mock: `http://127.0.0.1/?key=${canary}` }, /mock is not a base address/],
  [{ model: `sk-${canary}` }, /model looks like a secret/],
  [{ allowHosts: [`sk-${canary}`] }, /allowHosts\[0\] looks like a secret/],
])('a secret in the file is refused with the way to name it, and not repeated: %j', async (config, says) => {
  const found = await problems(config)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(says)
  expect(found[0]).not.toContain('canary')
})

test('names that only sound like secrets are none', async () => {
  for (const [member, meant] of [['maxToken', 'maxTokens'], ['tokenenv', 'tokenEnv'], ['apiKeyEnvv', 'apiKeyEnv']] as const) expect((await problems({ [member]: 'X' })).join()).toMatch(new RegExp(`Did you mean ${meant}`))
  for (const name of ['ASTRA_TOKEN', 'OPENAI_API_KEY', 'token2', 'MY_VERY_LONG_AND_WORDY_TOKEN_NAME_2']) expect(await problems({ tokenEnv: name })).toEqual([])
  expect((await problems({ label: 'before' })).join()).toMatch(/label is nothing that a configuration says\. It belongs to one run: say it there, with --label/)
})

test.each<[object, RegExp]>([
  [{ target: whole.target, after: whole.target }, /target and after are both given/],
  [{ before: whole.target }, /before is given without after/],
  [{ apiKeyEnv: 'A', apiKeyFile: 'b' }, /apiKeyEnv and apiKeyFile/],
  [{ tokenEnv: 'A', apiKeyEnv: 'B' }, /tokenEnv and apiKeyEnv/],
  [{ tokenEnv: 'A', headers: { authorization: 'env:B' } }, /headers\.authorization and tokenEnv/],
  [{ passwordEnv: 'A' }, /passwordEnv is given without userEnv/],
  [{ bounds: { concurrent: { 'a b': { pass: '3s', fail: '1s' } } } }, /bounds\.concurrent\."a b"\.fail is below pass/],
  [{ bounds: { concurrent: { 'a b': { pass: '3s', fail: 5 } } } }, /fail is not of the same kind as pass/],
])('what does not go together is refused: %j', async (config, says) => {
  const found = await problems(config)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(says)
})

test.each([
  ['{\n  "model": "llama3",\n}', /first-token\.json, line 2, column 20: JSON does not support trailing commas/],
  ['{\n  "é": x }', /line 2, column 8: Unexpected "x"/],
  ['// mine\n{}', /line 1, column 1: JSON does not support comments/],
  ['{ "apiKey": canary0secret }', /line 1, column 13: Unexpected what stands there/],
  ['{ "model": "a" canary0secret', /line 1, column 16/],
  ['', /line 1, column 1: Unexpected end of file/],
  ['{ "model": "a",\n "model": "b" }', /line 2, column 2: Duplicate key "model"\. Keep one/],
  ['[]', /the file is \[\], which is not an object/],
])('what is no JSON is refused with line and column: %j', async (text, says) => {
  const found = await problems(text)
  expect(found.join('\n')).toMatch(says)
  expect(found.join('\n')).not.toContain('canary')
})

test('a byte order mark is no mistake, and a member called __proto__ is an unknown one', async () => {
  expect(await problems('\uFEFF{}')).toEqual([])
  expect((await problems('{ "__proto__": {} }')).join()).toMatch(/__proto__ is not known/)
})

test('the file of the folder is found, --config names another, and neither is needed', async () => {
  const folder = mkdtempSync(path.join(scratch, 'folder-'))
  expect(await readConfig({ folder })).toEqual({ path: undefined, config: {} })
  await expect(readConfig({ folder, file: 'none.json' })).rejects.toThrow(/none\.json cannot be read \(ENOENT\)/)
  await expect(readConfig({ folder, file: '.' })).rejects.toThrow(/cannot be read \(EISDIR\)/)
  writeFileSync(path.join(folder, 'first-token.json'), '{ "out": "reports", "model": "a" }')
  expect(await readConfig({ folder })).toEqual({ path: path.join(folder, 'first-token.json'), config: { out: 'reports', model: 'a' } })
  mkdirSync(path.join(folder, 'astra'))
  writeFileSync(path.join(folder, 'astra', 'prod.json'), '{ "out": "reports", "caFile": "/etc/ca.pem", "apiKeyFile": "../key" }')
  expect((await readConfig({ folder, file: 'astra/prod.json' })).config).toEqual({ out: path.join('astra', 'reports'), caFile: '/etc/ca.pem', apiKeyFile: 'key' })
  writeFileSync(path.join(folder, 'bad.json'), '{ "modle": "a" }')
  await expect(readConfig({ folder, file: 'bad.json' })).rejects.toThrow(/^bad\.json: modle is not known\. Did you mean model\?$/)
})

test('a place is written so that it can be found', () => {
  expect(pathText(['bounds', 'web-search', 'a "b"', 'pass'])).toBe('bounds.web-search."a \\"b\\"".pass')
  expect(pathText(['allowHosts', 1])).toBe('allowHosts[1]')
})

test('schema/config.schema.json is the schema of this file; npx vitest run src/commands/config-file.test.ts -u writes it', async () => {
  await expect(`${JSON.stringify(configJsonSchema(), null, 2)}\n`).toMatchFileSnapshot('../../schema/config.schema.json')
})
