import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Problem } from '../errors.ts'
import { ownCertificate } from '../target/test/certificate.ts'
import { type CredentialFlags, type Credentials, credentials } from './credentials.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'first-token-credentials-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const place = path.join(folder, name)
  writeFileSync(place, text)
  return place
}

function read(flags: CredentialFlags, environment: Record<string, string> = {}): Credentials & { problems: string[] } {
  const problems: Problem[] = []
  const given = credentials(flags, environment, problems)
  return { ...given, problems: problems.map(({ what, fix }) => `${what} ${fix}`) }
}

test('without flags nothing is sent, nobody signs in, and whom Node believes is believed', () => {
  expect(read({})).toEqual({ headers: {}, account: undefined, trust: undefined, problems: [] })
})

test.each([
  ['a key of the environment', { apiKeyEnv: 'KEY' }, { KEY: ' sk-1 \n' }, 'Bearer sk-1'],
  ['a key of a file', { apiKeyFile: 'key' }, {}, 'Bearer sk-2'],
  ['a session token', { tokenEnv: 'TOKEN' }, { TOKEN: 'eyJ.a.b' }, 'Bearer eyJ.a.b'],
  ['a session token as it stands in a header', { tokenEnv: 'TOKEN' }, { TOKEN: 'Bearer eyJ.a.b' }, 'Bearer eyJ.a.b'],
])('%s is a bearer', (_name, flags, environment, bearer) => {
  const given = 'apiKeyFile' in flags ? { apiKeyFile: file('key', 'sk-2\n') } : flags
  expect(read(given, environment as Record<string, string>)).toMatchObject({ headers: { authorization: bearer }, problems: [] })
})

test('an account is an address and a password, as they are', () => {
  expect(read({ userEnv: 'U', passwordEnv: 'P' }, { U: ' a@lab.test ', P: ' pass word ' })).toMatchObject({ headers: {}, account: { email: 'a@lab.test', password: ' pass word ' }, problems: [] })
})

test.each([
  [{ userEnv: 'U' }, /--user-env is given without --password-env/],
  [{ passwordEnv: 'P' }, /--password-env is given without --user-env/],
  [{ userEnv: 'U', passwordEnv: 'NONE' }, /--password-env: the environment has no NONE/],
  [{ tokenEnv: 'NONE' }, /--token-env: the environment has no NONE/],
  [{ tokenEnv: 'BAD' }, /what BAD holds is no token/],
  [{ tokenEnv: 'T', apiKeyEnv: 'T' }, /--api-key-env and --token-env both say who is asking/],
  [{ tokenEnv: 'T', apiKeyEnv: 'T', userEnv: 'U', passwordEnv: 'P' }, /--api-key-env, --token-env and --user-env all say who is asking/],
  [{ tokenEnv: 'T', header: ['Authorization=env:T'] }, /Authorization is given twice/],
  [{ userEnv: 'U', passwordEnv: 'P', header: ['authorization=env:T'] }, /authorization is given twice/],
  [{ header: ['Accept-Encoding=env:T'] }, /for first-token to set/],
  [{ caFile: '/none' }, /--ca-file: \/none cannot be read, or holds no certificate/],
  [{ caFile: import.meta.filename }, /holds no certificate/],
  [{ caFile: '/none', insecure: true }, /--insecure believes everybody/],
] as const)('%j is refused, and no secret is shown', (flags, says) => {
  const { problems } = read(flags, { U: 'a@canary.test', P: 'canary', T: 'canary-token', BAD: 'canary\ntwo' })
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(says)
  expect(problems.join(' ')).not.toContain('canary')
})

test('all that is wrong is told at once', () => {
  expect(read({ tokenEnv: 'NONE', passwordEnv: 'P', caFile: '/none' }).problems).toHaveLength(3)
})

test('an authority of a file is believed, and nobody is asked for a certificate where that is wanted', () => {
  expect(read({ caFile: file('ca.pem', ownCertificate().cert) })).toMatchObject({ trust: { secureContext: {} }, problems: [] })
  expect(read({ insecure: true })).toMatchObject({ trust: { rejectUnauthorized: false }, problems: [] })
})
