import { expect, test } from 'vitest'
import { now } from './clock.ts'
import { chat, contents, events, post } from './test/raw-client.ts'
import { runningMock } from './test/running-mock.ts'

test('a streamed answer on the wire: head and role first, one token a delta, finish, usage, [DONE]', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(chat('id=ab-1 tokens=3 first=30 gap=10', { stream_options: { include_usage: true } }))
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream/)
  const parsed = events(text).slice(0, -1).map((event): unknown => JSON.parse(event))
  const delta = (content: object, finish: string | null = null) => ({ object: 'chat.completion.chunk', id: 'chatcmpl-ab-1', model: 'mock', usage: null, choices: [{ index: 0, delta: content, finish_reason: finish }] })
  expect(parsed).toMatchObject([
    delta({ role: 'assistant', content: '' }),
    delta({ content: 'ab-1.0' }),
    delta({ content: ' ab-1.1' }),
    delta({ content: ' ab-1.2/3~4148b03f' }),
    delta({}, 'stop'),
    { choices: [], usage: { prompt_tokens: 6, completion_tokens: 3, total_tokens: 9 } },
  ])
  expect(events(text).at(-1)).toBe('[DONE]')
  expect(client.reads[0]?.text).toContain('"role":"assistant"')
  expect(client.reads[0]?.text).not.toContain('ab-1.0')
  expect(client.reads.at(-1)?.text).toMatch(/ab-1\.2[^]*\[DONE\][^]*\r\n0\r\n\r\n$/)
})

test('every chunk is framed with its exact length', async () => {
  const mock = await runningMock({}, { models: ['modèle-é'] })
  const client = await mock.client()
  const text = await client.ask(chat('id=frame tokens=12 gap=0', { model: 'modèle-é' }))
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, end), 16)
    body += rest.slice(end + 2, end + 2 + size)
    expect(rest.slice(end + 2 + size, end + 4 + size)).toBe('\r\n')
    rest = rest.slice(end + 4 + size)
    if (size === 0) break
  }
  expect(rest).toBe('')
  expect(contents(body)).toHaveLength(12)
  expect(JSON.parse(events(body)[0] ?? '')).toMatchObject({ model: 'modèle-é' })
})

test('due times are what was asked for, absolute from the first byte, and nothing is written before', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await client.ask(chat('id=times tokens=11 first=40 gap=5 head=20'))
  const entry = await mock.entry('times')
  const since = (at: number | null): number => (at ?? NaN) - entry.receivedAt
  expect(since(entry.headersDueAt)).toBeCloseTo(20, 6)
  expect(since(entry.firstTokenDueAt)).toBeCloseTo(40, 6)
  expect(since(entry.lastTokenDueAt)).toBeCloseTo(90, 6)
  expect(entry.headersWrittenAt).toBeGreaterThanOrEqual(entry.headersDueAt ?? NaN)
  expect(entry.firstTokenWrittenAt).toBeGreaterThanOrEqual(entry.firstTokenDueAt ?? NaN)
  expect(entry.lastTokenWrittenAt).toBeGreaterThanOrEqual(entry.lastTokenDueAt ?? NaN)
  const read = (what: string): number => client.reads.find(({ text }) => text.includes(what))?.at ?? NaN
  expect(read('HTTP/1.1 200')).toBeGreaterThanOrEqual(entry.headersWrittenAt ?? NaN)
  expect(read('times.0')).toBeGreaterThanOrEqual(entry.firstTokenWrittenAt ?? NaN)
  expect(read('HTTP/1.1 200')).toBeLessThan(read('times.0') - 10)
})

