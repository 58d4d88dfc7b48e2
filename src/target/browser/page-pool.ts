import type { Browser } from 'playwright-core'
import type { Outcome } from '../../sample/message.ts'
import { ChatPage, type PageSetting } from './chat-page.ts'

/** The pages of one system in one browser, which is started when the first is asked for. A page is used again: what it has loaded once it need not load again. */
export class PagePool {
  readonly #start: () => Promise<Browser>
  readonly #setting: PageSetting
  #browser: Promise<Browser> | undefined
  #idle: ChatPage[] = []
  #first: Promise<Outcome | undefined> | undefined
  #opened = 0

  constructor(start: () => Promise<Browser>, setting: PageSetting) {
    this.#start = start
    this.#setting = setting
  }

  /** A page for one message: one that is idle, or a new one. */
  async take(): Promise<ChatPage> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    this.#browser ??= this.#started()
    const browser = await this.#browser
    this.#opened += 1
    return ChatPage.open(browser, this.#setting, this.#opened)
  }

  /** Begins a new chat in it. The first page meets what an account is shown once, and closes it for all of them: the others wait for it. */
  async load(page: ChatPage): Promise<Outcome | undefined> {
    if (this.#first !== undefined && await this.#first === undefined) return page.load(false)
    this.#first = page.load(true)
    return this.#first
  }

  give(page: ChatPage): void {
    this.#idle.push(page)
  }

  /** Ends the browser with all its pages. */
  async close(): Promise<void> {
    const browser = await this.#browser?.catch(() => undefined)
    await browser?.close()
  }
  /** One that has died takes its pages with it; the next message has another. */
  async #started(): Promise<Browser> {
    const browser = await this.#start()
    browser.once('disconnected', () => {
      this.#browser = undefined
      this.#idle = []
    })
    return browser
  }
}
