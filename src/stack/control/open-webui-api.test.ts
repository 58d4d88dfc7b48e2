import { afterEach, expect, test } from 'vitest'
import { type Bench, startBench } from './test/bench.ts'
import { until } from './test/scripted-model.ts'

const benches: Bench[] = []
afterEach(async () => {
  for (const one of benches.splice(0)) await one.remove()
})

async function bench(sets: readonly string[]): Promise<Bench> {
  const made = await startBench(sets, (chat) => chat.tell(1))
  benches.push(made)
  return made
}

/** Status and body of one answer. */
async function answer(from: Bench, method: 'GET' | 'POST', path: string, { body = '{}', token = '' } = {}): Promise<readonly [number, string]> {
  const fields = token === '' ? '' : `Authorization: Bearer ${token}\r\n`
  const one = method === 'GET' ? from.client().get(path, fields) : from.client().post(body, path, fields)
  await until(`${path} answers`, () => one.isWhole)
  return [one.status, one.text.slice(one.text.indexOf('\r\n\r\n') + 4)]
}

test('whoever says an email and a password gets a token; whoever lacks one is told what is wrong', async () => {
  const made = await bench([])
  const [status, body] = await answer(made, 'POST', '/api/v1/auths/signin', { body: '{"email":"a@lab.test","password":"p"}' })
  expect(status).toBe(200)
  expect(JSON.parse(body)).toMatchObject({ email: 'a@lab.test', token: expect.stringMatching(/./), token_type: 'Bearer' })
  for (const wrong of ['{"email":"a@lab.test","password":""}', '{"email":"a@lab.test"}', '{', '[]']) {
    expect(await answer(made, 'POST', '/api/v1/auths/signin', { body: wrong })).toEqual([400, '{"detail":"The email or password provided is incorrect."}'])
  }
  expect(await answer(made, 'POST', '/api/v1/auths/api_key')).toEqual([200, '{"api_key":"sk-control"}'])
})

test('version, configuration, chats and the database are there', async () => {
  const made = await bench([])
  expect(await answer(made, 'GET', '/api/version')).toEqual([200, '{"version":"0","deployment_id":""}'])
  expect(await answer(made, 'GET', '/api/config')).toEqual([200, '{"status":true,"name":"control gateway","version":"0"}'])
  expect(await answer(made, 'GET', '/api/v1/chats/')).toEqual([200, '[]'])
  expect(await answer(made, 'GET', '/health/db')).toEqual([200, '{"status":true}'])
})

const refused = [401, '{"detail":"401 Unauthorized"}']
const guarded = [['POST', '/v1/chat/completions'], ['POST', '/api/chat/completions'], ['GET', '/v1/models'], ['GET', '/api/models'], ['POST', '/api/v1/auths/api_key']] as const

test.each(guarded)('auth=required: %s %s wants a token, without it none; the token "expired" is refused by both', async (method, path) => {
  const [open, closed] = [await bench([]), await bench(['auth=required'])]
  expect(await answer(closed, method, path)).toEqual(refused)
  expect(await answer(closed, method, path, { token: 'expired' })).toEqual(refused)
  expect(await answer(open, method, path, { token: 'expired' })).toEqual(refused)
  expect((await answer(open, method, path))[0]).toBe(200)
  expect((await answer(closed, method, path, { token: 'control-token' }))[0]).toBe(200)
  expect(closed.model.chats.length).toBe(open.model.chats.length)
})