test('the same id gets the same drawn times, whenever and wherever it is asked', async () => {
  const drawn = { first: { kind: 'lognormal', median: 10, sigma: 0.5 }, gap: { kind: 'normal', mean: 3, sd: 2 }, head: { kind: 'normal', mean: 4, sd: 2 } }
  const times = async (id: string): Promise<number[]> => {
    const mock = await runningMock(drawn)
    const client = await mock.client()
    await client.ask(chat(`id=${id} tokens=5`))
    const entry = await mock.entry(id)
    return [entry.headersDueAt, entry.firstTokenDueAt, entry.lastTokenDueAt].map((at) => Math.round(((at ?? NaN) - entry.receivedAt) * 1e4))
  }
  expect(await times('same')).toEqual(await times('same'))
  expect(await times('same')).not.toEqual(await times('other'))
})

test('a delay added in the model is added to every answer, those with a marker too', async () => {
  const mock = await runningMock()
  await mock.set({ firstTokenDelay: 50 })
  const client = await mock.client()
  await client.ask(chat('id=slower first=5'))
  const entry = await mock.entry('slower')
  expect((entry.firstTokenDueAt ?? NaN) - entry.receivedAt).toBeCloseTo(55, 6)
})

test('with one slot the second answer begins when the first has ended, and its delays count from there', async () => {
  const mock = await runningMock({ slots: 1 })
  const [first, second] = [await mock.client(), await mock.client()]
  const story = first.ask(chat('id=story tokens=10 first=5 gap=10'))
  await first.until((text) => text.includes('story.0'))
  await Promise.all([story, second.ask(chat('id=hello tokens=1 first=20'))])
  const [told, waited] = [await mock.entry('story'), await mock.entry('hello')]
  expect(waited.receivedAt).toBeLessThan(told.lastTokenWrittenAt ?? NaN)
  expect(waited.startedAt).toBeGreaterThanOrEqual(told.endedAt)
  expect((waited.firstTokenDueAt ?? NaN) - (waited.startedAt ?? NaN)).toBeCloseTo(20, 6)
})

test('a request beyond the queue gets 503 with Retry-After', async () => {
  const mock = await runningMock({ slots: 1, queue: 1 })
  const clients = [await mock.client(), await mock.client(), await mock.client()] as const
  clients[0].socket.write(chat('id=running tokens=2 first=2000'))
  clients[1].socket.write(chat('id=waiting'))
  await mock.until(async () => (await mock.journal()).open === 2)
  const refused = await clients[2].ask(chat('id=refused'))
  expect(refused).toMatch(/^HTTP\/1\.1 503 [^]*retry-after: 1\r\n[^]*"code":"queue_full"/)
  expect(await mock.entry('refused')).toMatchObject({ status: 503, startedAt: null, tokensWritten: 0, clientGoneAt: null })
})

test.each(['reset', 'end'] as const)('a client that leaves in the middle (%s) ends its answer and frees the slot', async (how) => {
  const mock = await runningMock({ slots: 1 })
  const [leaver, next] = [await mock.client(), await mock.client()]
  leaver.socket.write(chat('id=left tokens=1000 first=2 gap=10'))
  await leaver.until((text) => text.includes('left.2'))
  const leftAt = now()
  if (how === 'reset') leaver.socket.resetAndDestroy()
  else leaver.socket.end()
  await next.ask(chat('id=next tokens=1'))
  const entry = await mock.entry('left')
  expect(entry.clientGoneAt).toBeGreaterThanOrEqual(leftAt)
  expect(entry.clientGoneAt).toBeLessThan(leftAt + 200)
  expect(entry).toMatchObject({ status: 200, endedAt: entry.clientGoneAt, tokensAfterGone: 0, tokensPlanned: 1000 })
  expect(entry.tokensWritten).toBeGreaterThanOrEqual(3)
  expect(entry.tokensWritten).toBeLessThan(50)
  expect(await mock.entry('next')).toMatchObject({ status: 200, tokensWritten: 1 })
})

test('an answer whose client left ends once: neither its journal entry nor its slot comes a second time when its tokens would have', async () => {
  const mock = await runningMock({ slots: 2 })
  const [leaver, other] = [await mock.client(), await mock.client()]
  leaver.socket.write(chat('id=left tokens=6 first=2 gap=5'))
  await leaver.until((text) => text.includes('left.1'))
  leaver.socket.destroy()
  await mock.entry('left')
  await other.ask(chat('id=other tokens=2 gap=60'))
  expect((await mock.journal()).entries.map((entry) => entry.id)).toEqual(['left', 'other'])
  expect(await (await fetch(`${mock.url}/metrics`)).text()).toContain('mock_llm_requests_running 0\n')
})

