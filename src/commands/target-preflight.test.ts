import { createServer } from 'node:https'
import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { ownCertificate } from '../target/test/certificate.ts'
import { chunk, finished, head, headOf, jsonAnswer, lastChunk, serve, token, unserved } from '../target/test/raw-server.ts'
import { checkAnswers, checkMock, checkPages, chosenModels, foreignPage } from './target-preflight.ts'
import type { Access, AskedTarget } from './sign-in.ts'

type Kind = AskedTarget['kind']

const page = (status: number): string => `HTTP/1.1 ${status} X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>`

/** A system that answers each path with a fixed text, and everything else with the answer of `*`. */
const system = (answers: Record<string, string>): Promise<string> => serve((socket, request) => socket.write(answers[request.split(' ')[1] ?? ''] ?? answers['*'] ?? jsonAnswer(404, { detail: 'Not Found' })))

const accessOf = (headers: Record<string, string> = {}, more: Partial<Access> = {}): Map<string, Access> => new Map([['a', { headers, trust: undefined, ...more }]])

async function refusal(checking: Promise<unknown>): Promise<{ exitCode: number; text: string }> {
  const error: unknown = await checking.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof UsageError)) throw new Error(`not refused: ${String(error)}`)
  return { exitCode: error.exitCode, text: error.problems.map(({ what, fix }) => `${what} | ${fix}`).join('\n') }
}

const models = (kind: Kind, url: string, wanted?: string, access = accessOf()): Promise<Map<string, string>> => chosenModels([{ side: 'a', kind, url }], wanted, access)

test('each kind lists its models where and how it has them, and the only one is taken', async () => {
  const data = jsonAnswer(200, { data: [{ id: 'one' }] })
  expect((await models('openai', `${await system({ '/v1/models': data })}/v1`)).get('a')).toBe('one')
  expect((await models('control', `${await system({ '/v1/models': jsonAnswer(200, [{ id: 'one' }]) })}/v1/`)).get('a')).toBe('one')
  expect((await models('open-webui', await system({ '/api/models': data }))).get('a')).toBe('one')
  expect((await models('ollama', await system({ '/api/tags': jsonAnswer(200, { models: [{ name: 'one:latest', model: 'one:latest' }] }) }))).get('a')).toBe('one:latest')
})

test('a model of ollama may be named without its tag', async () => {
  const url = await system({ '/api/tags': jsonAnswer(200, { models: [{ name: 'one:latest' }, { name: 'two:1b' }] }) })
  expect((await models('ollama', url, 'one')).get('a')).toBe('one:latest')
  expect((await models('ollama', url, 'two:1b')).get('a')).toBe('two:1b')
  expect((await refusal(models('ollama', url, 'two'))).text).toBe(`${url} does not offer the model two. | It offers one:latest, two:1b.`)
})

const webUi = { '/api/version': jsonAnswer(200, { version: '0.12.4', deployment_id: '' }), '*': page(200) }
const ollama = { '/': 'HTTP/1.1 200 X\r\nContent-Type: text/plain\r\nContent-Length: 17\r\n\r\nOllama is running', '/api/version': jsonAnswer(200, { version: '0.17.4' }), '*': 'HTTP/1.1 404 X\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n\r\n404 page not found' }
const gateway = { '/v1/models': jsonAnswer(200, { data: [] }) }

test.each([
  ['openai', '', webUi, 'answered with an HTML page (200), not with a list of models. | It is an Open WebUI: write open-webui=ORIGIN.'],
  ['open-webui', '/api', webUi, 'answered with an HTML page (200), not with a list of models. | It is an Open WebUI: write open-webui=ORIGIN.'],
  ['ollama', '', webUi, 'answered with an HTML page (200), not with a list of models. | It is an Open WebUI: write open-webui=ORIGIN.'],
  ['openai', '', ollama, 'answered 404. | It is an Ollama: write ollama=ORIGIN.'],
  ['ollama', '/v1', ollama, 'answered 404. | It is an Ollama: write ollama=ORIGIN.'],
  ['ollama', '', gateway, 'answered 404. | It is an OpenAI-compatible API: write openai=ORIGIN/v1.'],
  ['openai', '', gateway, 'answered 404. | It is an OpenAI-compatible API: write openai=ORIGIN/v1.'],
  ['openai', '', {}, 'answered 404. | The target is the base of an OpenAI-compatible API, like http://HOST:PORT/v1. Open WebUI is open-webui=http://HOST:PORT'],
  ['ollama', '', {}, 'answered 404. | ollama=URL takes the address of the server'],
  ['open-webui', '', {}, 'answered 404. | open-webui=URL takes the address that a browser opens'],
  ['ollama', '', { '/api/tags': jsonAnswer(200, { data: [] }) }, 'answered without a list of models.'],
] as const)('%s at "%s" of another system is told what to write', async (kind, path, answers, says) => {
  const url = await system(answers)
  const { exitCode, text } = await refusal(models(kind, `${url}${path}`))
  expect(exitCode).toBe(2)
  expect(text.replaceAll(url, 'ORIGIN')).toContain(says)
})

