import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { parseConfig } from './config-file.ts'
import type { CommandContext } from './context.ts'
import { init, type InitFlags } from './init.ts'
import { Interrupted, type Person } from './person.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-init-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let file = ''
beforeEach(() => { file = path.join(mkdtempSync(path.join(scratch, 'folder-')), 'first-token.json') })

const servers: Server[] = []
afterEach(() => { for (const server of servers.splice(0)) server.close() })

type Reply = { readonly status?: number; readonly body?: unknown; readonly location?: string }

/** A server that answers some paths, and others with a page, as single-page applications do. `asked` are its paths with the token that came. */
async function serverOf(replies: Readonly<Record<string, Reply | ((token: string | undefined) => Reply)>>): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const token = request.headers.authorization
    asked.push(`${request.url ?? ''} ${token ?? ''}`.trim())
    const found = replies[request.url ?? '']
    const reply = typeof found === 'function' ? found(token) : found
    if (reply === undefined) response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    else response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...(reply.location === undefined ? {} : { location: reply.location }) }).end(JSON.stringify(reply.body ?? {}))
  })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, asked }
}

const list = (...names: string[]): Reply => ({ body: { data: names.map((id) => ({ id })) } })
const token = 'eyJcanary.canary.canary'
const openWebUi = (...names: string[]): Parameters<typeof serverOf>[0] => ({
  '/api/version': { body: { version: '0.12.4', deployment_id: '' } },
  '/api/config': { body: { status: true, name: 'Astra\u001b[2J', version: '0.12.4', oauth: { providers: {} }, features: { auth: true } } },
  '/api/models': (sent) => (sent === `Bearer ${token}` ? list(...names) : { status: 401, body: { detail: '401 Unauthorized' } }),
})
const ollama = { '/api/version': { body: { version: '0.5.1' } }, '/api/tags': { body: { models: [{ name: 'llama3:latest' }] } }, '/v1/models': list('llama3:latest') }

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly written: Record<string, unknown>
  readonly error: UsageError | undefined
}

/** Somebody who answers each question with the first answer whose pattern matches it, once; who is asked anything else fails the test. */
function person(...answers: (readonly [RegExp, string | Error])[]): Person & { asked: string[] } {
  const asked: string[] = []
  const left = [...answers]
  const ask = async (question: string): Promise<string> => {
    asked.push(question)
    const index = left.findIndex(([pattern]) => pattern.test(question))
    const [found] = index < 0 ? [] : left.splice(index, 1)
    if (found === undefined) throw new Error(`asked: ${question}`)
    if (found[1] instanceof Error) throw found[1]
    return found[1]
  }
  return { asked, ask, agrees: async (question) => (await ask(question)).startsWith('y'), leave: () => {} }
}

async function run(flags: InitFlags, somebody?: Person, environment: CommandContext['environment'] = {}): Promise<Ended> {
  let out = ''
  let err = ''
  const context: CommandContext = { argv: [], environment, out: (text) => { out += text }, err: (text) => { err += text }, colour: false, width: undefined }
  let error: UsageError | undefined
  const code = await init({ out: file, ...flags }, context, somebody).catch((reason: unknown) => {
    if (!(reason instanceof UsageError)) throw reason
    error = reason
    return reason.exitCode
  })
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '{}'
  expect(`${out}${err}${text}${error?.message ?? ''}`).not.toContain('canary')
  expect(`${out}${err}`).not.toContain('\u001b')
  expect(readdirSync(path.dirname(file)).filter((name) => name !== 'first-token.json')).toEqual([])
  return { code, out, err, written: await parseConfig(text), error }
}

test('Open WebUI is recognised, asked for its models with the token, and only the name of the variable is written', async () => {
  const { url, asked } = await serverOf(openWebUi('llama3'))
  const ended = await run({ url: `${url}/`, tokenEnv: 'ASTRA_TOKEN', yes: true }, undefined, { ASTRA_TOKEN: token })
  expect(ended.code).toBe(0)
  expect(ended.written).toEqual({ target: { kind: 'open-webui', url }, model: 'llama3', tokenEnv: 'ASTRA_TOKEN' })
  expect(ended.err).toMatch(/Open WebUI 0\.12\.4, called Astra[^]*Model: llama3, the only one/)
  expect(ended.out).toMatch(/is written: open-webui at .*, model llama3\.[^]*first-token run all --config .* --label before[^]*--label after --against before/)
  expect(ended.out).not.toContain('read -rs')
  // The token goes where models are listed, and nowhere else.
  expect(asked.filter((line) => line.includes('Bearer'))).toEqual([`/api/models Bearer ${token}`])
})

