import { z } from 'zod'
import { parseDuration } from '../duration.ts'

/** What a member has to be, in words: `noun` ends the sentence "… is X, which is not …", `fix` says what to write. Schemas carry the name of a form as their error. */
export const forms = {
  config: { noun: 'an object with the configuration of a deployment', fix: 'Write { "target": { "kind": "open-webui", "url": "http://localhost:3000" } }, for one, or let `npx first-token init` write it.' },
  system: { noun: 'a system with kind and url', fix: 'Write { "kind": "open-webui", "url": "http://localhost:3000" }.' },
  kind: { noun: 'a kind of system', fix: 'Write "openai", "ollama" or "open-webui".' },
  url: { noun: 'a base address', fix: 'Write it whole, without user name, ? and #, like "http://localhost:3000".' },
  text: { noun: 'a text', fix: 'Write a text in double quotes.' },
  variable: { noun: 'the name of an environment variable', fix: 'Write the name alone, like "ASTRA_TOKEN", and the secret into that variable: export ASTRA_TOKEN=…' },
  reference: { noun: 'a value from the environment', fix: 'Write "env:VAR", and the value into that variable: export VAR=…' },
  headers: { noun: 'an object of headers', fix: 'Write { "X-Name": "env:VAR" }: letters, digits and dashes, and the value from the environment.' },
  host: { noun: 'a host', fix: 'Write the host alone, without https:// and port, like "chat.example.org".' },
  hosts: { noun: 'a list of hosts', fix: 'Write ["chat.example.org"].' },
  load: { noun: 'a mode of load', fix: 'Write "gentle" or "full".' },
  count: { noun: 'a whole number of at least 1', fix: 'Write a number without quotes, like 200.' },
  rounds: { noun: 'a whole number from 1 to 100', fix: 'Write a number without quotes, like 6.' },
  time: { noun: 'a length of time of more than 0', fix: 'Write it in quotes with its unit: "500ms", "45s", "10m".' },
  stallLimit: { noun: 'a length of time of more than 0 and at most a minute', fix: 'Write it in quotes with its unit: "500ms", "2s".' },
  parameters: { noun: 'an object of parameters', fix: 'Write { "errorWithin": "8s" }: names of parameters of the scenario.' },
  amount: { noun: 'a length of time or a number of at least 0', fix: 'Write a time in quotes with its unit, "8s", or a number without quotes, 0.02.' },
  boundsOfAll: { noun: 'an object of scenarios', fix: 'Write { "concurrent": { "hello starts immediately": { "pass": "1s", "fail": "3s" } } }.' },
  boundsOfOne: { noun: 'an object of claims', fix: 'Write { "hello starts immediately": { "pass": "1s", "fail": "3s" } }.' },
  bound: { noun: 'a bound', fix: 'Write { "pass": "1s" }, or { "pass": "1s", "fail": "3s" } for a warning between the two.' },
} as const

export type Form = keyof typeof forms

const says = (form: Form): { error: Form } => ({ error: form })

