import { expect, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { jsonAnswer, serve, unserved } from '../target/test/raw-server.ts'
import { sideAccess, signIn } from './sign-in.ts'

const account = { email: 'a@canary.test', password: 'canary-password' }

async function refusal(url: string): Promise<UsageError> {
  const error: unknown = await signIn(url, account, undefined).then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof UsageError)) throw new Error(`not refused: ${String(error)}`)
  expect(error.message).not.toContain('canary')
  return error
}

test('an address and a password are a session, asked for once at each address and given to Open WebUI alone', async () => {
  const asked: string[] = []
  const url = await serve((socket, request) => {
    asked.push(request)
    socket.write(jsonAnswer(200, { token: `eyJ.${asked.length}`, token_type: 'Bearer', role: 'user' }))
  })
  const targets = [{ side: 'before', kind: 'open-webui', url }, { side: 'after', kind: 'open-webui', url }, { side: 'gateway', kind: 'openai', url }] as const
  const access = await sideAccess(targets, { headers: { 'x-a': 'b' }, account, trust: undefined })
  expect(access.get('before')).toEqual({ headers: { 'x-a': 'b', authorization: 'Bearer eyJ.1' }, trust: undefined })
  expect(access.get('after')).toEqual(access.get('before'))
  expect(access.get('gateway')).toEqual({ headers: { 'x-a': 'b' }, trust: undefined })
  expect(asked).toHaveLength(1)
  expect(asked[0]).toMatch(/^POST \/api\/v1\/auths\/signin HTTP/)
  expect(asked[0]?.split('\r\n\r\n')[1]).toBe(JSON.stringify(account))
})

test('without an account nobody is asked', async () => {
  const access = await sideAccess([{ side: 'a', kind: 'open-webui', url: 'http://127.0.0.1:9' }], { headers: { authorization: 'Bearer t' }, account: undefined, trust: { rejectUnauthorized: false } })
  expect(access.get('a')).toEqual({ headers: { authorization: 'Bearer t' }, trust: { rejectUnauthorized: false } })
})

test('an account for targets where nobody signs in is refused', async () => {
  await expect(sideAccess([{ side: 'a', kind: 'openai', url: 'http://127.0.0.1:9' }], { headers: {}, account, trust: undefined })).rejects.toThrow(/no target is one[\s\S]*open-webui=/)
})

test.each([
  ['a wrong password', jsonAnswer(400, { detail: 'The email or password provided is incorrect. canary-password' }), 2, /knows no such e-mail address and password/],
  ['too many tries', jsonAnswer(429, { detail: 'Rate limit exceeded' }), 2, /too many have tried[\s\S]*15 in 3 minutes[\s\S]*--token-env/],
  ['passwords switched off', jsonAnswer(403, { detail: 'no' }), 2, /by password \(403\)[\s\S]*--token-env/],
  ['a system that is broken', jsonAnswer(500, {}), 5, /answered 500/],
  ['a page', 'HTTP/1.1 200 X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>', 2, /200 with an HTML page to signing in[\s\S]*without \/api/],
  ['another system', jsonAnswer(404, { detail: 'Not Found' }), 2, /answered 404 to signing in/],
  ['a redirect', 'HTTP/1.1 307 X\r\nLocation: https://a.test/\r\nContent-Length: 0\r\n\r\n', 2, /answered 307/],
  ['a session without a token', jsonAnswer(200, { token: null }), 2, /not with a session/],
  ['a token that cannot be sent', jsonAnswer(200, { token: 'a\r\nX-B: c' }), 2, /not with a session/],
])('%s is told with what helps', async (_name, answer, exitCode, says) => {
  const error = await refusal(await serve((socket) => socket.write(answer)))
  expect(error.exitCode).toBe(exitCode)
  expect(error.message).toMatch(says)
})

test('nobody there is exit 5', async () => {
  const error = await refusal(await unserved())
  expect(error.exitCode).toBe(5)
  expect(error.message).toMatch(/signin does not answer \(ECONNREFUSED\)/)
})

test('a page is entered by a session; without one, or with an API key, no word would come', async () => {
  const page = (headers: Record<string, string>) => sideAccess([{ side: 'a', kind: 'open-webui-socket', url: 'http://127.0.0.1:9' }], { headers, account: undefined, trust: undefined })
  await expect(page({ 'x-a': 'b' })).rejects.toThrow(/somebody who has signed in[\s\S]*--token-env/)
  await expect(page({ authorization: 'Bearer sk-canary' })).rejects.toThrow(/An API key does not open the socket[\s\S]*--token-env/)
  expect((await page({ authorization: 'Bearer eyJ.1' })).get('a')).toEqual({ headers: { authorization: 'Bearer eyJ.1' }, trust: undefined })
})
