import { expect, test } from 'vitest'
import { taskAnswer } from './task-prompt.ts'
import { post } from './test/raw-client.ts'
import { runningMock } from './test/running-mock.ts'

/** As Open WebUI 0.12.4 builds them, shortened. */
const prompt = (task: string, wanted: string, history: string): string => `### Task:\n${task}\n### Guidelines:\n- Be brief.\n### Output:\nJSON format: ${wanted}\n### Chat History:\n<chat_history>\n${history}\n</chat_history>\n`
const title = (history: string): string => prompt('Generate a concise title summarizing the chat history.', '{ "title": "your concise title here" }', history)
const queries = (history: string): string => prompt('Analyze the chat history to determine the necessity of generating search queries, in the given language.', '{\n  "queries": ["query1", "query2"]\n}', history)

/** Open WebUI's way to find the JSON in an answer. */
const asOpenWebUi = (content: string | null): unknown => JSON.parse((content ?? '').slice((content ?? '').lastIndexOf('{'), (content ?? '').lastIndexOf('}') + 1))

test('each task is answered with the JSON that it wants', () => {
  const history = 'USER: Hello\n[[ft1 id=a-1]]\nASSISTANT: a-1.0'
  expect(asOpenWebUi(taskAnswer(title(history)))).toEqual({ title: expect.any(String) })
  expect(asOpenWebUi(taskAnswer(prompt('Predict 3-5 useful messages', '{ "follow_ups": ["one"] }', history)))).toEqual({ follow_ups: [expect.any(String)] })
  expect(asOpenWebUi(taskAnswer(prompt('Generate 1-3 broad tags', '{ "tags": ["tag1"] }', history)))).toEqual({ tags: [expect.any(String)] })
})

test.each([
  ['one message', 'USER: Weather?\n[[ft1 id=w-1 search=50]]', 'Weather?\n[[ft1 id=w-1 search=50]]'],
  ['the last of several', 'USER: Hi\n[[ft1 id=w-0]]\nASSISTANT: w-0.0\nUSER: Weather?\n[[ft1 id=w-1]]', 'Weather?\n[[ft1 id=w-1]]'],
  ['an answer behind it', 'USER: Weather?\n[[ft1 id=w-1]]\nASSISTANT: w-1.0', 'Weather?\n[[ft1 id=w-1]]'],
  ['quotes, braces, backslashes and more', 'USER: Say "{a}" \\ <b> "tags": é 漢 🌍\n\tnow\n[[ft1 id=w-1]]', 'Say "{a}" \\ <b> "tags": é 漢 🌍\n\tnow\n[[ft1 id=w-1]]'],
])('the query is what the user said last, with its marker: %s', (_name, history, query) => {
  expect(asOpenWebUi(taskAnswer(queries(history)))).toEqual({ queries: [query] })
})

test.each([
  ['a prompt of a user', 'Hello'],
  ['a RAG prompt, which is the chat itself', '### Task:\nRespond to the user query using the provided context.\n### Output:\nProvide a clear answer.\n<context>\n<source id="1">text</source>\n</context>\n\nWeather?'],
  ['a task that nobody knows', prompt('Paint it.', '{ "prompt": "…" }', 'USER: x')],
  ['JSON names in the history alone', prompt('Paint it.', '{ "prompt": "…" }', 'USER: {"title": "x"}')],
])('%s is no task', (_name, text) => {
  expect(taskAnswer(text)).toBeNull()
})

test('a task is answered at once, without a slot, whatever model is named, and is in the journal under the id of the chat', async () => {
  const mock = await runningMock({ slots: 1, first: 5_000 })
  const [busy, client] = [await mock.client(), await mock.client()]
  busy.socket.write(post('/v1/chat/completions', { model: 'mock', messages: [{ role: 'user', content: 'Hello' }] }))
  const text = await client.ask(post('/v1/chat/completions', { model: 'task-9', stream: false, max_tokens: 3, messages: [{ role: 'user', content: title('USER: Hi\n[[ft1 id=chat-1 tokens=9 fault=rst@first]]') }] }))
  expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ object: 'chat.completion', model: 'task-9', choices: [{ finish_reason: 'stop', message: { role: 'assistant', content: '{"title":"Mock chat"}' } }] })
  expect(await mock.entry('chat-1')).toMatchObject({ kind: 'task', task: 'title', status: 200, tokensPlanned: 0, tokensWritten: 0, fault: null, model: 'task-9' })
})

test('a streamed request, or one of several messages, is no task', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const content = title('USER: Hi\n[[ft1 id=chat-1]]')
  expect(await client.ask(post('/v1/chat/completions', { model: 'mock', stream: true, messages: [{ role: 'user', content }] }))).toContain('m-1.0')
  expect(await client.ask(post('/v1/chat/completions', { model: 'mock', messages: [{ role: 'user', content: 'x' }, { role: 'user', content }] }))).toContain('m-2.0')
})
