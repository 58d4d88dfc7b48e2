import { randomUUID } from 'node:crypto'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { Outcome } from '../../sample/message.ts'
import { failed } from '../failure.ts'
import { marked } from '../marker.ts'
import type { Clock, Utterance } from '../target.ts'
import { input, isSignIn, news, newChat, places, search, storageScript } from './open-webui-page.ts'
import { pageClock, type PageClock, type PageReading } from './page-clock.ts'
import { type PageReport, type PageWatch, watchScript } from './page-watch.ts'

/** Who opens the pages, and where. */
export interface PageSetting {
  readonly url: string
  readonly model: string
  /** Of a session; undefined where nobody has to sign in. */
  readonly token: string | undefined
  /** Sent with every request of the page. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether every certificate is believed. */
  readonly trustsAll: boolean
  readonly clock: Clock
}

/** How long the menu in which a search is asked for may take to open, ms: it is the page's own, and no server is asked for it. */
const longestMenu = 10_000
/** How long a page may take to come, and each thing in it that has to be there, ms. */
const longestLoad = 30_000
/** How long the news may take to come up after the rest of the page. They come once an account, ms. */
const newsTime = 1_500
/** Readings of the page's clock; the tightest counts. */
const readings = 12
/** A picture, ms. */
const longestPicture = 5_000

/** One page of a person who is signed in, in a browser context of its own: its storage, its cookies, its network. */
export class ChatPage {
  readonly id: number
  readonly openedAt: number
  #said = 0
  /** For whoever looks at what cannot be measured. */
  readonly page: Page
  readonly #context: BrowserContext
  readonly #setting: PageSetting
  /** The name of the watch in the page, which the page's own scripts cannot know. */
  readonly #name: string
  #listener: (report: PageReport) => void = () => {}
  #send: { readonly x: number; readonly y: number } = { x: 0, y: 0 }
  #clock: PageClock = { offset: 0, bound: 0 }

  static async open(browser: Browser, setting: PageSetting, id: number): Promise<ChatPage> {
    const { url, token, headers, trustsAll } = setting
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US', extraHTTPHeaders: { ...headers }, ignoreHTTPSErrors: trustsAll })
    const name = `watch_${randomUUID().replaceAll('-', '')}`
    const tell: { listener: (report: PageReport) => void } = { listener: () => {} }
    await context.exposeBinding(`tell_${name}`, (_, report: PageReport) => tell.listener(report))
    await context.addInitScript({ content: `${storageScript(url, token)};${watchScript(places, { name, binding: `tell_${name}` })}` })
    const page = new ChatPage({ page: await context.newPage(), context, setting, id, name })
    tell.listener = (report) => page.#listener(report)
    return page
  }

  private constructor({ page, context, setting, id, name }: { readonly page: Page; readonly context: BrowserContext; readonly setting: PageSetting; readonly id: number; readonly name: string }) {
    this.page = page
    this.#context = context
    this.#setting = setting
    this.id = id
    this.#name = name
    this.openedAt = setting.clock.now()
    page.setDefaultTimeout(longestLoad)
  }

  /** How many messages were sent in it. */
  get said(): number {
    return this.#said
  }

  get clock(): PageClock {
    return this.#clock
  }

  onReport(listener: (report: PageReport) => void): void {
    this.#listener = listener
  }

  /** Begins a new chat. What keeps it from it is the system's doing, and an outcome. */
  async load(isFirst: boolean): Promise<Outcome | undefined> {
    const { url, model } = this.#setting
    try {
      this.#listener = () => {}
      await this.#context.setOffline(false)
      const answer = await this.page.goto(newChat(url, model), { waitUntil: 'domcontentloaded', timeout: longestLoad })
      if (answer !== null && answer.status() >= 400) return failed('http-status', `${answer.status()} to the page itself`, 0)
      const field = this.page.locator(input)
      const signIn = this.page.waitForURL((address) => isSignIn(address.href), { timeout: longestLoad, waitUntil: 'commit' }).then(() => true)
      const isIn = field.waitFor({ timeout: longestLoad }).then(() => false)
      signIn.catch(() => {})
      if (await Promise.race([isIn, signIn])) return failed('http-status', '401 the page asks to sign in', 0)
      if (isFirst) await this.#dismissNews()
      return undefined
    } catch (error) {
      return loadFailure(error)
    }
  }

