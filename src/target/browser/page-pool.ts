import type { Browser } from 'playwright-core'
import type { Outcome } from '../../sample/message.ts'
import { ChatPage, type PageSetting } from './chat-page.ts'

/** Pages that are open at a time: each costs some 100 MB, and a core while it loads. */
const mostPages = 4

/** The pages of one system in one browser, which is started when the first is asked for. A page is used again: what it has loaded once it need not load again. */
export class PagePool {
  readonly #start: () => Promise<Browser>
  readonly #setting: PageSetting
  #browser: Promise<Browser> | undefined
  readonly #idle: ChatPage[] = []
  readonly #waiting: (() => void)[] = []
  #first: Promise<Outcome | undefined> | undefined
  #opened = 0
  #inUse = 0
  #isClosed = false

  constructor(start: () => Promise<Browser>, setting: PageSetting) {
    this.#start = start
    this.#setting = setting
  }

  /** A page for one message; waits where all of them are taken. */
  async take(): Promise<ChatPage> {
    if (this.#inUse >= mostPages) await new Promise<void>((resolve) => { this.#waiting.push(resolve) })
    this.#inUse += 1
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    try {
      this.#browser ??= this.#start()
      const browser = await this.#browser
      this.#opened += 1
      return await ChatPage.open(browser, this.#setting, this.#opened)
    } catch (error) {
      this.#freed()
      throw error
    }
  }

  /** Begins a new chat in it. The first page meets what an account is shown once, and closes it for all of them: the others wait for it. */
  async load(page: ChatPage): Promise<Outcome | undefined> {
    if (this.#first !== undefined && await this.#first === undefined) return page.load(false)
    this.#first = page.load(true)
    return this.#first
  }

  give(page: ChatPage): void {
    if (!this.#isClosed) this.#idle.push(page)
    this.#freed()
  }

  /** Ends the browser with all its pages. */
  async close(): Promise<void> {
    this.#isClosed = true
    const browser = await this.#browser?.catch(() => undefined)
    await browser?.close()
  }

  #freed(): void {
    this.#inUse -= 1
    this.#waiting.shift()?.()
  }
}
