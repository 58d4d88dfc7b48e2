import { Ollama } from 'ollama'
import { expect, test } from 'vitest'
import { post } from '../test/raw-client.ts'
import { runningMock } from '../test/running-mock.ts'

async function clientOf(patch: object = {}): Promise<{ ollama: Ollama; mock: Awaited<ReturnType<typeof runningMock>> }> {
  const mock = await runningMock(patch)
  return { mock, ollama: new Ollama({ host: mock.url }) }
}

const user = (content: string) => [{ role: 'user', content }]
const weather = { type: 'function', function: { name: 'weather', description: 'Weather', parameters: { type: 'object', properties: { days: { type: 'integer' }, city: { type: 'string' } } } } }

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const parts: T[] = []
  for await (const part of stream) parts.push(part)
  return parts
}

test('the ollama client streams a chat: a line a token, counts and lengths of time in ns in the last', async () => {
  const { ollama, mock } = await clientOf()
  const parts = await all(await ollama.chat({ model: 'mock:latest', stream: true, messages: user('Hello\n[[ft1 id=ab-1 tokens=3 first=20 gap=10]]') }))
  expect(parts.map((part) => part.message.content)).toEqual(['ab-1.0', ' ab-1.1', ' ab-1.2/3~4148b03f', ''])
  expect(parts.map((part) => part.done)).toEqual([false, false, false, true])
  expect(parts.every((part) => part.model === 'mock:latest' && !Number.isNaN(Date.parse(String(part.created_at))))).toBe(true)
  const last = parts.at(-1)
  expect(last).toMatchObject({ done_reason: 'stop', prompt_eval_count: 6, eval_count: 3 })
  const entry = await mock.entry('ab-1')
  expect(last?.eval_duration).toBe(Math.round(((entry.lastTokenWrittenAt ?? NaN) - (entry.firstTokenWrittenAt ?? NaN)) * 1e6))
  expect(last?.total_duration).toBe(Math.round(((entry.lastTokenWrittenAt ?? NaN) - entry.receivedAt) * 1e6))
  expect(last?.load_duration).toBeGreaterThan(0)
  expect(entry).toMatchObject({ kind: 'chat', model: 'mock:latest', stream: true, tokensWritten: 3, status: 200 })
})

