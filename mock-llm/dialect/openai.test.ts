import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { runningMock } from '../test/running-mock.ts'

/** The official client without its retries: it must see what the mock did. */
async function clientOf(patch: object = {}): Promise<{ openai: OpenAI; mock: Awaited<ReturnType<typeof runningMock>> }> {
  const mock = await runningMock(patch)
  return { mock, openai: new OpenAI({ baseURL: `${mock.url}/v1`, apiKey: 'none', maxRetries: 0 }) }
}

const user = (content: string) => [{ role: 'user' as const, content }]
const weather = { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object', properties: { days: { type: 'integer' }, city: { type: 'string' } } } } }
const clock = { type: 'function' as const, function: { name: 'clock' } }

test('the openai client streams content, finish and usage', async () => {
  const { openai } = await clientOf()
  const stream = await openai.chat.completions.create({ model: 'mock', stream: true, stream_options: { include_usage: true }, messages: user('Hello\n[[ft1 id=ab-1 tokens=3]]') })
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('ab-1.0 ab-1.1 ab-1.2/3~4148b03f')
  expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' })
  expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason ?? null)).toEqual([null, null, null, null, 'stop', null])
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 } })
  expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
})

test('without include_usage no chunk speaks of usage', async () => {
  const { openai } = await clientOf()
  const stream = await openai.chat.completions.create({ model: 'mock', stream: true, messages: user('Hello') })
  let chunks = 0
  for await (const chunk of stream) {
    chunks += 1
    expect('usage' in chunk).toBe(false)
  }
  expect(chunks).toBe(5)
})

test('an answer in one piece has the same text and usage, and comes when its last token would have', async () => {
  const { openai, mock } = await clientOf()
  const answer = await openai.chat.completions.create({ model: 'mock', messages: user('Hello\n[[ft1 id=ab-1 tokens=3 first=20 gap=15]]') })
  expect(answer).toMatchObject({ object: 'chat.completion', model: 'mock', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'ab-1.0 ab-1.1 ab-1.2/3~4148b03f' } }], usage: { completion_tokens: 3 } })
  const entry = await mock.entry('ab-1')
  expect((entry.lastTokenDueAt ?? NaN) - entry.receivedAt).toBeCloseTo(50, 6)
  expect(entry.lastTokenWrittenAt).toBeGreaterThanOrEqual(entry.lastTokenDueAt ?? NaN)
  expect(entry).toMatchObject({ stream: false, tokensWritten: 3, headersDueAt: entry.lastTokenDueAt })
})

test.each([
  [{ max_tokens: 2 }, 2, 'length'],
  [{ max_completion_tokens: 1 }, 1, 'length'],
  [{ max_tokens: 9, max_completion_tokens: 2 }, 2, 'length'],
  [{ max_tokens: 3 }, 3, 'stop'],
])('%j gives %i tokens and finishes with %s', async (limit, tokens, finish) => {
  const { openai } = await clientOf()
  const answer = await openai.chat.completions.create({ model: 'mock', messages: user('Hello'), ...limit })
  expect(answer.usage?.completion_tokens).toBe(tokens)
  expect(answer.choices[0]?.message.content?.split(' ')).toHaveLength(tokens)
  expect(answer.choices[0]?.finish_reason).toBe(finish)
})

/** The reasoning that the client's types do not know. */
const reasoningOf = (value: object): unknown => ('reasoning_content' in value ? value.reasoning_content : undefined)

test('a reasoning model thinks before it speaks, with numbers of its own, and usage counts both', async () => {
  const { openai, mock } = await clientOf()
  const messages = user('Hello\n[[ft1 id=deep tokens=2]]')
  const stream = await openai.chat.completions.create({ model: 'mock-reasoning', stream: true, stream_options: { include_usage: true }, messages })
  const said: string[] = []
  let usage: unknown
  for await (const chunk of stream) {
    const delta = chunk.choices[0]?.delta ?? {}
    const reasoning = reasoningOf(delta)
    if (typeof reasoning === 'string') said.push(`think:${reasoning.trim().split('/')[0]}`)
    else if (delta.content) said.push(`say:${delta.content.trim().split('/')[0]}`)
    usage = chunk.usage ?? usage
  }
  expect(said).toEqual([...Array.from({ length: 10 }, (_, index) => `think:deep-r.${index}`), 'say:deep.0', 'say:deep.1'])
  expect(usage).toMatchObject({ completion_tokens: 12, completion_tokens_details: { reasoning_tokens: 10 } })
  expect(await mock.entry('deep')).toMatchObject({ tokensPlanned: 12, tokensWritten: 12 })
  const whole = await openai.chat.completions.create({ model: 'mock-reasoning', messages })
  expect(reasoningOf(whole.choices[0]?.message ?? {})).toMatch(/^deep-r\.0 .* deep-r\.9\/10~[0-9a-f]{8}$/)
})