test('a queued request whose client leaves never runs', async () => {
  const mock = await runningMock({ slots: 1 })
  const [running, leaver, next] = [await mock.client(), await mock.client(), await mock.client()]
  const story = running.ask(chat('id=running tokens=15 first=2 gap=10'))
  await running.until((text) => text.includes('running.0'))
  leaver.socket.write(chat('id=left'))
  await mock.until(async () => (await mock.journal()).open === 2)
  leaver.socket.destroy()
  const left = await mock.entry('left')
  expect(left).toMatchObject({ startedAt: null, status: 499, tokensWritten: 0 })
  expect(left.clientGoneAt).not.toBeNull()
  await Promise.all([story, next.ask(chat('id=next'))])
  expect((await mock.journal()).open).toBe(0)
})

test('a client that leaves before its request is whole, or before the head, is in the journal', async () => {
  const mock = await runningMock()
  const [inBody, beforeHead] = [await mock.client(), await mock.client()]
  inBody.socket.write(chat('id=half').slice(0, -20))
  beforeHead.socket.write(chat('id=headless head=5000'))
  await mock.until(async () => (await mock.journal()).open === 2)
  inBody.socket.destroy()
  beforeHead.socket.destroy()
  expect(await mock.entry('headless')).toMatchObject({ status: 499, headersWrittenAt: null, tokensWritten: 0 })
  await mock.until(async () => (await mock.journal()).open === 0)
  const half = (await mock.journal()).entries.find((entry) => entry.id === null)
  expect(half).toMatchObject({ status: 499, model: '', tokensWritten: 0 })
  expect(half?.bytesIn).toBeGreaterThan(50)
})

test('a model that finishes when its client has gone keeps the slot and counts the tokens told to nobody', async () => {
  const mock = await runningMock({ slots: 1, finishesWhenGone: true })
  const leaver = await mock.client()
  leaver.socket.write(chat('id=left tokens=20 first=2 gap=5'))
  await leaver.until((text) => text.includes('left.2'))
  leaver.socket.destroy()
  const entry = await mock.entry('left')
  expect(entry.tokensAfterGone).toBeGreaterThan(5)
  expect(entry.tokensWritten + entry.tokensAfterGone).toBe(20)
  expect(entry.endedAt).toBeGreaterThan((entry.clientGoneAt ?? Infinity) + 20)
})

test('a marker in a request that a gateway made of the prompt tells whose it is and sets nothing', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const prompt = 'Make a title for this chat.\nHello\n[[ft1 id=chat-1 tokens=500 first=9000]]\nAnswer in JSON.'
  const text = await client.ask(post('/v1/chat/completions', { model: 'mock', stream: true, messages: [{ role: 'user', content: prompt }] }))
  expect(contents(text)).toHaveLength(3)
  expect(contents(text)[0]).toBe('m-1.0')
  expect(await mock.entry('chat-1')).toMatchObject({ kind: 'task', tokensWritten: 3 })
})

test('the marker counts at the end of the last user message, also in a list of parts', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const messages = [
    { role: 'system', content: '[[ft1 id=system tokens=9]]' },
    { role: 'user', content: 'first\n[[ft1 id=earlier tokens=8]]' },
    { role: 'assistant', content: 'x' },
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }, { type: 'text', text: 'look\n[[ft1 id=parts tokens=2]]' }] },
    { role: 'assistant', content: null },
  ]
  const text = await client.ask(post('/v1/chat/completions', { model: 'mock', stream: true, messages }))
  expect(contents(text)).toHaveLength(2)
  expect(await mock.entry('parts')).toMatchObject({ kind: 'chat', status: 200 })
})

