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

/** What a person sees of the answer. */
export interface Look {
  /** Whether a word is there, and at least half opaque: pages fade words in. */
  readonly isLegible: boolean
  /** Length of what is said, characters. */
  readonly length: number
  /** Numbered tokens of our mock; words, where the tokens have no numbers. */
  readonly tokens: number
  readonly sources: number
  /** Whether the answer can be stopped: it is under way. */
  readonly isBusy: boolean
  /** What is said to have failed, which may be the empty string; null where nothing is. */
  readonly error: string | null
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
export function watchPage(page: PageGlobal, places: PagePlaces, tell: (report: PageReport) => void): PageWatch {
  const halfOpaque = 0.5
  let isLooking = false
  let isFrameDue = false
  let tokenStart: string | null = null
  let told = ''
  let old: PageElement[] = []
  const behindFrame: (() => void)[] = []
  const channel = new page.MessageChannel()
  channel.port1.onmessage = () => {
    for (const stamp of behindFrame.splice(0)) stamp()
  }

  const answer = (): PageElement | undefined => {
    const answers = page.document.querySelectorAll(places.answer)
    return answers[answers.length - 1]
  }
  const toasts = (): PageElement[] => [...Array.from(page.document.querySelectorAll(places.toast))]

  /** The opacity of the first word, which its element may share with those around it. */
  const opacity = (words: PageElement): number => {
    let element = words
    for (;;) {
      const inner = Array.from(element.children).find((child) => /\S/.test(child.textContent ?? ''))
      if (inner === undefined) break
      element = inner
    }
    let share = 1
    for (let each: PageElement | null = element; each !== null; each = each.parentElement) share *= Number(page.getComputedStyle(each).opacity)
    return share
  }

  const sourcesOf = (element: PageElement | null | undefined): number => {
    const digits = /\d+/.exec(`${element?.textContent ?? ''} ${element?.getAttribute('aria-label') ?? ''}`)
    return digits === null ? 0 : Number(digits[0])
  }

  const look = (): Look => {
    const last = answer()
    const words = last?.querySelector(places.words) ?? null
    const text = words?.textContent ?? ''
    const isThere = words !== null && /\S/.test(text)
    const failures = [...Array.from(last?.querySelectorAll(places.failure) ?? []), ...toasts().filter((toast) => !old.includes(toast))]
    const longest = failures.map((failure) => (failure.textContent ?? '').trim()).sort((one, other) => other.length - one.length)[0]
    return {
      isLegible: isThere && opacity(words) >= halfOpaque,
      length: isThere ? text.length : 0,
      tokens: tokenStart === null ? (text.match(/\S+/g) ?? []).length : text.split(tokenStart).length - 1,
      sources: sourcesOf(last?.querySelector(places.sources)),
      isBusy: page.document.querySelector(places.stop) !== null,
      error: longest ?? null,
    }
  }

  const onFrame = (): void => {
    isFrameDue = false
    const frameAt = page.performance.now()
    const seen = look()
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
      if (isLooking && /\/chat\/completions$/.test(name)) tell({ kind: 'requested', sentAt: requestStart, headersAt: responseStart })
    }
  }).observe({ type: 'resource', buffered: true })
  page.document.addEventListener('click', ({ target, timeStamp }) => {
    const pressed = (selector: string): boolean => ((target as PageElement | null)?.closest(selector) ?? null) !== null
    if (pressed(places.send)) {
      old = toasts()
      tell({ kind: 'pressed', at: timeStamp })
    } else if (pressed(places.stop)) tell({ kind: 'stopped', at: timeStamp })
  }, true)

  return {
    expect: (start) => {
      tokenStart = start
      isLooking = true
      onChange()
    },
    // White space around it is the page's own.
    text: () => (answer()?.querySelector(places.words)?.textContent ?? '').trim(),
    stop: () => {
      const button = page.document.querySelector(places.stop)
      button?.click()
      return button !== null
    },
  }
}

/** The script that a page runs before its own: it leaves the watch at `window[name]`, and tells by the function at `window[binding]`. */
export function watchScript(places: PagePlaces, { name, binding }: { readonly name: string; readonly binding: string }): string {
  return `if (window === window.top) window[${JSON.stringify(name)}] = (${watchPage.toString()})(window, ${JSON.stringify(places)}, (report) => { void window[${JSON.stringify(binding)}](report) })`
}
