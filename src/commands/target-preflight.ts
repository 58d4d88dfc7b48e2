import { request } from 'undici'
import { RunClock } from '../engine/node/clock.ts'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { failed, secretsOf, struck } from '../target/failure.ts'
import { targetOf } from '../target/chat-target.ts'
import type { Target } from '../target/target.ts'
import type { TargetFlag } from './run-request.ts'

/** How long a target may take to list its models, ms. */
const patience = 10_000

/** The model to ask for: the one named, or the only one offered. */
export async function chosenModels(targets: readonly TargetFlag[], wanted: string | undefined, headers: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  const problems: Problem[] = []
  const models = new Map<string, string>()
  let exitCode: number = exitCodes.unreachable
  for (const target of targets) {
    const offered = await offeredModels(target, headers)
    const told = (text: string): string => struck(text, secretsOf(headers))
    if ('problem' in offered) {
      if (offered.isUsage) exitCode = exitCodes.usage
      problems.push(offered.problem)
      continue
    }
    const model = wanted ?? (offered.models.length === 1 ? offered.models[0] : undefined)
    // A key as short as a word may well stand in a name; a real one that comes back in it must not get into the report.
    if (model !== undefined && secretsOf(headers).some((secret) => secret.length >= 16 && model.includes(secret))) {
      exitCode = exitCodes.usage
      problems.push({ what: `${target.url} gives the key that it was sent as the name of a model.`, fix: 'Name the model with --model.' })
      continue
    }
    if (model !== undefined && (offered.models.length === 0 || offered.models.includes(model))) models.set(target.side, model)
    else {
      exitCode = exitCodes.usage
      const list = told(offered.models.slice(0, 12).join(', '))
      problems.push(model === undefined
        ? offered.models.length === 0
          ? { what: `The list of models of ${target.url} is empty.`, fix: 'Name the model with --model.' }
          : { what: `${target.url} offers ${offered.models.length} models.`, fix: `Name one with --model: ${list}.` }
        : { what: `${target.url} does not offer the model ${model}.`, fix: `It offers ${list}.` })
    }
  }
  if (problems.length > 0) throw new UsageError(problems, exitCode)
  return models
}

/**
 * That --mock is our mock and answers, before half a minute is spent on the control stack.
 * @throws {UsageError} exit 5 where nobody answers, 2 where somebody else does.
 */
export async function checkMock(url: string): Promise<void> {
  const address = `${url}/mock/clock`
  const fix = 'Start one with `first-token mock --port 9100`, put it behind the target, and give its address: --mock http://127.0.0.1:9100.'
  const answer = await request(address, { headersTimeout: patience, bodyTimeout: patience }).catch((error: unknown) => {
    throw new UsageError({ what: `--mock: ${url} does not answer (${errorWords(error)}).`, fix }, exitCodes.unreachable)
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !text.includes('"bootId"')) throw new UsageError({ what: `--mock: what answers at ${url} is not our mock.`, fix })
}

/** Hellos that a target may fail before anything is measured, and how long one of them may take, ms. */
const tries = 3
const longestHello = 60_000

/**
 * That each target answers a hello, before half a minute is spent on the control stack.
 * @throws {UsageError} exit 5, with what it did instead.
 */
export async function checkAnswers(targets: readonly TargetFlag[], models: ReadonlyMap<string, string>, headers: Readonly<Record<string, string>>): Promise<void> {
  const clock = new RunClock(() => {})
  try {
    const problems = await Promise.all(targets.map(async ({ side, kind, url }) => {
      const target = targetOf({ kind, url, model: models.get(side) ?? '', headers, clock })
      for (let count = 1; ; count += 1) {
        const failure = await helloFails(target)
        if (failure === undefined) return []
        if (count === tries) return [{ what: `${side} (${url}) answers no hello: ${failure}.`, fix: 'Check that it runs, that the address is the one an OpenAI client would use, and that the model exists.' }]
      }
    }))
    if (problems.flat().length > 0) throw new UsageError(problems.flat(), exitCodes.unreachable)
  } finally {
    clock.stop()
  }
}

async function helloFails(target: Target): Promise<string | undefined> {
  const session = target.open()
  const exchange = session.say({ id: 'hello', text: 'Hello', mock: undefined })
  const timer = setTimeout(() => exchange.abort(failed('hung', `no end after ${longestHello / 1_000} s`, 0)), longestHello)
  const { outcome } = await exchange.done
  clearTimeout(timer)
  session.close()
  return outcome.kind === 'failed' ? `${outcome.code} (${outcome.detail})` : undefined
}

function errorWords(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return `no answer within ${patience / 1_000} s`
  return code !== '' ? code : error instanceof Error ? error.message : String(error)
}

type Offer = { readonly models: string[] } | { readonly problem: Problem; readonly isUsage: boolean }

async function offeredModels(target: TargetFlag, headers: Readonly<Record<string, string>>): Promise<Offer> {
  const address = `${target.url}/models`
  try {
    const { statusCode, headers: answered, body } = await request(address, { headers: { ...headers }, headersTimeout: patience, bodyTimeout: patience })
    const text = (await body.text()).slice(0, 4_000_000)
    return readOffer(address, statusCode, String(answered['content-type'] ?? '').toLowerCase(), text)
  } catch (error) {
    return { isUsage: false, problem: { what: `${address} does not answer (${errorWords(error)}).`, fix: 'Check that the system runs and that the address is right.' } }
  }
}

function readOffer(address: string, status: number, contentType: string, text: string): Offer {
  if (status === 401 || status === 403) return { isUsage: true, problem: { what: `${address} answered ${status}: the credentials are missing, wrong or expired.`, fix: 'Give a fresh one with --api-key-env VAR.' } }
  if (contentType.includes('html')) return { isUsage: true, problem: { what: `${address} answered with an HTML page (${status}), not with a list of models.`, fix: 'The target is the base of an OpenAI-compatible API: http://HOST:PORT/v1, or http://HOST:PORT/api for Open WebUI.' } }
  if (status >= 500) return { isUsage: false, problem: { what: `${address} answered ${status}.`, fix: 'Mend the system first: there is nothing to measure.' } }
  if (status !== 200) return { isUsage: true, problem: { what: `${address} answered ${status}.`, fix: 'The target is the base of an OpenAI-compatible API, like http://HOST:PORT/v1.' } }
  const models = modelIds(text)
  if (models === undefined) return { isUsage: true, problem: { what: `${address} did not answer with a list of models.`, fix: 'The target is the base of an OpenAI-compatible API, like http://HOST:PORT/v1.' } }
  return { models }
}

function modelIds(text: string): string[] | undefined {
  try {
    const json: unknown = JSON.parse(text)
    const list: unknown = typeof json === 'object' && json !== null && 'data' in json ? json.data : json
    if (!Array.isArray(list)) return undefined
    return list.flatMap((entry: unknown) => (typeof entry === 'object' && entry !== null && 'id' in entry && typeof entry.id === 'string' ? [entry.id] : []))
  } catch {
    return undefined
  }
}