test.each([
  ['{', 400, 'not a JSON object', null],
  ['[]', 400, 'not a JSON object', null],
  [{ model: 'mock' }, 400, "'messages' must be", 'messages'],
  [{ model: 'mock', messages: [] }, 400, "'messages' must be", 'messages'],
  [{ messages: [{ content: 'x' }], n: 2 }, 400, "'model' must be a string. 'n' must be 1", 'model'],
  [{ model: 'mock', messages: [{ role: 'user', content: 3 }] }, 400, "'messages[0].content'", 'messages[0].content'],
  [{ model: 'mock', messages: [{ role: 'user', content: 'x' }], max_tokens: 0 }, 400, 'at least 1', 'max_tokens'],
  [{ model: 'mock', messages: [{ role: 'user', content: '[[ft1 id=a speed=3]]' }] }, 400, 'unknown key \\"speed\\"', 'messages'],
  [{ model: 'gpt-9', messages: [{ role: 'user', content: 'x' }] }, 404, "'gpt-9' does not exist", 'model'],
])('the request %j gets %i', async (body, status, message, param) => {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(post('/v1/chat/completions', body))
  expect(text).toContain(`HTTP/1.1 ${status} `)
  expect(text).toContain(message)
  expect(text).toContain(`"param":${JSON.stringify(param)}`)
  expect((await mock.journal()).entries).toMatchObject([{ status, startedAt: null }])
})

test('a body that is too large gets 413 and the connection can be used again', async () => {
  const mock = await runningMock({}, { bodyLimit: 10_000 })
  const client = await mock.client()
  expect(await client.ask(post('/v1/chat/completions', 'x'.repeat(50_000)))).toMatch(/^HTTP\/1\.1 413 /)
  expect(contents(await client.ask(chat('id=after')))).toHaveLength(3)
})

test.each([
  ['GET', '/nowhere', 404],
  ['GET', '//', 404],
  ['GET', '/v1/models/', 404],
  ['GET', '/v1/models/gpt-9', 404],
  ['GET', '/v1/models/%E0%A4%A', 404],
  ['GET', '/v1/chat/completions', 405],
  ['POST', '/mock/clock', 405],
  ['GET', '/mock/journal?after=x', 400],
])('%s %s gets %i', async (method, path, status) => {
  const mock = await runningMock()
  const client = await mock.client()
  expect(await client.ask(`${method} ${path} HTTP/1.1\r\nHost: mock\r\nContent-Length: 0\r\n\r\n`)).toContain(`HTTP/1.1 ${status} `)
})

test('the clock is that of every process on this machine', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const before = now()
  const text = await client.ask('GET /mock/clock HTTP/1.1\r\nHost: mock\r\n\r\n')
  const after = now()
  const at = Number(/"now":([\d.]+)/.exec(text)?.[1])
  expect(at).toBeGreaterThanOrEqual(before)
  expect(at).toBeLessThanOrEqual(after)
  const [whole, nanos] = process.hrtime()
  expect(Math.abs(whole * 1_000 + nanos / 1e6 - now())).toBeLessThan(1)
  expect(text).toMatch(/"bootId":"[^"]+"/)
})

test('settings are read and changed over HTTP, and a wrong change is refused with every key', async () => {
  const mock = await runningMock()
  const reply = await mock.set({ slots: 3, gap: { kind: 'normal', mean: 5, sd: 1 } })
  expect([reply.status, await reply.json()]).toMatchObject([200, { slots: 3, gap: { kind: 'normal', mean: 5, sd: 1 } }])
  const refused = await mock.set({ slots: 9, sloths: 1, speed: 2 })
  expect(refused.status).toBe(400)
  expect(await refused.text()).toMatch(/sloths[^]*speed/)
  expect(await (await fetch(`${mock.url}/mock/settings`)).json()).toMatchObject({ slots: 3 })
})

