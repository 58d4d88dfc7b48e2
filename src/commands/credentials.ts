import { readFileSync } from 'node:fs'
import type { Problem } from '../errors.ts'

export interface CredentialFlags {
  readonly apiKeyEnv?: string | undefined
  readonly apiKeyFile?: string | undefined
  /** `Name=env:VAR`, so that no secret is ever in the arguments that every process on the machine can read. */
  readonly header?: readonly string[] | undefined
}

/** The headers that a target is sent, from the environment or a file, never from the arguments. */
export function credentialHeaders(flags: CredentialFlags, environment: Readonly<Record<string, string | undefined>>, problems: Problem[]): Record<string, string> {
  const headers: Record<string, string> = {}
  const key = apiKey(flags, environment, problems)
  if (key !== undefined) headers['authorization'] = `Bearer ${key}`
  for (const text of flags.header ?? []) {
    const match = /^([A-Za-z0-9-]+)=env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)
    const value = environment[match?.[2] ?? '']
    if (match === null || match[1] === undefined) problems.push({ what: '--header was not understood.', fix: "Write --header 'Name=env:VAR': the value comes from the environment, so that it shows in no process list." })
    else if (value === undefined || value === '') problems.push({ what: `--header ${match[1]}: the environment has no ${match[2]}.`, fix: `Set it: export ${match[2]}=…` })
    else if (ownHeaders.includes(match[1].toLowerCase())) problems.push({ what: `--header ${match[1]} is for first-token to set.`, fix: 'Leave it out.' })
    else if (!isHeaderValue(value)) problems.push({ what: `--header ${match[1]}: what ${match[2]} holds cannot be sent as a header.`, fix: 'It is one line of visible characters.' })
    else if (Object.hasOwn(headers, match[1].toLowerCase())) problems.push({ what: `${match[1]} is given twice.`, fix: 'Keep one --header, or the key.' })
    else headers[match[1].toLowerCase()] = value
  }
  return headers
}

/** What a request needs to be read at all. */
const ownHeaders = ['host', 'content-type', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'expect', 'te', 'trailer']

const isHeaderValue = (value: string): boolean => /^[\t\u0020-\u007e\u0080-\u00ff]+$/.test(value)

function apiKey(flags: CredentialFlags, environment: Readonly<Record<string, string | undefined>>, problems: Problem[]): string | undefined {
  if (flags.apiKeyEnv !== undefined && flags.apiKeyFile !== undefined) problems.push({ what: '--api-key-env and --api-key-file both give a key.', fix: 'Keep one.' })
  if (flags.apiKeyEnv !== undefined) {
    const key = environment[flags.apiKeyEnv]
    if (key === undefined || key.trim() === '') problems.push({ what: `--api-key-env: the environment has no ${flags.apiKeyEnv}.`, fix: `Set it: export ${flags.apiKeyEnv}=…` })
    else if (!isHeaderValue(key.trim())) problems.push({ what: `--api-key-env: what ${flags.apiKeyEnv} holds is no key.`, fix: 'A key is one line of visible characters.' })
    return key?.trim()
  }
  if (flags.apiKeyFile === undefined) return undefined
  try {
    const key = readFileSync(flags.apiKeyFile, 'utf8').trim()
    if (!isHeaderValue(key)) problems.push({ what: `--api-key-file: ${flags.apiKeyFile} ${key === '' ? 'is empty' : 'holds more than one line, or what cannot be sent'}.`, fix: 'It holds the key and nothing else, on one line.' })
    return key
  } catch {
    problems.push({ what: `--api-key-file: ${flags.apiKeyFile} cannot be read.`, fix: 'Name a file that holds the key and nothing else.' })
    return undefined
  }
}