test('a tool call streams its arguments, which are JSON in the shape that was asked for', async () => {
  const { openai } = await clientOf()
  const runner = openai.chat.completions.stream({ model: 'mock-tools', tools: [weather], messages: user('Rain?\n[[ft1 id=t-1 tokens=4]]') })
  const deltas: string[] = []
  runner.on('chunk', (chunk) => deltas.push(...(chunk.choices[0]?.delta.tool_calls ?? []).map((call) => call.function?.arguments ?? '')))
  const answer = await runner.finalChatCompletion()
  expect(answer.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null, tool_calls: [{ id: 'call_t-1', type: 'function', function: { name: 'weather' } }] } })
  expect(deltas).toHaveLength(5)
  expect(deltas[0]).toBe('')
  expect(JSON.parse(deltas.join(''))).toEqual({ city: expect.stringMatching(/^t-1\.0 t-1\.1 t-1\.2 t-1\.3\/4~[0-9a-f]{8}$/) })
})

test('a tool call in one piece names the function that tool_choice names', async () => {
  const { openai } = await clientOf({ tools: true })
  const answer = await openai.chat.completions.create({ model: 'mock', tools: [weather, clock], tool_choice: { type: 'function', function: { name: 'clock' } }, messages: user('Time?') })
  const call = answer.choices[0]?.message.tool_calls?.[0]
  if (call?.type !== 'function') throw new Error('no function was called')
  expect(call.function.name).toBe('clock')
  expect(Object.keys(JSON.parse(call.function.arguments))).toEqual(['text'])
})

test('no tool is called where none is offered, none is wanted, or a result has just come', async () => {
  const { openai } = await clientOf()
  const asked = { model: 'mock-tools', messages: user('Rain?') }
  const call = { role: 'assistant' as const, tool_calls: [{ id: 'c', type: 'function' as const, function: { name: 'weather', arguments: '{}' } }] }
  const result = { role: 'tool' as const, tool_call_id: 'c', content: 'no' }
  const answers = [
    await openai.chat.completions.create(asked),
    await openai.chat.completions.create({ ...asked, tools: [weather], tool_choice: 'none' }),
    await openai.chat.completions.create({ ...asked, tools: [weather], messages: [...asked.messages, call, result] }),
  ]
  for (const answer of answers) expect(answer.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: expect.stringContaining('.0') } })
})

test('a tool call that runs out of tokens still has arguments that can be read', async () => {
  const { openai } = await clientOf({ tokens: 5 })
  const answer = await openai.chat.completions.create({ model: 'mock-tools', tools: [weather], max_tokens: 2, messages: user('Rain?') })
  const call = answer.choices[0]?.message.tool_calls?.[0]
  if (call?.type !== 'function') throw new Error('no function was called')
  expect(answer.choices[0]?.finish_reason).toBe('length')
  expect(Object.keys(JSON.parse(call.function.arguments))).toEqual(['city'])
})

test('an abort is seen by the mock at once', async () => {
  const { openai, mock } = await clientOf()
  const stream = await openai.chat.completions.create({ model: 'mock', stream: true, messages: user('Hello\n[[ft1 id=gone tokens=500 gap=10]]') })
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content?.includes('gone.2')) break
  }
  const entry = await mock.entry('gone')
  expect(entry.clientGoneAt).not.toBeNull()
  expect(entry.tokensWritten).toBeLessThan(50)
})

test('errors are what the client expects them to be', async () => {
  const { openai } = await clientOf({ slots: 1, queue: 0 })
  await expect(openai.chat.completions.create({ model: 'gpt-9', messages: user('x') })).rejects.toMatchObject({ status: 404, code: 'model_not_found', type: 'invalid_request_error', param: 'model' })
  await expect(openai.chat.completions.create({ model: 'mock', messages: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError)
  const long = await openai.chat.completions.create({ model: 'mock', stream: true, messages: user('x\n[[ft1 id=long tokens=2 gap=5000]]') })
  await expect(openai.chat.completions.create({ model: 'mock', messages: user('x') })).rejects.toBeInstanceOf(OpenAI.InternalServerError)
  long.controller.abort()
})

test('models are listed, found by name, and missed', async () => {
  const { openai } = await clientOf()
  const names = []
  for await (const model of openai.models.list()) names.push(model.id)
  expect(names).toEqual(['mock', 'mock-slow', 'mock-reasoning', 'mock-tools'])
  expect((await openai.models.retrieve('mock-slow')).id).toBe('mock-slow')
  await expect(openai.models.retrieve('gpt-9')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
})

test('embeddings are unit vectors that depend on the text, whether as numbers or in base64', async () => {
  const { openai } = await clientOf()
  const vectors = async (input: string | string[], format?: 'float') => {
    const reply = await openai.embeddings.create({ model: 'mock', input, dimensions: 8, ...(format === undefined ? {} : { encoding_format: format }) })
    return reply.data.map((item) => [...item.embedding].map((value) => Math.fround(value)))
  }
  const [one, two] = await vectors(['one', 'two'], 'float')
  expect(one).toHaveLength(8)
  expect(Math.hypot(...(one ?? []))).toBeCloseTo(1, 5)
  expect(one).not.toEqual(two)
  expect(await vectors('one')).toEqual([one])
  await expect(openai.embeddings.create({ model: 'mock', input: [] })).rejects.toBeInstanceOf(OpenAI.BadRequestError)
  await expect(openai.embeddings.create({ model: 'gpt-9', input: 'x' })).rejects.toBeInstanceOf(OpenAI.NotFoundError)
})