test('more slots, given while requests wait, start them', async () => {
  const mock = await runningMock({ slots: 1 })
  const [first, second] = [await mock.client(), await mock.client()]
  first.socket.write(chat('id=long tokens=2 first=5000'))
  await mock.until(async () => (await mock.journal()).open === 1)
  const hello = second.ask(chat('id=hello'))
  await mock.until(async () => (await mock.journal()).open === 2)
  await mock.set({ slots: 2 })
  await hello
  expect((await mock.entry('hello')).status).toBe(200)
})

test('lateness counts every token and can be emptied', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await client.ask(chat('id=a tokens=7'))
  expect((await mock.lateness()).count).toBe(7)
  await fetch(`${mock.url}/mock/lateness`, { method: 'DELETE' })
  expect(await mock.lateness()).toMatchObject({ count: 0, p50: 0, p99: 0, max: 0 })
})

test('the journal is emptied by DELETE and its numbers go on', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await client.ask(chat('id=a'))
  await mock.entry('a')
  await fetch(`${mock.url}/mock/journal`, { method: 'DELETE' })
  expect(await mock.journal()).toMatchObject({ next: 1, entries: [] })
  await client.ask(chat('id=b'))
  expect((await mock.entry('b')).seq).toBe(2)
})

test('metrics have the server-side names, per model, and their counts are right', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  await client.ask(chat('id=a tokens=5 first=30 gap=2'))
  await client.ask(chat('id=b tokens=1 first=1'))
  await client.ask(chat('id=c', { model: 'gpt-9' }))
  const text = await (await fetch(`${mock.url}/metrics`)).text()
  const labels = 'gen_ai_operation_name="chat",gen_ai_provider_name="first_token_mock",gen_ai_request_model="mock"'
  expect(text).toContain('# TYPE gen_ai_server_time_to_first_token_seconds histogram')
  expect(text).toContain(`gen_ai_server_time_to_first_token_seconds_bucket{${labels},le="0.02"} 1\n`)
  expect(text).toContain(`gen_ai_server_time_to_first_token_seconds_bucket{${labels},le="+Inf"} 2\n`)
  expect(text).toContain(`gen_ai_server_time_per_output_token_seconds_count{${labels}} 1\n`)
  expect(text).toContain(`gen_ai_server_request_duration_seconds_count{${labels}} 2\n`)
  expect(text).toContain('mock_llm_lateness_seconds_count 6\n')
  expect(text).toContain('mock_llm_requests_total{status="200"} 2\n')
  expect(text).toContain('mock_llm_requests_total{status="404"} 1\n')
  expect(text).toContain('mock_llm_tokens_written_total 6\n')
  for (const line of text.trimEnd().split('\n')) expect(line).toMatch(/^(# (HELP|TYPE) \S+ .+|[a-z_]+(\{[^}]*\})? [\d.e+-]+)$/)
})

test('an idle connection is left open: no time-out is announced', async () => {
  const mock = await runningMock()
  const client = await mock.client()
  const text = await client.ask(chat('id=a'))
  expect(text).toMatch(/\r\nconnection: keep-alive\r\n/i)
  expect(text).not.toMatch(/keep-alive: timeout/i)
})

test('50 streams at 50 tokens a second are at most 5 ms late, or as late as the machine makes the event loop', async () => {
  const mock = await runningMock()
  const clients = await Promise.all(Array.from({ length: 50 }, () => mock.client()))
  const wave = (name: string, tokens: number) => Promise.all(clients.map((client, index) => client.ask(chat(`id=${name}-${index} tokens=${tokens} first=${100 + index} gap=20`))))
  // Compiling and connecting are not what is asked about, and their blocks would widen the bound until nothing could fail.
  await wave('warm', 10)
  await fetch(`${mock.url}/mock/lateness`, { method: 'DELETE' })
  await wave('told', 50)
  const { count, p50, p99, loopDelay } = await mock.lateness()
  expect(count).toBe(2_500)
  // The generator runs in this process too: its work is in both figures.
  expect(p99).toBeLessThanOrEqual(5 + 2 * loopDelay.p99)
  expect(p50).toBeLessThanOrEqual(2 + 2 * loopDelay.p50)
})
