import { RunClock } from '../engine/node/clock.ts'
import { exitCodes, type Problem, UsageError } from '../errors.ts'
import { printable } from '../report/printable.ts'
import type { Outcome } from '../sample/message.ts'
import { targetOf } from '../target/chat-target.ts'
import { pageVersion } from '../target/browser/open-webui-page.ts'
import { type Inspection, inspectPage, type MissingPlace } from '../target/browser/page-inspection.ts'
import { failed, secretsOf, struck } from '../target/failure.ts'
import { shortRequest } from '../target/short-request.ts'
import type { Target } from '../target/target.ts'
import { credentialFix, offeredModels } from './model-list.ts'
import { type Access, type AskedTarget, isOpenWebUi, type SideAccess } from './sign-in.ts'

/** How long the mock may take to tell its clock, ms. */
const patience = 10_000

const noAccess: Access = { headers: {}, trust: undefined }

/** Something that is in the way, and whether it is the user who can mend it: then it is exit 2, else 5. */
interface Obstacle {
  readonly problem: Problem
  readonly isUsage: boolean
}

/** @throws {UsageError} with all of them, exit 2 where one of them is the user's, else 5. */
function refuse(obstacles: readonly Obstacle[]): void {
  if (obstacles.length > 0) throw new UsageError(obstacles.map(({ problem }) => problem), obstacles.some(({ isUsage }) => isUsage) ? exitCodes.usage : exitCodes.unreachable)
}

/**
 * The model to ask each side for: the one named, or the only one offered.
 * @throws {UsageError} exit 2 where the address, the credentials or the name is wrong, 5 where nobody answers.
 */
export async function chosenModels(targets: readonly AskedTarget[], wanted: string | undefined, access: SideAccess): Promise<Map<string, string>> {
  const choices = await Promise.all(targets.map(async (target) => ({ side: target.side, choice: await chosenModel(target, wanted, access.get(target.side) ?? noAccess) })))
  refuse(choices.flatMap(({ choice }) => (typeof choice === 'string' ? [] : [choice])))
  return new Map(choices.flatMap(({ side, choice }): [string, string][] => (typeof choice === 'string' ? [[side, choice]] : [])))
}

async function chosenModel(target: AskedTarget, wanted: string | undefined, access: Access): Promise<string | Obstacle> {
  const { url } = target
  const secrets = secretsOf(access.headers)
  const usage = (what: string, fix: string): Obstacle => ({ isUsage: true, problem: { what, fix: printable(fix) } })
  const offered = await offeredModels(target, access)
  if ('problem' in offered) return { isUsage: offered.isUsage, problem: told(offered.problem, secrets) }
  const { models } = offered
  const model = wanted === undefined ? (models.length === 1 ? models[0] : undefined) : named(target, wanted, models)
  // A key as short as a word may well stand in a name; a real one that comes back in it must not get into the report.
  if (model !== undefined && secrets.some((secret) => secret.length >= 16 && model.includes(secret))) return usage(`${url} gives the key that it was sent as the name of a model.`, 'Name the model with --model.')
  if (model !== undefined && (models.length === 0 || models.includes(model))) return model
  const names = struck(models.slice(0, 12).join(', '), secrets)
  if (model !== undefined) return usage(`${url} does not offer the model ${model}.`, `It offers ${names}.`)
  return models.length === 0 ? usage(`The list of models of ${url} is empty.`, 'Name the model with --model.') : usage(`${url} offers ${models.length} models.`, `Name one with --model: ${names}.`)
}

/** Ollama's names have a tag, which people leave out where it is the latest. */
function named({ kind }: AskedTarget, wanted: string, models: readonly string[]): string {
  const latest = `${wanted}:latest`
  return kind === 'ollama' && !models.includes(wanted) && models.includes(latest) ? latest : wanted
}

/** What a server says may hold the key that it was sent, and what a terminal would obey. */
function told({ what, fix }: Problem, secrets: readonly string[]): Problem {
  const clean = (text: string): string => printable(struck(text, secrets))
  return { what: clean(what), fix: clean(fix) }
}

/**
 * That --mock is our mock and answers, before half a minute is spent on the control stack.
 * @throws {UsageError} exit 5 where nobody answers, 2 where somebody else does.
 */
export async function checkMock(url: string): Promise<void> {
  const fix = 'Start one with `npx first-token mock --port 9100`, put it behind the target, and give its address: --mock http://127.0.0.1:9100.'
  const answer = await shortRequest(`${url}/mock/clock`, { patience })
  if (answer.kind === 'failed') throw new UsageError({ what: `--mock: ${url} does not answer (${answer.words}).`, fix }, exitCodes.unreachable)
  if (answer.status !== 200 || !answer.text.includes('"bootId"')) throw new UsageError({ what: `--mock: what answers at ${url} is not our mock.`, fix })
}

/** What the pages of browsers were seen to be before anything is measured. */
export interface LookedAtPages {
  /** Sides whose page showed the answer to a hello. */
  readonly answered: readonly string[]
  /** Why no search can be asked for, a sentence without its full stop; undefined where it can be, or nobody wants to. */
  readonly noSearch: string | undefined
}