test('the stream is NDJSON, and the first line comes with the first token', async () => {
  const { mock } = await clientOf()
  const client = await mock.client()
  const text = await client.ask(post('/api/chat', { model: 'mock', messages: user('[[ft1 id=n tokens=2 first=40]]') }))
  expect(text).toMatch(/content-type: application\/x-ndjson/)
  expect(client.reads[0]?.text).not.toContain('{')
  const lines = [...text.matchAll(/^\{.*$/gm)].map(([line]): unknown => JSON.parse(line))
  expect(lines).toMatchObject([{ message: { role: 'assistant', content: 'n.0' }, done: false }, { done: false }, { done: true }])
})

test('generate streams and answers in one piece, and num_predict is respected', async () => {
  const { ollama, mock } = await clientOf()
  const parts = await all(await ollama.generate({ model: 'mock', stream: true, system: 'Be kind.', prompt: 'Hello\n[[ft1 id=g tokens=5]]', options: { num_predict: 2 } }))
  expect(parts.map((part) => part.response).join('')).toMatch(/^g\.0 g\.1\/2~[0-9a-f]{8}$/)
  expect(parts.at(-1)).toMatchObject({ done: true, done_reason: 'length', eval_count: 2, prompt_eval_count: 6 })
  const whole = await ollama.generate({ model: 'mock', prompt: 'Hello\n[[ft1 id=w tokens=3 first=20 gap=10]]', options: { num_predict: -1 } })
  expect(whole).toMatchObject({ done: true, done_reason: 'stop', response: expect.stringMatching(/^w\.0 w\.1 w\.2\/3~/), eval_count: 3 })
  expect(whole.total_duration).toBe(40e6)
  expect(whole.eval_duration).toBe(20e6)
  expect((await mock.entry('w')).stream).toBe(false)
})

test('a chat in one piece', async () => {
  const { ollama } = await clientOf()
  const answer = await ollama.chat({ model: 'mock', messages: user('Hello\n[[ft1 id=ab-1 tokens=3]]') })
  expect(answer).toMatchObject({ model: 'mock', done: true, done_reason: 'stop', message: { role: 'assistant', content: 'ab-1.0 ab-1.1 ab-1.2/3~4148b03f' }, eval_count: 3 })
})

test('reasoning is told as thinking, and a request may do without', async () => {
  const { ollama } = await clientOf()
  const asked = { model: 'mock-reasoning:latest', messages: user('Hello\n[[ft1 id=d tokens=2]]') }
  const parts = await all(await ollama.chat({ ...asked, stream: true }))
  expect(parts.map((part) => part.message.thinking ?? '').join('')).toMatch(/^d-r\.0 .* d-r\.9\/10~[0-9a-f]{8}$/)
  expect(parts.map((part) => part.message.content).join('')).toMatch(/^d\.0 d\.1\/2~/)
  expect(parts.at(-1)?.eval_count).toBe(12)
  expect((await ollama.chat(asked)).message.thinking).toMatch(/^d-r\.0/)
  expect((await ollama.chat({ ...asked, think: false })).message.thinking).toBeUndefined()
  expect((await ollama.generate({ model: 'mock-reasoning', prompt: 'x' })).thinking).toMatch(/^m-\d-r\.0/)
})

test('a tool call comes whole, in one line, when its last token is due', async () => {
  const { ollama, mock } = await clientOf()
  const asked = { model: 'mock-tools', tools: [weather], messages: user('Rain?\n[[ft1 id=t tokens=4 first=10 gap=10]]') }
  const parts = await all(await ollama.chat({ ...asked, stream: true }))
  expect(parts).toHaveLength(2)
  const call = [{ function: { name: 'weather', arguments: { city: expect.stringMatching(/^t\.0 t\.1 t\.2 t\.3\/4~/) } } }]
  expect(parts[0]?.message.tool_calls).toEqual(call)
  expect(parts[1]).toMatchObject({ done: true, done_reason: 'stop', eval_count: 4 })
  const entry = await mock.entry('t')
  expect((entry.firstTokenDueAt ?? NaN) - entry.receivedAt).toBeCloseTo(40, 6)
  expect((await ollama.chat(asked)).message.tool_calls).toEqual(call)
  const answered = await ollama.chat({ ...asked, messages: [...asked.messages, { role: 'tool', content: 'no' }] })
  expect(answered.message.tool_calls).toBeUndefined()
})

test('errors are a text under `error`, before the answer and in it', async () => {
  const { ollama, mock } = await clientOf()
  await expect(ollama.chat({ model: 'gpt-9', messages: user('x') })).rejects.toMatchObject({ status_code: 404, error: "model 'gpt-9' not found" })
  await expect(ollama.chat({ model: 'mock', messages: user('[[ft1 id=x speed=1]]') })).rejects.toMatchObject({ status_code: 400 })
  await expect(ollama.chat({ model: 'mock', messages: user('[[ft1 id=s fault=status:503@headers]]') })).rejects.toMatchObject({ status_code: 503 })
  const stream = await ollama.chat({ model: 'mock', stream: true, messages: user('[[ft1 id=e tokens=4 fault=error@2]]') })
  const said: string[] = []
  await expect((async () => { for await (const part of stream) said.push(part.message.content) })()).rejects.toThrow('The model failed')
  expect(said).toEqual(['e.0', ' e.1'])
  const client = await mock.client()
  for (const body of ['{', { model: 'mock' }, { model: 'mock', messages: user('x'), stream: 'no' }, { model: 'mock', messages: user('x'), options: { num_predict: 'all' } }]) {
    expect(await client.ask(post('/api/chat', body))).toMatch(/^HTTP\/1\.1 400 [^]*\r\n\r\n\{"error":"[^"]+/)
  }
})

test('faults and shapes are those of the other dialect', async () => {
  const { mock } = await clientOf()
  const [garbled, cut, several, silent] = [await mock.client(), await mock.client(), await mock.client(), await mock.client()]
  const asked = (marker: string): string => post('/api/chat', { model: 'mock', messages: user(`[[ft1 ${marker}]]`) })
  expect(await garbled.ask(asked('id=g tokens=3 fault=garbage@1'))).toMatch(/"g\.0"[^]*\{"model":"mock","message":\{"con\n[^]*" g\.1"[^]*"done":true/)
  cut.socket.write(asked('id=c tokens=3 fault=rst@2'))
  await cut.closed()
  expect(cut.endedWith).toBe('rst')
  expect(cut.text.match(/"done":false/g)).toHaveLength(2)
  expect(await several.ask(asked('id=s tokens=4 shape=several:2,crlf,comments'))).toMatch(/"content":""[^]*"content":"s\.0 s\.1"\},"done":false\}\r\n[^]*"content":" s\.2 s\.3\/4~[0-9a-f]{8}"/)
  silent.socket.write(asked('id=q tokens=3 fault=silence@first'))
  expect(await mock.openEntry('q', (entry) => entry.faultAt !== null)).toMatchObject({ status: 200, tokensWritten: 0 })
})

test('slots and tasks are the same: a title is answered at once, whatever model is named', async () => {
  const { ollama, mock } = await clientOf({ slots: 1, queue: 0 })
  const long = await ollama.chat({ model: 'mock', stream: true, messages: user('x\n[[ft1 id=long tokens=2 gap=5000]]') })
  await expect(ollama.chat({ model: 'mock', messages: user('x') })).rejects.toMatchObject({ status_code: 503 })
  const title = '### Task:\nGenerate a concise title.\n### Output:\nJSON format: { "title": "…" }\n<chat_history>\nUSER: x\n[[ft1 id=long]]\n</chat_history>'
  expect((await ollama.chat({ model: 'tasks', messages: user(title) })).message.content).toBe('{"title":"Mock chat"}')
  expect((await mock.journal()).entries.map((entry) => entry.kind)).toEqual(['chat', 'task'])
  long.abort()
  expect((await mock.entry('long')).clientGoneAt === null).toBe((await mock.entry('long')).kind === 'task')
})

test('models are listed, shown, loaded and missed; there is a version', async () => {
  const { ollama } = await clientOf()
  expect((await ollama.list()).models.map((model) => model.name)).toEqual(['mock:latest', 'mock-slow:latest', 'mock-reasoning:latest', 'mock-tools:latest'])
  expect((await ollama.ps()).models).toHaveLength(4)
  expect((await ollama.show({ model: 'mock-reasoning' })).capabilities).toContain('thinking')
  expect((await ollama.show({ model: 'mock:latest' })).details.format).toBe('gguf')
  await expect(ollama.show({ model: 'gpt-9' })).rejects.toMatchObject({ status_code: 404 })
  expect((await ollama.version()).version).toMatch(/^\d+\.\d+\.\d+$/)
})

test('embeddings are unit vectors that depend on the text', async () => {
  const { ollama } = await clientOf()
  const [one, two] = (await ollama.embed({ model: 'mock', input: ['one', 'two'], dimensions: 8 })).embeddings
  expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5)
  expect(one).not.toEqual(two)
  expect((await ollama.embed({ model: 'mock', input: 'one', dimensions: 8 })).embeddings).toEqual([one])
  await expect(ollama.embed({ model: 'gpt-9', input: 'x' })).rejects.toMatchObject({ status_code: 404 })
})

test('an abort is seen by the mock at once', async () => {
  const { ollama, mock } = await clientOf()
  const stream = await ollama.chat({ model: 'mock', stream: true, messages: user('[[ft1 id=gone tokens=500 gap=10]]') })
  await expect((async () => { for await (const part of stream) if (part.message.content.includes('gone.2')) stream.abort() })()).rejects.toThrow('abort')
  expect((await mock.entry('gone')).clientGoneAt).not.toBeNull()
})
