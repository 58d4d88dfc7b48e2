import type { PageElement, PageGlobal, PagePlaces } from './page-watch.ts'

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

/** What looks at a page. */
export interface PageEyes {
  /** From now on it is looked. `start`: what the mock's tokens begin with; null where there is none. */
  expect(start: string | null): void
  /** What failed before this was about something else. */
  forget(): void
  look(): Look
  text(): string
}

/** Looks at a chat page as a person does. It is sent into the page as text, so it uses nothing from outside itself. */
export function pageEyes(page: PageGlobal, places: PagePlaces): PageEyes {
  const halfOpaque = 0.5
  let tokenStart: string | null = null
  let old: PageElement[] = []

  const answer = (): PageElement | undefined => Array.from(page.document.querySelectorAll(places.answer)).at(-1)
  const toasts = (): PageElement[] => Array.from(page.document.querySelectorAll(places.toast))

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

  return {
    expect: (start) => { tokenStart = start },
    forget: () => { old = toasts() },
    look,
    // White space around it is the page's own.
    text: () => (answer()?.querySelector(places.words)?.textContent ?? '').trim(),
  }
}
