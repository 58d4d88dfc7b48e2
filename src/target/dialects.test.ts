import { expect, test } from 'vitest'
import { canSearch, targetOf } from './chat-target.ts'
import { chunk, clock, exchanged, finished, head, headOf, jsonAnswer, lastChunk, said, serve, token } from './test/raw-server.ts'

const ndjson = headOf('application/x-ndjson')
const line = (fields: object): string => chunk(`${JSON.stringify(fields)}\n`)
const ollamaAnswer = ndjson + line({ message: { role: 'assistant', content: 'Hi' }, done: false }) + line({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', eval_count: 9 }) + lastChunk
const openAiAnswer = head + token('Hi') + finished

test('ollama is asked at its own address in its own words', async () => {
  const { answer, line: asked, body, headers } = await exchanged('ollama', ollamaAnswer, { maxTokens: 7 })
  expect(asked).toBe('POST /api/chat HTTP/1.1')
  expect(body).toEqual({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hello' }], options: { num_predict: 7 } })
  expect(headers).toMatch(/accept: application\/x-ndjson/)
  expect(answer).toMatchObject({ outcome: { kind: 'answered' }, text: 'Hi', chunks: 1, usageTokens: 9, sources: 0 })
})

test('an ollama answer without its last line is truncated, and what becomes of the connection behind it is nothing', async () => {
  const { answer } = await exchanged('ollama', ndjson + line({ message: { content: 'a' }, done: false }) + lastChunk)
  expect(answer.outcome).toMatchObject({ code: 'truncated', afterTokens: 1 })
  const url = await serve((socket) => socket.write(ollamaAnswer.slice(0, -lastChunk.length), () => setTimeout(() => socket.resetAndDestroy(), 20)))
  expect((await said({ kind: 'ollama', url })).outcome).toEqual({ kind: 'answered' })
})

test('what ollama says instead of an answer is in the outcome', async () => {
  expect((await exchanged('ollama', jsonAnswer(404, { error: "model 'm' not found" }))).answer.outcome).toMatchObject({ code: 'http-status', detail: "404 model 'm' not found" })
  expect((await exchanged('ollama', openAiAnswer)).answer.outcome).toMatchObject({ code: 'malformed', detail: 'answered text/event-stream instead of lines of JSON' })
  expect((await exchanged('openai', ollamaAnswer)).answer.outcome).toMatchObject({ code: 'malformed', detail: 'answered application/x-ndjson instead of an event stream' })
})

test('open webui is asked at the address of its page', async () => {
  const { answer, line: asked, body } = await exchanged('open-webui', openAiAnswer)
  expect(asked).toBe('POST /api/chat/completions HTTP/1.1')
  expect(body).toEqual({ model: 'm', stream: true, messages: [{ role: 'user', content: 'Hello' }] })
  expect(answer.text).toBe('Hi')
})

test('a search is asked for as each kind has it, and ollama cannot', async () => {
  expect((await exchanged('open-webui', openAiAnswer, { search: true, maxTokens: 5 })).body).toMatchObject({ features: { web_search: true }, params: { function_calling: 'legacy', max_tokens: 5 } })
  for (const kind of ['openai', 'control'] as const) {
    const { body } = await exchanged(kind, openAiAnswer, { search: true, maxTokens: 5 })
    expect(body).toMatchObject({ features: { web_search: true }, max_tokens: 5 })
    expect(body).not.toHaveProperty('params')
  }
  expect(['control', 'openai', 'open-webui', 'ollama'].map((kind) => canSearch(kind as 'ollama'))).toEqual([true, true, true, false])
  await expect(said({ kind: 'ollama', url: 'http://127.0.0.1:9' }, { search: true })).rejects.toThrow(/cannot search/)
})

test.each([
  ['openai', '/v1', 'GET /v1/models '], ['ollama', '', 'GET /api/version '], ['open-webui', '', 'GET /health '], ['ollama', '/ollama/', 'GET /ollama/api/version '],
] as const)('%s at "%s" is warmed by %s, over the connection that the message then takes', async (kind, path, asked) => {
  const requests: string[] = []
  const url = await serve((socket, request) => {
    requests.push(request)
    socket.write(request.startsWith('GET') ? jsonAnswer(200, {}) : kind === 'ollama' ? ollamaAnswer : openAiAnswer)
  })
  const session = targetOf({ kind, url: `${url}${path}`, model: 'm', headers: { authorization: 'Bearer k' }, clock }).open()
  await session.warm()
  const answer = await session.say({ id: 'a-1', text: 'Hello', mock: undefined }).done
  await session.close()
  expect(requests[0]).toMatch(new RegExp(`^${asked}`))
  expect(requests[0]).toMatch(/authorization: Bearer k/)
  expect(answer).toMatchObject({ connection: { kind: 'warm', requestsBefore: 1 }, outcome: { kind: 'answered' } })
})

test('documents of a search are counted by their texts, else by their addresses, and are no tokens', async () => {
  const sources = (list: unknown): string => chunk(`data: ${JSON.stringify({ sources: list })}\n\n`)
  const { answer } = await exchanged('open-webui', head
    + sources([{ source: { urls: ['http://a', 'http://b', 'http://c'] }, document: ['one', 'two', 'three'], metadata: [{}, {}, {}] }])
    + sources([{ source: { name: 'x', urls: ['http://a', 'http://b'] } }, { urls: ['http://c'] }, { source: {} }, null])
    + sources('none') + token('Hi') + finished, { search: true })
  expect(answer).toMatchObject({ sources: 6, chunks: 1, text: 'Hi', outcome: { kind: 'answered' } })
  expect(answer.firstEventAt).not.toBeNull()
})

test('what Open WebUI says of its own accord is a failure, not an answer', async () => {
  expect((await exchanged('open-webui', jsonAnswer(401, { detail: '401 Unauthorized' }))).answer.outcome).toMatchObject({ code: 'http-status', detail: '401 401 Unauthorized' })
  expect((await exchanged('open-webui', `${head}${token('a')}${chunk('data: {"detail":"Open WebUI: Server Connection Error"}\n\n')}${finished}`)).answer.outcome).toMatchObject({ code: 'error-event', detail: 'Open WebUI: Server Connection Error', afterTokens: 1 })
})

test('what the mock is asked for goes into the marker, and nothing that it was not asked for', async () => {
  const mock = { tokens: 3, firstTokenAfter: 2, gap: 20 }
  const content = async (more: object): Promise<string> => JSON.stringify((await exchanged('openai', openAiAnswer, { mock: { ...mock, ...more } })).body)
  expect(await content({})).toContain('Hello\\n[[ft1 id=a-1 tokens=3 first=2 gap=20]]"')
  expect(await content({ fault: 'silence@headers', times: 1 })).toContain('[[ft1 id=a-1 tokens=3 first=2 gap=20 fault=silence@headers times=1]]')
  expect(await content({ search: 500, pages: 3, pagebytes: 5_000, reasoning: 4 })).toContain('gap=20 search=500 pages=3 pagebytes=5000 reasoning=4]]')
})