test('Ollama is recognised before OpenAI, whose paths it answers too; a base with /v1 is brought to its root', async () => {
  const { url } = await serverOf(ollama)
  const ended = await run({ url: `${url}/v1` })
  expect(ended.written).toEqual({ target: { kind: 'ollama', url }, model: 'llama3:latest' })
})

test('an OpenAI base is found below the address, or is the address', async () => {
  const { url } = await serverOf({ '/v1/models': list('m'), '/gateway/models': list('n') })
  expect((await run({ url })).written).toEqual({ target: { kind: 'openai', url: `${url}/v1` }, model: 'm' })
  expect((await run({ url: `${url}/gateway`, force: true })).written).toEqual({ target: { kind: 'openai', url: `${url}/gateway` }, model: 'n' })
})

test('a person is shown what was found and asked for the rest; wrong answers are asked again', async () => {
  const { url } = await serverOf(openWebUi('llama3', 'qwen', 'phi'))
  const somebody = person([/Address/, 'localhost:3000'], [/Address/, url], [/Kind.*\[open-webui\]/, 'astra'], [/Kind/, ''], [/variable/, token], [/variable/, 'MY_TOKEN'], [/Model/, '9'], [/Model/, '2'])
  const ended = await run({}, somebody, { MY_TOKEN: token })
  expect(ended.written).toEqual({ target: { kind: 'open-webui', url }, model: 'qwen', tokenEnv: 'MY_TOKEN' })
  expect(ended.err).toMatch(/not a base address\. Write it whole[^]* {2}1 {2}llama3\n {2}2 {2}qwen/)
  expect(somebody.asked).toHaveLength(8)
})

