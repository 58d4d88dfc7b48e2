import { readFileSync } from 'node:fs'
import { createSecureContext, rootCertificates } from 'node:tls'
import type { Problem } from '../errors.ts'
import type { Trust } from '../target/connection.ts'

export interface CredentialFlags {
  readonly apiKeyEnv?: string | undefined
  readonly apiKeyFile?: string | undefined
  /** A session token, as a browser keeps it. */
  readonly tokenEnv?: string | undefined
  /** Somebody who signs in to Open WebUI. */
  readonly userEnv?: string | undefined
  readonly passwordEnv?: string | undefined
  /** `Name=env:VAR`, so that no secret is ever in the arguments that every process on the machine can read. */
  readonly header?: readonly string[] | undefined
  readonly caFile?: string | undefined
  readonly insecure?: boolean | undefined
}

type Environment = Readonly<Record<string, string | undefined>>

/** Somebody who can sign in. */
export interface Account {
  readonly email: string
  readonly password: string
}

/** What opens the door of a target, and whose door it is believed to be. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  /** Undefined where nobody has to sign in. */
  readonly account: Account | undefined
  /** Undefined: whom Node believes. */
  readonly trust: Trust | undefined
}

/** What the flags give, from the environment and from files, never from the arguments. Asks nobody: `sideAccess` signs in. */
export function credentials(flags: CredentialFlags, environment: Environment, problems: Problem[]): Credentials {
  return { headers: credentialHeaders(flags, environment, problems), account: account(flags, environment, problems), trust: trust(flags, problems) }
}

/** The headers that a target is sent, from the environment or a file, never from the arguments. */
function credentialHeaders(flags: CredentialFlags, environment: Environment, problems: Problem[]): Record<string, string> {
  const headers: Record<string, string> = {}
  const bearer = bearerOf(flags, environment, problems)
  if (bearer !== undefined) headers['authorization'] = `Bearer ${bearer}`
  const hasOne = bearer !== undefined || flags.userEnv !== undefined || flags.passwordEnv !== undefined
  for (const text of flags.header ?? []) {
    const match = /^([A-Za-z0-9-]+)=env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)
    const name = match?.[1]?.toLowerCase() ?? ''
    const value = environment[match?.[2] ?? '']
    if (match === null || match[1] === undefined) problems.push({ what: '--header was not understood.', fix: "Write --header 'Name=env:VAR': the value comes from the environment, so that it shows in no process list." })
    else if (value === undefined || value === '') problems.push({ what: `--header ${match[1]}: the environment has no ${match[2]}.`, fix: `Set it: export ${match[2]}=…` })
    else if (ownHeaders.includes(name)) problems.push({ what: `--header ${match[1]} is for first-token to set.`, fix: 'Leave it out.' })
    else if (!isHeaderValue(value)) problems.push({ what: `--header ${match[1]}: what ${match[2]} holds cannot be sent as a header.`, fix: 'It is one line of visible characters.' })
    else if (Object.hasOwn(headers, name) || (name === 'authorization' && hasOne)) problems.push({ what: `${match[1]} is given twice.`, fix: 'Keep one --header, or the key.' })
    else headers[name] = value
  }
  return headers
}

/** What a request needs to be read at all. */
const ownHeaders = ['host', 'content-type', 'content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'expect', 'te', 'trailer', 'accept-encoding']

const isHeaderValue = (value: string): boolean => /^[\t\u0020-\u007e\u0080-\u00ff]+$/.test(value)

/** The ways to a bearer token, of which one is taken. */
const bearerFlags = [['apiKeyEnv', '--api-key-env'], ['apiKeyFile', '--api-key-file'], ['tokenEnv', '--token-env'], ['userEnv', '--user-env']] as const

function bearerOf(flags: CredentialFlags, environment: Environment, problems: Problem[]): string | undefined {
  const given = bearerFlags.filter(([name]) => flags[name] !== undefined).map(([, flag]) => flag)
  if (given.length > 1) problems.push({ what: `${given.slice(0, -1).join(', ')} and ${given.at(-1) ?? ''} ${given.length === 2 ? 'both' : 'all'} say who is asking.`, fix: 'Keep one.' })
  if (flags.apiKeyEnv !== undefined) return secret('--api-key-env', flags.apiKeyEnv, 'key', environment, problems)
  if (flags.apiKeyFile !== undefined) return keyFile(flags.apiKeyFile, problems)
  if (flags.tokenEnv !== undefined) return secret('--token-env', flags.tokenEnv, 'token', environment, problems)?.replace(/^Bearer +/i, '')
  return undefined
}

function secret(flag: string, variable: string, what: 'key' | 'token', environment: Environment, problems: Problem[]): string | undefined {
  const value = fromEnvironment(flag, variable, environment, problems)?.trim()
  if (value !== undefined && !isHeaderValue(value)) problems.push({ what: `${flag}: what ${variable} holds is no ${what}.`, fix: `A ${what} is one line of visible characters.` })
  return value
}

function fromEnvironment(flag: string, variable: string, environment: Environment, problems: Problem[]): string | undefined {
  const value = environment[variable]
  if (value !== undefined && value.trim() !== '') return value
  problems.push({ what: `${flag}: the environment has no ${variable}.`, fix: `Set it: export ${variable}=…` })
  return undefined
}

function keyFile(file: string, problems: Problem[]): string | undefined {
  try {
    const key = readFileSync(file, 'utf8').trim()
    if (!isHeaderValue(key)) problems.push({ what: `--api-key-file: ${file} ${key === '' ? 'is empty' : 'holds more than one line, or what cannot be sent'}.`, fix: 'It holds the key and nothing else, on one line.' })
    return key
  } catch {
    problems.push({ what: `--api-key-file: ${file} cannot be read.`, fix: 'Name a file that holds the key and nothing else.' })
    return undefined
  }
}

function account({ userEnv, passwordEnv }: CredentialFlags, environment: Environment, problems: Problem[]): Account | undefined {
  if (userEnv === undefined && passwordEnv === undefined) return undefined
  if (userEnv === undefined || passwordEnv === undefined) {
    problems.push({ what: `${userEnv === undefined ? '--password-env' : '--user-env'} is given without ${userEnv === undefined ? '--user-env' : '--password-env'}.`, fix: 'Signing in takes both: --user-env VAR holds the e-mail address, --password-env VAR the password.' })
    return undefined
  }
  const email = fromEnvironment('--user-env', userEnv, environment, problems)?.trim()
  const password = fromEnvironment('--password-env', passwordEnv, environment, problems)
  return email === undefined || password === undefined ? undefined : { email, password }
}

/** The authorities of --ca-file are believed besides those that Node believes. */
function trust({ caFile, insecure }: CredentialFlags, problems: Problem[]): Trust | undefined {
  if (caFile !== undefined && insecure === true) problems.push({ what: '--ca-file says whom to believe, and --insecure believes everybody.', fix: 'Keep one.' })
  if (insecure === true) return { rejectUnauthorized: false }
  if (caFile === undefined) return undefined
  try {
    const authorities = readFileSync(caFile, 'utf8')
    if (!authorities.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no certificate')
    return { secureContext: createSecureContext({ ca: [...rootCertificates, authorities] }) }
  } catch {
    problems.push({ what: `--ca-file: ${caFile} cannot be read, or holds no certificate.`, fix: 'Name the PEM file of the authority that signed the certificate of the target.' })
    return undefined
  }
}