test.each([
  ['openai', jsonAnswer(401, { error: { message: 'bad key sk-canary-4711' } }), 2, /401 \(bad key \[secret\]\): the credentials are missing, wrong or expired\. \| Give a fresh one with --api-key-env/],
  ['open-webui', jsonAnswer(401, { detail: '401 Unauthorized' }), 2, /401 \(401 Unauthorized\): the credentials[\s\S]*--token-env[\s\S]*--user-env/],
  ['open-webui', jsonAnswer(403, { detail: 'Not allowed\u001b[31m' }), 2, /403 \(Not allowed\): the credentials/],
  ['openai', page(403), 2, /403 with an HTML page: something in front/],
  ['openai', page(401), 2, /401: the credentials/],
  ['openai', jsonAnswer(503, {}), 5, /answered 503/],
  ['openai', 'HTTP/1.1 302 X\r\nLocation: https://a.test/login/sk-canary-4711?next=x\r\nContent-Length: 0\r\n\r\n', 2, /redirects to https:\/\/a\.test\/login\/\[secret\] \(302\)/],
] as const)('%s that answers its list so is refused for what it is', async (kind, answer, exitCode, says) => {
  const refused = await refusal(models(kind, await system({ '*': answer }), undefined, accessOf({ authorization: 'Bearer sk-canary-4711' })))
  expect(refused.exitCode).toBe(exitCode)
  expect(refused.text).toMatch(says)
  expect(refused.text).not.toContain('canary')
  expect(refused.text).not.toContain('\u001b')
})

test('every target is asked, and whoever is not there is exit 5 unless something else is the user’s', async () => {
  const nobody = await unserved()
  const both = (url: string) => chosenModels([{ side: 'a', kind: 'openai', url: nobody }, { side: 'b', kind: 'openai', url }], undefined, accessOf())
  const away = await refusal(both(await unserved()))
  expect(away.exitCode).toBe(5)
  expect(away.text.match(/does not answer \(ECONNREFUSED\)/g)).toHaveLength(2)
  expect((await refusal(both(await system({})))).exitCode).toBe(2)
})

test('a certificate that is not believed is the user’s to settle, and --insecure settles it', async () => {
  const server = createServer(ownCertificate(), (_request, response) => { response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[{"id":"one"}]}') })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  const url = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const refused = await refusal(models('openai', url))
  expect(refused.exitCode).toBe(2)
  expect(refused.text).toMatch(/no agreement on TLS \(DEPTH_ZERO_SELF_SIGNED_CERT\)[\s\S]*--ca-file[\s\S]*--insecure/)
  expect((await models('openai', url, undefined, accessOf({}, { trust: { rejectUnauthorized: false } }))).get('a')).toBe('one')
  server.close()
})

const answers = (kind: Kind, url: string): Promise<void> => checkAnswers([{ side: 'a', kind, url }], new Map([['a', 'one']]), accessOf({ authorization: 'Bearer t' }))

test('a hello is said in the words of each kind', async () => {
  const openAi = head + token('Hi') + finished
  await answers('openai', `${await system({ '/v1/chat/completions': openAi })}/v1`)
  await answers('open-webui', await system({ '/api/chat/completions': openAi }))
  await answers('ollama', await system({ '/api/chat': headOf('application/x-ndjson') + chunk('{"message":{"content":"Hi"},"done":true}\n') + lastChunk }))
  expect(await refusal(answers('ollama', await system({})))).toMatchObject({ exitCode: 5, text: expect.stringMatching(/answers no hello: http-status \(404 Not Found\)\. \| .* that of an Ollama/) })
})

test.each([
  ['openai', jsonAnswer(401, { error: { message: 'expired' } }), 2, /refuses a hello \(401 expired\): the credentials/],
  ['open-webui', jsonAnswer(401, { detail: 'Your session has expired' }), 2, /refuses a hello \(401 Your session has expired\)[\s\S]*--token-env/],
  ['openai', page(403), 5, /answers no hello: http-status \(403 intermediary\)/],
] as const)('%s whose models anybody may list, and whose chat answers so, is told apart from one that is broken', async (kind, answer, exitCode, says) => {
  const refused = await refusal(answers(kind, await system({ '*': answer })))
  expect(refused.exitCode).toBe(exitCode)
  expect(refused.text).toMatch(says)
})

test('who is not let in is not asked again, who fails is asked three times', async () => {
  let asked = 0
  const counting = (answer: string): Promise<string> => serve((socket) => {
    asked += 1
    socket.write(answer)
  })
  await refusal(answers('openai', await counting(jsonAnswer(401, {}))))
  expect(asked).toBe(1)
  await refusal(answers('openai', await counting(jsonAnswer(500, {}))))
  expect(asked).toBe(4)
})

test('a page of another release is told by what it lacks, and how the system is measured all the same', () => {
  const missing = [{ name: 'the words of the answer', selector: '.prose' }, { name: 'Stop', selector: '.stop' }]
  expect(foreignPage('a', 'http://x', missing, false)).toEqual({
    what: 'The page of a (http://x) is not that of Open WebUI 0.12: it lacks the words of the answer (.prose), Stop (.stop). What it shows would be told wrongly.',
    fix: 'Measure without the page: open-webui-socket=URL speaks to the server as the page does, open-webui=URL to its API.',
  })
  expect(foreignPage('a', 'http://x', missing, true).fix).toBe('Measure without the page: --via socket speaks to the server as the page does.')
})

test('only browsers have pages to be looked at', async () => {
  expect(await checkPages([{ side: 'a', kind: 'openai', url: await unserved() }], new Map(), accessOf(), { wantsSearch: true, isOurs: false })).toEqual({ answered: [], noSearch: undefined })
})

test('a mock is one that tells its clock', async () => {
  await checkMock(await system({ '/mock/clock': jsonAnswer(200, { now: 1, bootId: 'x' }) }))
  expect(await refusal(checkMock(await system({})))).toMatchObject({ exitCode: 2, text: expect.stringContaining('is not our mock') })
  expect(await refusal(checkMock(await unserved()))).toMatchObject({ exitCode: 5 })
})
