import { expect, test } from 'vitest'
import { SideProcessError } from '../side-process.ts'
import { makeAccounts } from './accounts.ts'

test('a side that does not answer is told with its name and the address', async () => {
  const login = { email: 'a@b', password: 'hush' }
  const error: unknown = await makeAccounts({ name: 'after', url: 'http://127.0.0.1:1' }, { admin: login, person: login, other: login, crowd: [] }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(SideProcessError)
  expect(String(error)).toMatch(/open-webui after: POST http:\/\/127\.0\.0\.1:1\/api\/v1\/auths\/signin was not answered: ./)
  expect(String(error)).not.toContain('hush')
})
