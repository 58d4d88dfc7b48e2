import type { PageElement, PageGlobal, PagePlaces } from './page-watch.ts'

/** What of an answer a page has had in its places so far. */
export interface Found {
  /** It could be stopped. */
  readonly stop: boolean
  readonly answer: boolean
  /** Some of it could be read. */
  readonly words: boolean
  readonly failure: boolean
}

/**
 * Notes what appears in the places of a page from now on, however shortly: it looks after each change of the document, and waits for no frame. It is for a page on
 * which nothing is measured. It is sent into the page as text, so it uses nothing from outside itself.
 */
export function probePage(page: Pick<PageGlobal, 'document' | 'MutationObserver'>, places: PagePlaces): () => Found {
  const all = (selector: string): PageElement[] => Array.from(page.document.querySelectorAll(selector))
  const before = { answers: all(places.answer), toasts: all(places.toast) }
  let found: Found = { stop: false, answer: false, words: false, failure: false }
  const look = (): void => {
    const answers = all(places.answer).filter((each) => !before.answers.includes(each))
    found = {
      stop: found.stop || page.document.querySelector(places.stop) !== null,
      answer: found.answer || answers.length > 0,
      words: found.words || answers.some((each) => /\S/.test(each.querySelector(places.words)?.textContent ?? '')),
      failure: found.failure || answers.some((each) => each.querySelector(places.failure) !== null) || all(places.toast).some((toast) => !before.toasts.includes(toast)),
    }
  }
  new page.MutationObserver(look).observe(page.document, { subtree: true, childList: true, characterData: true, attributes: true })
  return () => {
    look()
    return found
  }
}

/** The script that leaves the probe at `window[name]`. */
export const probeScript = (places: PagePlaces, name: string): string => `window[${JSON.stringify(name)}] = (${probePage.toString()})(window, ${JSON.stringify(places)})`