/**
 * That the page of each browser target has its places where they are looked for: one hello in one page, of one target after another. A system whose page shows
 * nothing because it answers nothing is not refused: that is for the run to tell.
 * @throws {UsageError} exit 2 with each place that is missing.
 */
export async function checkPages(targets: readonly AskedTarget[], models: ReadonlyMap<string, string>, access: SideAccess, { wantsSearch, isOurs }: { readonly wantsSearch: boolean; readonly isOurs: boolean }): Promise<LookedAtPages> {
  const clock = new RunClock(() => {})
  const looked: { readonly side: string; readonly url: string; readonly seen: Inspection }[] = []
  try {
    for (const { side, kind, url } of targets) {
      const { headers, trust } = access.get(side) ?? noAccess
      if (kind === 'browser') looked.push({ side, url, seen: await inspectPage({ kind, url, model: models.get(side) ?? '', headers, trust, clock }, wantsSearch) })
    }
  } finally {
    clock.stop()
  }
  refuse(looked.flatMap(({ side, url, seen }) => (seen.missing.length === 0 ? [] : [{ isUsage: true, problem: foreignPage(side, url, seen.missing, isOurs) }])))
  const [lacking] = looked.flatMap(({ side, url, seen: { noSearch } }) => (noSearch === undefined ? [] : [`in the page of ${side} (${url}) a search cannot be asked for, it has no ${noSearch.name} (${noSearch.selector}): switch web search on for this account, or ${withoutPage(isOurs)}`]))
  return { answered: looked.filter(({ seen }) => seen.wasAnswered).map(({ side }) => side), noSearch: lacking }
}

const withoutPage = (isOurs: boolean): string => `measure without the page: ${isOurs ? '--via socket' : 'open-webui-socket=URL'}`

/** A page that is no page of the Open WebUI that we know, or no more. */
export function foreignPage(side: string, url: string, missing: readonly MissingPlace[], isOurs: boolean): Problem {
  const list = missing.map(({ name, selector }) => `${name} (${selector})`).join(', ')
  return { what: `The page of ${side} (${url}) is not that of Open WebUI ${pageVersion}: it lacks ${list}. What it shows would be told wrongly.`, fix: `M${withoutPage(isOurs).slice(1)} speaks to the server as the page does${isOurs ? '' : ', open-webui=URL to its API'}.` }
}

/** Hellos that a target may fail before anything is measured, and how long one of them may take, ms. */
const tries = 3
const longestHello = 60_000

/**
 * That each target answers a hello, before half a minute is spent on the control stack.
 * @throws {UsageError} exit 2 where it does not let us in, 5 with what it did instead.
 */
export async function checkAnswers(targets: readonly AskedTarget[], models: ReadonlyMap<string, string>, access: SideAccess): Promise<void> {
  const clock = new RunClock(() => {})
  try {
    const obstacles = await Promise.all(targets.map(async (asked) => {
      const { side, kind, url } = asked
      const { headers, trust } = access.get(side) ?? noAccess
      const target = targetOf({ kind, url, model: models.get(side) ?? '', headers, trust, clock })
      try {
        return await answersNoHello(asked, target)
      } finally {
        await target.close?.()
      }
    }))
    refuse(obstacles.filter((obstacle) => obstacle !== undefined))
  } finally {
    clock.stop()
  }
}

async function answersNoHello({ side, kind, url }: AskedTarget, target: Target): Promise<Obstacle | undefined> {
  for (let count = 1; ; count += 1) {
    const outcome = await hello(target)
    if (outcome.kind === 'answered') return undefined
    const { code, detail } = outcome
    // Answered, and told to somebody else: that is what is to be found out.
    if (code === 'not-delivered') return undefined
    // Some list their models to anybody. Whoever is not let in is not let in the second time.
    if (code === 'http-status' && /^40[13]\b(?! intermediary)/.test(detail)) return { isUsage: true, problem: told({ what: `${side} (${url}) refuses a hello (${detail}): the credentials are missing, wrong or expired.`, fix: credentialFix(kind) }, []) }
    if (count === tries) return { isUsage: false, problem: told({ what: `${side} (${url}) answers no hello: ${code} (${detail}).`, fix: helloFix(kind) }, []) }
  }
}

function helloFix(kind: Target['kind']): string {
  const address = kind === 'ollama' ? 'the address is that of an Ollama' : isOpenWebUi(kind) ? 'the address is the one that a browser opens' : 'the address is the one an OpenAI client would use'
  return `Check that it runs, that ${address}, and that the model exists.`
}

async function hello(target: Target): Promise<Outcome> {
  const session = target.open()
  const utterance = { id: 'hello', text: 'Hello', mock: undefined }
  await session.prepare?.(utterance)
  const exchange = session.say(utterance)
  const timer = setTimeout(() => exchange.abort(failed('hung', `no end after ${longestHello / 1_000} s`, 0)), longestHello)
  const { outcome } = await exchange.done
  clearTimeout(timer)
  await session.close()
  return outcome
}
