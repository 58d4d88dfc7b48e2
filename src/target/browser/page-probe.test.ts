import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { type Found, probePage, probeScript } from './page-probe.ts'
import type { PageElement, PageGlobal, PagePlaces } from './page-watch.ts'

const places: PagePlaces = { send: '#send', stop: '#stop', answer: '.answer', words: '.words', failure: '.failure', toast: '.toast', sources: '.sources' }

/** An answer, or whatever else, in which these are. */
const element = (inside: Readonly<Record<string, string>> = {}): PageElement => {
  const within = (selector: string): PageElement | null => (inside[selector] === undefined ? null : { ...element(), textContent: inside[selector] })
  return { textContent: '', children: [], parentElement: null, closest: () => null, querySelector: within, querySelectorAll: () => [], getAttribute: () => null, click: () => {} }
}

/** A page that has at first what is given. */
function page(shown: Record<string, PageElement[]>) {
  let onChange: () => void = () => {}
  const given: Pick<PageGlobal, 'document' | 'MutationObserver'> = {
    document: { querySelector: (selector) => shown[selector]?.[0] ?? null, querySelectorAll: (selector) => shown[selector] ?? [], addEventListener: () => {} },
    MutationObserver: class {
      constructor(callback: () => void) {
        onChange = callback
      }

      observe(): void {}
    },
  }
  return { given, show: (selector: string, elements: PageElement[]) => {
    shown[selector] = elements
    onChange()
  } }
}

test('what was there for one change of the document was there', () => {
  const { given, show } = page({})
  const found = probePage(given, places)
  show('#stop', [element()])
  show('#stop', [])
  expect(found()).toEqual({ stop: true, answer: false, words: false, failure: false })
})

test('words are some that can be read, in an answer', () => {
  const { given, show } = page({})
  const found = probePage(given, places)
  show('.words', [element()])
  show('.answer', [element({ '.words': ' \n' })])
  expect(found()).toEqual({ stop: false, answer: true, words: false, failure: false })
  show('.answer', [element({ '.words': 'Hi' })])
  expect(found().words).toBe(true)
})

test('what the page said before is not about this answer', () => {
  const old = { answer: element({ '.words': 'Hi' }), toast: element() }
  const { given, show } = page({ '.answer': [old.answer], '.toast': [old.toast] })
  const found = probePage(given, places)
  expect(found()).toEqual({ stop: false, answer: false, words: false, failure: false })
  show('.toast', [old.toast, element()])
  expect(found().failure).toBe(true)
  const other = page({})
  const inAnswer = probePage(other.given, places)
  other.show('.answer', [element({ '.failure': 'no' })])
  expect(inAnswer()).toMatchObject({ answer: true, failure: true })
})

test('the script is a page’s own, and needs nothing from outside', () => {
  const window: Record<string, unknown> = { ...page({ '#stop': [element()] }).given }
  runInNewContext(probeScript(places, 'p'), { window })
  expect((window['p'] as () => Found)()).toEqual({ stop: true, answer: false, words: false, failure: false })
})
