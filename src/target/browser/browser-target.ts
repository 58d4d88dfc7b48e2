import { mkdirSync } from 'node:fs'
import path from 'node:path'
import type { Outcome } from '../../sample/message.ts'
import { failed, secretsOf } from '../failure.ts'
import type { TargetOptions } from '../chat-target.ts'
import type { Clock, Exchange, Session, Target, Utterance } from '../target.ts'
import type { ChatPage } from './chat-page.ts'
import { startChromium } from './chromium.ts'
import { PageExchange, type Preparation } from './page-exchange.ts'
import { PagePool } from './page-pool.ts'

/** Pictures of one side at most: they are to be looked at. */
const mostPictures = 16

/** The session token or API key that the headers name, and the other headers. */
function signedIn(headers: TargetOptions['headers']): { readonly token: string | undefined; readonly others: Readonly<Record<string, string>> } {
  const { authorization, ...others } = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { token: authorization?.replace(/^Bearer /i, ''), others }
}

/** The pages of a chat system in a Chromium of their own. */
export function pagePool({ url, model, headers, clock, trust }: TargetOptions): PagePool {
  const { token, others } = signedIn(headers)
  // A header that was given for this system must reach no other that its page names.
  const onlyHost = Object.keys(others).length === 0 ? undefined : new URL(url).hostname
  return new PagePool(() => startChromium(process.env, onlyHost), { url, model, token, headers: others, trustsAll: trust?.rejectUnauthorized === false, clock })
}

/** The page of a chat system in this machine's Chromium, as the person that the headers name. */
export function browserTarget(options: TargetOptions): Target {
  const { url, headers, clock, pictures } = options
  const pool = pagePool(options)
  const album = new Album(pictures)
  return {
    kind: 'browser', url,
    open: () => new PageSession({ pool, album, clock, secrets: secretsOf(headers), isKey: signedIn(headers).token?.startsWith('sk-') === true }),
    close: () => pool.close(),
  }
}

interface PageSessionOptions {
  readonly pool: PagePool
  readonly album: Album
  readonly clock: Clock
  readonly secrets: readonly string[]
  /** Whether what is to open the page is an API key, which opens none. */
  readonly isKey: boolean
}

/** A page with a new chat, or what kept it from it. */
interface Loaded {
  readonly page: ChatPage
  readonly problem: Outcome | undefined
}

/** One page, for one message after another; each is a new chat. */
class PageSession implements Session {
  readonly #options: PageSessionOptions
  #page: Promise<ChatPage> | undefined
  #loading: Promise<Loaded> | undefined
  #prepared: { readonly id: string; readonly coming: Promise<Preparation> } | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: PageSessionOptions) {
    this.#options = options
  }

  async warm(): Promise<void> {
    this.#loading ??= this.#load()
    await this.#loading
  }

  async prepare(utterance: Utterance): Promise<void> {
    await this.#preparation(utterance)
  }

  say(utterance: Utterance): Exchange {
    const { clock, secrets } = this.#options
    const exchange = new PageExchange({ clock, utterance, secrets })
    const coming = this.#preparation(utterance)
    this.#prepared = undefined
    this.#loading = undefined
    this.#last = exchange.done
    // Without a browser there is nothing to say it with; whoever prepared it was told so.
    void coming.then((ready) => exchange.begin(ready), (error: unknown) => exchange.begin({ problem: failed('cancelled', String(error), 0) }))
    return exchange
  }

  async close(): Promise<void> {
    const page = this.#page
    this.#page = undefined
    await this.#last
    if (page !== undefined) await page.then((taken) => this.#options.pool.give(taken), () => {})
  }

  #preparation(utterance: Utterance): Promise<Preparation> {
    if (this.#prepared?.id !== utterance.id) this.#prepared = { id: utterance.id, coming: this.#ready(utterance) }
    return this.#prepared.coming
  }

  async #ready(utterance: Utterance): Promise<Preparation> {
    const { album, isKey } = this.#options
    if (isKey) return { problem: failed('http-status', '401 a page takes a session token, and no API key', 0) }
    this.#loading ??= this.#load()
    const { page, problem } = await this.#loading
    const found = problem ?? await page.type(utterance)
    if (found !== undefined) return { problem: found }
    return {
      connection: { id: page.id, kind: 'warm', requestsBefore: page.said, openedAt: page.openedAt },
      clock: page.clock,
      onReport: (listener) => page.onReport(listener),
      press: () => page.press(),
      stop: () => page.stop(),
      goOffline: () => page.goOffline(),
      text: () => page.text(),
      picture: (outcome) => album.take(page, utterance, outcome),
    }
  }

  async #load(): Promise<Loaded> {
    const { pool } = this.#options
    this.#page ??= pool.take()
    const page = await this.#page
    return { page, problem: await pool.load(page) }
  }
}

/** Where pictures go, and what they are called: in `folder` by `name` and the message's id. */
export interface Pictures {
  readonly folder: string
  readonly name: string
}

/** The pictures of one side: of one answer, and of the first failure of each kind. */
class Album {
  readonly #pictures: Pictures | undefined
  readonly #taken = new Set<string>()

  constructor(pictures: Pictures | undefined) {
    this.#pictures = pictures
  }

  async take(page: ChatPage, { id, mock, offline }: Utterance, outcome: Outcome): Promise<string | undefined> {
    const kind = outcome.kind === 'answered' ? outcome.kind : JSON.stringify([outcome.code, mock?.fault, offline])
    if (this.#pictures === undefined || this.#taken.has(kind) || this.#taken.size >= mostPictures) return undefined
    this.#taken.add(kind)
    const { folder, name } = this.#pictures
    const file = `screenshots/${name}-${id}.png`
    mkdirSync(path.join(folder, 'screenshots'), { recursive: true })
    await page.picture(path.join(folder, file))
    return file
  }
}