  /** Types the message, so that it has only to be sent. */
  async type(utterance: Utterance): Promise<Outcome | undefined> {
    if (utterance.search === true) {
      // Nothing was asked of the system yet: whatever happened, it is not its answer.
      const lacking = await this.#openSearch((item) => item.click())
      if (lacking !== undefined) return failed('cancelled', `the tester could not ask for a search: the page has no ${lacking.name} (${lacking.selector})`, 0)
    }
    try {
      await this.page.locator(input).click()
      const [first = '', ...lines] = marked(utterance).split('\n')
      await this.page.keyboard.insertText(first)
      for (const line of lines) {
        await this.page.keyboard.press('Shift+Enter')
        await this.page.keyboard.insertText(line)
      }
      const send = this.page.locator(places.send)
      await send.waitFor()
      const box = await send.boundingBox()
      if (box === null) return failed('hung', 'the page has no button to send with', 0)
      this.#send = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
      await this.page.mouse.move(this.#send.x, this.#send.y)
      this.#clock = await this.#readClock()
      await this.page.evaluate(([name, start]) => (globalThis as unknown as Record<string, PageWatch>)[name]?.expect(start), [this.#name, utterance.mock === undefined ? null : `${utterance.id}.`] as const)
      return undefined
    } catch (error) {
      return loadFailure(error)
    }
  }

  /** What is missing to ask for a search; undefined where it can be asked for. */
  lacksSearch(): Promise<{ readonly name: string; readonly selector: string } | undefined> {
    return this.#openSearch(() => Promise.resolve())
  }

  async press(): Promise<void> {
    this.#said += 1
    // Both are on their way before the first is answered.
    await Promise.all([this.page.mouse.down(), this.page.mouse.up()])
  }

  /** From inside the page: a hand that has to be led to the button over a wire comes seconds late where the machine is busy. */
  stop(): Promise<boolean> {
    return this.page.evaluate((name) => (globalThis as unknown as Record<string, PageWatch>)[name]?.stop() ?? false, this.#name)
  }

  goOffline(): Promise<void> {
    return this.#context.setOffline(true)
  }

  text(): Promise<string> {
    return this.page.evaluate((name) => (globalThis as unknown as Record<string, PageWatch>)[name]?.text() ?? '', this.#name)
  }

  async picture(file: string): Promise<void> {
    await this.page.screenshot({ path: file, timeout: longestPicture })
  }

  async close(): Promise<void> {
    await this.#context.close()
  }

  async #dismissNews(): Promise<void> {
    const button = this.page.locator(news.dialog).getByRole('button', { name: news.button })
    await button.click({ timeout: newsTime }).catch(() => {})
  }

  /** Opens the menu, does something with the item, and closes it again; says what is missing, the menu or the item. */
  async #openSearch(use: (item: Locator) => Promise<void>): Promise<{ readonly name: string; readonly selector: string } | undefined> {
    const item = this.page.locator(search.item).filter({ hasText: search.name })
    try {
      await this.page.locator(search.menu).click({ timeout: longestMenu })
    } catch {
      return { name: 'menu for it', selector: search.menu }
    }
    try {
      await item.waitFor({ timeout: longestMenu })
      await use(item)
      return undefined
    } catch {
      return { name: `"${search.name}" in its menu`, selector: search.item }
    } finally {
      await this.page.keyboard.press('Escape').catch(() => {})
    }
  }

  async #readClock(): Promise<PageClock> {
    const { clock } = this.#setting
    const all: PageReading[] = []
    for (let count = 0; count < readings; count += 1) {
      const sentAt = clock.now()
      const pageAt = await this.page.evaluate('performance.now()')
      all.push({ sentAt, pageAt: Number(pageAt), receivedAt: clock.now() })
    }
    return pageClock(all)
  }
}

/** What a page that did not come says about the system. */
function loadFailure(error: unknown): Outcome {
  const text = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
  const [, code = ''] = /net::(ERR_[A-Z_]+)/.exec(text) ?? []
  if (code === 'ERR_CONNECTION_REFUSED') return failed('refused', code, 0)
  if (/TIMED_OUT|ADDRESS_UNREACHABLE|NAME_NOT_RESOLVED|INTERNET_DISCONNECTED/.test(code)) return failed('connect-timeout', code, 0)
  if (/^ERR_(CERT|SSL)/.test(code)) return failed('tls', code, 0)
  if (code !== '') return failed('reset', code, 0)
  if (/Timeout|timed out/i.test(text)) return failed('hung', `the page was not ready after ${longestLoad / 1_000} s (${text})`, 0)
  return failed('cancelled', `the browser: ${text}`, 0)
}