const timePattern = /^\d+(\.\d+)?\s*(ms|s|min|m|h)$/
const time = z.string(says('time')).regex(timePattern, says('time')).refine((text) => (parseDuration(text)?.milliseconds ?? 0) > 0, says('time'))
const text = z.string(says('text')).min(1, says('text'))
const variable = z.string(says('variable')).regex(/^[A-Za-z_][A-Za-z0-9_]*$/, says('variable')).refine((name) => !looksLikeSecret(name), says('variable'))
const url = z.string(says('url')).regex(/^https?:\/\/[^\s/@?#]+(\/[^\s?#]*)?$/, says('url')).refine((address) => URL.canParse(address), says('url'))
const amount = z.union([z.string().regex(timePattern, says('amount')), z.number().min(0, says('amount'))], says('amount'))
/** Of `stallLimit`, ms, as of --stall-limit. */
const longestStallLimit = 60_000

const system = z.strictObject({
  kind: z.enum(['openai', 'ollama', 'open-webui'], says('kind')),
  url: url.describe('openai: the base that an OpenAI client takes, …/v1; the others: the address of the page or server, without a path'),
}, says('system'))

const bound = z.strictObject({
  pass: amount.describe('passes at or below it: a time with its unit, or a number (0.02 is 2 %)'),
  fail: amount.optional().describe('fails above it; by default as `pass`. Between the two it is a warning'),
}, says('bound'))

/** The configuration of a deployment, first-token.json. Everything may be left out; times are written with their unit. It never holds a secret. */
export const configSchema = z.strictObject({
  $schema: text.optional().describe('the JSON Schema of this file, for editors'),
  target: system.optional().describe('the one system that is measured'),
  before: system.optional().describe('the reference, where two systems run at once'),
  after: system.optional().describe('the system that is judged, where two run at once'),
  model: text.optional().describe('the model to ask for; may be left out where only one is offered'),
  modelUrl: url.optional().describe('the model behind the target, asked directly'),
  mock: url.optional().describe('our mock (first-token mock) behind the target'),
  container: text.optional().describe('the container that the target runs in, as docker ps shows it'),
  apiKeyEnv: variable.optional().describe('the environment variable that holds an API key'),
  apiKeyFile: text.optional().describe('a file that holds an API key and nothing else'),
  tokenEnv: variable.optional().describe('the environment variable that holds an Open WebUI session token'),
  userEnv: variable.optional().describe('the environment variable that holds the user (email) to sign in with'),
  passwordEnv: variable.optional().describe('the environment variable that holds the password to sign in with'),
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/, says('headers')), z.string(says('reference')).regex(/^env:[A-Za-z_][A-Za-z0-9_]*$/, says('reference')).refine((reference) => !looksLikeSecret(reference.slice(4)), says('reference')), says('headers')).optional().describe('further headers, each value from an environment variable: "env:VAR"'),
  caFile: text.optional().describe('certificates (PEM) to trust besides those of the system'),
  allowHosts: z.array(z.string(says('host')).regex(/^[A-Za-z0-9.-]+$|^[0-9A-Fa-f:.]+$/, says('host')), says('hosts')).optional().describe('public hosts that are yours to load'),
  load: z.enum(['gentle', 'full'], says('load')).optional().describe('gentle (default on a running system): few messages, one after another'),
  maxMessages: z.int(says('count')).min(1, says('count')).optional().describe('stop after so many messages'),
  maxTokens: z.int(says('count')).min(1, says('count')).optional().describe('stop after so many answer tokens'),
  budget: time.optional().describe('no further rounds beyond this, a scenario'),
  rounds: z.int(says('rounds')).min(1, says('rounds')).max(100, says('rounds')).optional().describe('so many rounds and one look'),
  stallLimit: time.refine((limit) => (parseDuration(limit)?.milliseconds ?? 0) <= longestStallLimit, says('stallLimit')).optional().describe('when a message counts as stalled; at most a minute'),
  out: text.optional().describe('the folder for reports'),
  set: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, says('parameters')), amount, says('parameters')).optional().describe('parameters of scenarios, as --set takes them'),
  bounds: z.record(z.string(), z.record(z.string(), bound, says('boundsOfOne')), says('boundsOfAll')).optional().describe('bounds of your own: scenario, then the sentence of the claim. The report says "your bound"'),
}, says('config'))

export type Config = z.infer<typeof configSchema>
export type ConfigSystem = z.infer<typeof system>
/** Scenario, claim sentence, bound. */
export type ConfigBounds = NonNullable<Config['bounds']>

export const systemKinds = system.shape.kind.options

/** Whether the configuration takes it for a base address, and for the name of an environment variable. */
export const isBaseUrl = (word: string): boolean => url.safeParse(word).success
export const isVariableName = (word: string): boolean => variable.safeParse(word).success

/** What each kind of object may hold, for the nearest name to a misspelt one. */
export const memberNames: Readonly<Record<'config' | 'system' | 'bound', readonly string[]>> = {
  config: Object.keys(configSchema.shape),
  system: Object.keys(system.shape),
  bound: Object.keys(bound.shape),
}

/** Whether a text begins as issuers let their secrets begin. */
export const beginsLikeSecret = (text: string): boolean => /^(sk[-_]|eyJ|gh[pousr]_|github_pat_|gsk_|hf_|xox[a-z]-|AKIA|AIza).{12}|^(Bearer|Basic)\s+\S{4}/i.test(text)

/** A variable is named in words; a key is a long row of letters and digits among each other. */
const looksLikeSecret = (name: string): boolean => beginsLikeSecret(name) || (/^[A-Za-z0-9]{20,}$/.test(name) && /[a-z]\d|\d[a-z]/i.test(name))

/** The JSON Schema of first-token.json, as published in schema/config.schema.json. */
export const configJsonSchema = (): Record<string, unknown> => ({ ...z.toJSONSchema(configSchema, { io: 'input' }), title: 'The configuration of a deployment for first-token (first-token.json)' })
