import { randomUUID } from 'node:crypto'
import { setTimeout as passed } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { UsageError } from '../../errors.ts'
import type { TargetOptions } from '../chat-target.ts'
import type { ChatPage } from './chat-page.ts'
import { input, places } from './open-webui-page.ts'
import { type Found, probeScript } from './page-probe.ts'
import { pagePool } from './browser-target.ts'
import { PageWire } from './page-wire.ts'

/** Something that is looked for in a page and is not there. */
export interface MissingPlace {
  /** What it is, for people: `Stop`. */
  readonly name: string
  readonly selector: string
}

/** What one page with one hello in it shows. */
export interface Inspection {
  /** Places without which nothing that the page shows can be told right. Empty where they are there, or where the server gave the page nothing to show. */
  readonly missing: readonly MissingPlace[]
  /** Whether a word of the answer was seen where words are looked for. */
  readonly wasAnswered: boolean
  /** Where the search would be asked for; undefined where it can be, or where nobody wants to. */
  readonly noSearch: MissingPlace | undefined
}

/** A page may be slow to show what its server has told it, ms. */
const longestShow = 3_000
/** A server that has told no word by then is for the run to measure, ms. */
const longestWait = 30_000
const pace = 100
const hello = { id: 'hello', text: 'Hello', mock: undefined }

/**
 * Opens one page of a chat system, and says one hello in it, to see whether its places are where they are looked for. Only a page that lacks them is told so: a
 * server that does not load its page, or tells it no word, leaves nothing to be shown in them.
 * @throws {UsageError} where there is no browser to be had.
 */
export async function inspectPage(options: TargetOptions, wantsSearch: boolean): Promise<Inspection> {
  const pool = pagePool(options)
  try {
    const page = await pool.take()
    const wire = new PageWire(page.page, options.url)
    const problem = await pool.load(page)
    if (problem !== undefined) return unanswered(await lacksInput(page.page, problem, wire) ? [inputPlace] : [])
    const noSearch = wantsSearch ? await page.lacksSearch() : undefined
    if (await page.type(hello) !== undefined) return { ...unanswered(await lacksSend(page.page) ? [sendPlace] : []), noSearch }
    const found = await answerIn(page, wire)
    return { missing: missingIn(found), wasAnswered: found.words, noSearch }
  } catch (error) {
    if (error instanceof UsageError) throw error
    // A page that is gone, or a browser, says nothing of what it lacks.
    return unanswered([])
  } finally {
    await pool.close()
  }
}

const inputPlace: MissingPlace = { name: 'the field to type in', selector: input }
const sendPlace: MissingPlace = { name: 'the button that sends', selector: places.send }
const unanswered = (missing: readonly MissingPlace[]): Inspection => ({ missing, wasAnswered: false, noSearch: undefined })

/** What the page has not had in its places though there was an answer to show. */
export function missingIn({ hadWords, ...found }: Found & { readonly hadWords: boolean }): MissingPlace[] {
  if (!hadWords) return []
  return [
    ...(found.answer ? [] : [{ name: 'the answer', selector: places.answer }]),
    ...(found.words ? [] : [{ name: 'the words of the answer', selector: places.words }]),
    ...(found.stop ? [] : [{ name: 'Stop', selector: places.stop }]),
  ]
}

async function lacksInput(page: Page, problem: { readonly kind: string; readonly code?: string }, wire: PageWire): Promise<boolean> {
  return problem.code === 'hung' && wire.wasAnswered && await page.locator(input).count().catch(() => 1) === 0
}

/** It comes with the first letter, and no server is asked for it. */
async function lacksSend(page: Page): Promise<boolean> {
  const isTyped = await page.locator(input).textContent({ timeout: longestShow }).then((text) => text?.includes(hello.text) === true, () => false)
  return isTyped && await page.locator(places.send).count().catch(() => 1) === 0
}

/** Sends what is typed, and says what of the answer appeared; `hadWords`: whether the server, or the page, has said any. */
async function answerIn(page: ChatPage, wire: PageWire): Promise<Found & { readonly hadWords: boolean }> {
  const name = `probe_${randomUUID().replaceAll('-', '')}`
  await page.page.evaluate(probeScript(places, name))
  await page.press()
  let told: number | undefined
  for (let waited = 0; ; waited += pace) {
    await passed(pace)
    const found = await page.page.evaluate(`window[${JSON.stringify(name)}]()`) as Found
    const hadWords = found.words || wire.saidWords
    if (hadWords || found.failure) told ??= waited
    const isOver = told !== undefined && waited - told >= longestShow
    if ((found.words && found.stop) || isOver || waited >= longestWait) {
      // What goes on would go on into the run; a page that is closed at once may not get round to say so.
      if (await page.stop()) await page.page.locator(places.stop).waitFor({ state: 'detached', timeout: longestShow }).catch(() => {})
      return { ...found, hadWords }
    }
  }
}
