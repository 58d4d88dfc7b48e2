import type { Browser } from 'playwright-core'
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
  #opened = 0
  #inUse = 0
  #isClosed = false

  constructor(start: () => Promise<Browser>, setting: PageSetting) {
    this.#start = start
    this.#setting = setting
  }

  /** A page for one message; waits where all of them are taken. `isFirst`: nobody has seen the system's page yet. */
  async take(): Promise<{ readonly page: ChatPage; readonly isFirst: boolean }> {
    if (this.#inUse >= mostPages) await new Promise<void>((resolve) => { this.#waiting.push(resolve) })
    this.#inUse += 1
    const idle = this.#idle.pop()
    if (idle !== undefined) return { page: idle, isFirst: false }
    try {
      this.#browser ??= this.#start()
      const browser = await this.#browser
      this.#opened += 1
      return { page: await ChatPage.open(browser, this.#setting, this.#opened), isFirst: this.#opened === 1 }
    } catch (error) {
      this.#freed()
      throw error
    }
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
