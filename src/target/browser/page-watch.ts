import { type Look, type PageEyes, pageEyes } from './page-eyes.ts'

/** Where in a chat page things are, as CSS selectors. */
export interface PagePlaces {
  readonly send: string
  readonly stop: string
  /** Each answer; the last one is looked at. */
  readonly answer: string
  /** In an answer, what the model says. */
  readonly words: string
  /** In an answer, that it failed. */
  readonly failure: string
  /** Anywhere in the page, a message that something failed. */
  readonly toast: string
  /** In an answer, what says how many sources it has; the first number in its text or label counts. */
  readonly sources: string
}

/** What a page tells, instants on its own clock (`performance.now()`), ms. */
export type PageReport =
  | { readonly kind: 'pressed' | 'stopped'; readonly at: number }
  /** The request that asks for the answer; what is not known of it is 0. */
  | { readonly kind: 'requested'; readonly sentAt: number; readonly headersAt: number }
  /** What was new in a frame: the frame began at `frameAt`, and was handed to the screen by `at`. */
  | { readonly kind: 'painted'; readonly frameAt: number; readonly at: number; readonly look: Look }

/** What the watch leaves in the page for us to call. */
export interface PageWatch {
  /** From now on it is looked. `tokenStart`: what the mock's tokens begin with; null where there is none. */
  expect(tokenStart: string | null): void
  text(): string
  /** Presses Stop; false where there is none. */
  stop(): boolean
}

/** As much of a DOM element as is looked at. */
export interface PageElement {
  readonly textContent: string | null
  readonly children: ArrayLike<PageElement>
  readonly parentElement: PageElement | null
  closest(selector: string): PageElement | null
  querySelector(selector: string): PageElement | null
  querySelectorAll(selector: string): ArrayLike<PageElement>
  getAttribute(name: string): string | null
  click(): void
}

interface PageEvent {
  readonly target: unknown
  readonly timeStamp: number
}

interface ResourceTiming {
  readonly name: string
  readonly requestStart: number
  readonly responseStart: number
}

/** As much of a page's `window` as is used. */
export interface PageGlobal {
  readonly document: {
    querySelector(selector: string): PageElement | null
    querySelectorAll(selector: string): ArrayLike<PageElement>
    addEventListener(type: 'click', listener: (event: PageEvent) => void, capture: boolean): void
  }
  readonly performance: { now(): number }
  requestAnimationFrame(callback: () => void): unknown
  getComputedStyle(element: PageElement): { readonly opacity: string }
  readonly MessageChannel: new () => { readonly port1: { onmessage: (() => void) | null }; readonly port2: { postMessage(message: null): void } }
  readonly MutationObserver: new (callback: () => void) => { observe(target: unknown, options: object): void }
  readonly PerformanceObserver: new (callback: (list: { getEntries(): readonly ResourceTiming[] }) => void) => { observe(options: object): void }
}

/**
 * Watches a chat page from inside it, and tells what a person sees when it is painted: whatever changes is looked at when the next frame begins, and stamped by a
 * task of its own behind that frame, when it has been handed to the screen. It is sent into the page as text, so it uses nothing from outside itself.
 */
export function watchPage(page: PageGlobal, places: PagePlaces, eyes: PageEyes, tell: (report: PageReport) => void): PageWatch {
  let isLooking = false
  let isFrameDue = false
  let told = ''
  const behindFrame: (() => void)[] = []
  const channel = new page.MessageChannel()
  channel.port1.onmessage = () => {
    for (const stamp of behindFrame.splice(0)) stamp()
  }

  const onFrame = (): void => {
    isFrameDue = false
    const frameAt = page.performance.now()
    const seen = eyes.look()
    // A word that is being faded in changes without the document changing.
    if (seen.length > 0 && !seen.isLegible) onChange()
    const news = JSON.stringify(seen)
    if (news === told) return
    told = news
    behindFrame.push(() => tell({ kind: 'painted', frameAt, at: page.performance.now(), look: seen }))
    channel.port2.postMessage(null)
  }

  function onChange(): void {
    if (!isLooking || isFrameDue) return
    isFrameDue = true
    page.requestAnimationFrame(onFrame)
  }

  new page.MutationObserver(onChange).observe(page.document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ['aria-label', 'data-type'] })
  new page.PerformanceObserver((list) => {
    for (const { name, requestStart, responseStart } of list.getEntries()) {
      if (isLooking && name.endsWith('/chat/completions')) tell({ kind: 'requested', sentAt: requestStart, headersAt: responseStart })
    }
  }).observe({ type: 'resource', buffered: true })
  page.document.addEventListener('click', ({ target, timeStamp }) => {
    const pressed = (selector: string): boolean => ((target as PageElement | null)?.closest(selector) ?? null) !== null
    if (pressed(places.send)) {
      eyes.forget()
      tell({ kind: 'pressed', at: timeStamp })
    } else if (pressed(places.stop)) tell({ kind: 'stopped', at: timeStamp })
  }, true)

  return {
    expect: (start) => {
      eyes.expect(start)
      isLooking = true
      onChange()
    },
    text: () => eyes.text(),
    stop: () => {
      const button = page.document.querySelector(places.stop)
      button?.click()
      return button !== null
    },
  }
}

/** The script that a page runs before its own: it leaves the watch at `window[name]`, and tells by the function at `window[binding]`. */
export function watchScript(places: PagePlaces, { name, binding }: { readonly name: string; readonly binding: string }): string {
  return `if (window === window.top) window[${JSON.stringify(name)}] = (${watchPage.toString()})(window, ${JSON.stringify(places)}, (${pageEyes.toString()})(window, ${JSON.stringify(places)}), (report) => { void window[${JSON.stringify(binding)}](report) })`
}