test('a person without the token in the environment is told so, may leave the model out, and is told how to set it', async () => {
  const { url } = await serverOf(openWebUi('llama3'))
  const ended = await run({ url }, person([/Kind/, ''], [/variable/, ''], [/Model \(empty/, '']))
  expect(ended.written).toEqual({ target: { kind: 'open-webui', url }, tokenEnv: 'ASTRA_TOKEN' })
  expect(ended.err).toMatch(/cannot be asked for \(.*\/api\/models answered 401: the environment has no ASTRA_TOKEN\)/)
  expect(ended.out).toMatch(/read -rs ASTRA_TOKEN && export ASTRA_TOKEN/)
})

test('without a terminal every flag that is missing is named at once', async () => {
  expect((await run({})).error?.message).toMatch(/--url is missing[^]*--kind, --model, --token-env where the server does not tell/)
  const { url } = await serverOf(openWebUi('llama3', 'qwen'))
  const guarded = await run({ url, yes: true }, person())
  expect(guarded.code).toBe(2)
  expect(guarded.error?.problems.map(({ what }) => what.split(':')[0])).toEqual(['--token-env is missing', '--model is missing, and the models cannot be asked for (http'])
  const open = await run({ url, tokenEnv: 'T' }, undefined, { T: token })
  expect(open.error?.problems).toEqual([{ what: `--model is missing: ${url} offers 2 models.`, fix: 'Name one with --model: llama3, qwen.' }])
  expect((await run({ url, tokenEnv: 'T', model: 'phi' }, undefined, { T: token })).error?.message).toMatch(/does not offer phi[^]*llama3, qwen/)
  expect((await run({ url, tokenEnv: 'T' }, undefined, { T: 'old' })).error?.message).toMatch(/what T holds is wrong or expired/)
  expect(existsSync(file)).toBe(false)
})

test('what shows nothing of itself has to be named; where everything is named it need not even answer', async () => {
  const { url } = await serverOf({ '/api/config': { status: 302, location: 'https://login.example.org/?next=canary' } })
  const unknown = await run({ url, model: 'm' })
  expect(unknown.error?.message).toMatch(/--kind is missing: what answers at that address does not show what it is/)
  expect(unknown.err).toMatch(/\/api\/config: 302, on to login\.example\.org \(a sign-in page\?\)\n\/api\/tags: 200 with a page\n/)
  const silent = await run({ url: 'http://127.0.0.1:9', kind: 'openai', model: 'm', tokenEnv: 'KEY' })
  expect(silent.err).toMatch(/no answer \(ECONNREFUSED\)/)
  expect(silent.written).toEqual({ target: { kind: 'openai', url: 'http://127.0.0.1:9' }, model: 'm', apiKeyEnv: 'KEY' })
})

test('an API that wants a key says so', async () => {
  const { url } = await serverOf({ '/v1/models': (sent) => (sent === `Bearer ${token}` ? list('m') : { status: 401, body: { error: { message: 'no key' } } }) })
  expect((await run({ url })).error?.message).toMatch(/--token-env is missing: .*\/v1\/models answered 401/)
  expect((await run({ url, tokenEnv: 'KEY' }, undefined, { KEY: token })).written).toEqual({ target: { kind: 'openai', url: `${url}/v1` }, model: 'm', apiKeyEnv: 'KEY' })
})

test('a server that gives the token back as the name of a model does not get it into the file', async () => {
  const { url } = await serverOf({ '/api/tags': { body: { models: [] } }, ...openWebUi(token, 'llama3', 'two\nlines') })
  expect((await run({ url, tokenEnv: 'T' }, undefined, { T: token })).written).toMatchObject({ model: 'llama3' })
})

test('flags that cannot be are refused together, and the token instead of its name is not shown', async () => {
  const { error } = await run({ url: `http://me:${token}@h`, kind: 'owui', tokenEnv: token })
  expect(error?.problems.map(({ what }) => what)).toEqual(['--url is not a base address.', '--kind owui is not known.', '--token-env is not the name of an environment variable.'])
})

test('a public host has to be called one’s own, by a flag or by the person, and is written down; a provider is refused', async () => {
  expect((await run({ url: 'http://93.184.215.14', kind: 'openai', model: 'm' })).error?.message).toMatch(/public host[^]*--allow-host 93\.184\.215\.14/)
  expect((await run({ url: 'http://93.184.215.14' }, person([/public host.*yours to load\?/, 'n']))).error?.message).toMatch(/public host/)
  // Not one of the private networks, and yet this machine.
  const { url } = await serverOf(ollama)
  const here = url.replace('127.0.0.1', '0.0.0.0')
  const written = { target: { kind: 'ollama', url: here }, model: 'llama3:latest', allowHosts: ['0.0.0.0'] }
  expect((await run({ url: here, allowHost: ['0.0.0.0'] })).written).toEqual(written)
  expect((await run({ url: here, force: true }, person([/yours to load\?/, 'y'], [/Kind/, ''], [/variable/, '']))).written).toEqual(written)
  expect((await run({ url: 'https://api.openai.com/v1', force: true }, person())).error?.message).toMatch(/model provider/)
})

test('a file that is there is overwritten only by --force or a yes', async () => {
  const { url } = await serverOf(ollama)
  writeFileSync(file, '{}')
  expect((await run({ url })).error?.message).toMatch(/is there already[^]*--force/)
  expect((await run({ url }, person([/Overwrite it\?/, 'n']))).error?.message).toMatch(/was left as it is/)
  expect(readFileSync(file, 'utf8')).toBe('{}')
  expect((await run({ url }, person([/Overwrite it\?/, 'y'], [/Kind/, ''], [/variable/, '']))).written).toMatchObject({ target: { kind: 'ollama' } })
  expect((await run({ url, force: true, model: 'llama3:latest' })).code).toBe(0)
})

test('a link stays a link: what it points to is written', async () => {
  const { url } = await serverOf(ollama)
  const real = path.join(mkdtempSync(path.join(scratch, 'real-')), 'astra.json')
  writeFileSync(real, '{}')
  symlinkSync(real, file)
  expect((await run({ url, force: true })).code).toBe(0)
  expect(readFileSync(real, 'utf8')).toContain(url)
})

test('a file that cannot be written is refused', async () => {
  const { url } = await serverOf(ollama)
  expect((await run({ url, out: path.join(file, 'below', 'first-token.json') })).error?.message).toMatch(/cannot be written \(EN/)
  expect((await run({ url, out: path.dirname(file), force: true })).error?.message).toMatch(/cannot be written \(EISDIR\)/)
  expect(readdirSync(scratch).filter((name) => name.endsWith('.part'))).toEqual([])
})

test('Ctrl-C at any question writes nothing and is 130, the end of the input is 2', async () => {
  const { url } = await serverOf(openWebUi('a', 'b'))
  const all = [[/Address/, url], [/Kind/, ''], [/variable/, 'T'], [/Model/, '1']] as const
  for (let stop = 0; stop < all.length; stop += 1) {
    for (const [by, code] of [['ctrl-c', 130], ['end', 2]] as const) {
      const ended = await run({}, person(...all.map(([pattern, answer], index) => [pattern, index === stop ? new Interrupted(by) : answer] as const)), { T: token })
      expect(ended.code).toBe(code)
      expect(existsSync(file)).toBe(false)
    }
  }
})
