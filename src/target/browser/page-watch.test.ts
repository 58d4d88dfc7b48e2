import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { pageEyes } from './page-eyes.ts'
import { type PageElement, type PageGlobal, type PagePlaces, type PageReport, watchPage, watchScript } from './page-watch.ts'

const places: PagePlaces = { send: '#send', stop: '#stop', answer: '.answer', words: '.words', failure: '.failure', toast: '.toast', sources: '.sources' }

/** An element of which only what is said here can be found. */
class FakeElement implements PageElement {
  parentElement: FakeElement | null = null
  readonly children: FakeElement[] = []
  text: string
  opacity = 1
  clicked = 0
  readonly kind: string

  constructor(kind: string, text = '', children: readonly FakeElement[] = []) {
    this.kind = kind
    this.text = text
    for (const child of children) this.add(child)
  }

  add(child: FakeElement): void {
    child.parentElement = this
    this.children.push(child)
  }

  get textContent(): string {
    return this.text + this.children.map((child) => child.textContent).join('')
  }

  closest(selector: string): FakeElement | null {
    return this.kind === selector ? this : this.parentElement?.closest(selector) ?? null
  }

  querySelector(selector: string): FakeElement | null {
    return this.querySelectorAll(selector)[0] ?? null
  }

  querySelectorAll(selector: string): FakeElement[] {
    return this.children.flatMap((child) => [...(child.kind === selector ? [child] : []), ...child.querySelectorAll(selector)])
  }

  click(): void {
    this.clicked += 1
  }

  getAttribute(): string | null {
    return null
  }
}

/** A page whose frames come when the test says so; its clock is 1 ms on at every look. */
function page(root: FakeElement) {
  const reports: PageReport[] = []
  let now = 0
  const frames: (() => void)[] = []
  const tasks: (() => void)[] = []
  let onChange: () => void = () => {}
  let onClick: (event: { target: unknown; timeStamp: number }) => void = () => {}
  const given: PageGlobal = {
    document: { querySelector: (selector) => root.querySelector(selector), querySelectorAll: (selector) => root.querySelectorAll(selector), addEventListener: (_, listener) => { onClick = listener } },
    performance: { now: () => now },
    requestAnimationFrame: (callback) => frames.push(callback),
    getComputedStyle: (element) => ({ opacity: String((element as FakeElement).opacity) }),
    MessageChannel: class {
      readonly port1: { onmessage: (() => void) | null } = { onmessage: null }
      readonly port2 = { postMessage: () => { tasks.push(() => this.port1.onmessage?.()) } }
    },
    MutationObserver: class {
      constructor(callback: () => void) {
        onChange = callback
      }

      observe(): void {}
    },
    PerformanceObserver: class {
      observe(): void {}
    },
  }
  const watch = watchPage(given, places, pageEyes(given, places), (report) => reports.push(report))
  return {
    watch, reports,
    change: () => onChange(),
    click: (target: FakeElement, timeStamp: number) => onClick({ target, timeStamp }),
    /** The next frame begins at `at` and is handed over 5 ms later. */
    frame: (at: number) => {
      now = at
      for (const callback of frames.splice(0)) callback()
      now = at + 5
      for (const task of tasks.splice(0)) task()
    },
    framesWanted: () => frames.length,
  }
}

const painted = (reports: readonly PageReport[]) => reports.flatMap((report) => (report.kind === 'painted' ? [report] : []))

test('a word counts from when its frame has been handed to the screen', () => {
  const root = new FakeElement('root')
  const { watch, reports, change, frame } = page(root)
  watch.expect('a.')
  frame(1)
  root.add(new FakeElement('.answer', '', [new FakeElement('.words', 'a.0 ')]))
  change()
  expect(painted(reports)).toHaveLength(1)
  frame(100)
  expect(painted(reports)[1]).toEqual({ kind: 'painted', frameAt: 100, at: 105, look: { isLegible: true, length: 4, tokens: 1, sources: 0, isBusy: false, error: null } })
})

test('a word that is faded in is looked at frame by frame until it is half there', () => {
  const word = new FakeElement('span', 'Hello')
  word.opacity = 0
  const root = new FakeElement('root', '', [new FakeElement('.answer', '', [new FakeElement('.words', '', [new FakeElement('p', '', [word])])])])
  const { watch, reports, frame, framesWanted } = page(root)
  watch.expect(null)
  frame(10)
  expect(painted(reports).at(-1)?.look).toMatchObject({ isLegible: false, length: 5, tokens: 1 })
  word.opacity = 0.4
  frame(26)
  expect(framesWanted()).toBe(1)
  word.opacity = 0.6
  frame(42)
  expect(painted(reports).at(-1)).toMatchObject({ frameAt: 42, look: { isLegible: true } })
  expect(framesWanted()).toBe(0)
})

test('what did not change is not told again', () => {
  const { watch, reports, change, frame } = page(new FakeElement('root'))
  watch.expect(null)
  frame(10)
  change()
  frame(26)
  expect(painted(reports)).toHaveLength(1)
})

test('the last answer is looked at, and a message that was there before the press is old', () => {
  const send = new FakeElement('#send')
  const root = new FakeElement('root', '', [send, new FakeElement('.toast', 'yesterday'), new FakeElement('.answer', '', [new FakeElement('.words', 'one two')]), new FakeElement('.answer', '', [new FakeElement('.words', '  ')])])
  const { watch, reports, change, click, frame } = page(root)
  watch.expect(null)
  click(send, 7)
  frame(10)
  expect(reports[0]).toEqual({ kind: 'pressed', at: 7 })
  expect(painted(reports)[0]?.look).toMatchObject({ length: 0, error: null })
  root.add(new FakeElement('.toast', 'no network'))
  change()
  frame(26)
  expect(painted(reports).at(-1)?.look.error).toBe('no network')
})

test('Stop is pressed where there is one', () => {
  const root = new FakeElement('root')
  const { watch } = page(root)
  expect(watch.stop()).toBe(false)
  const stop = new FakeElement('#stop')
  root.add(stop)
  expect(watch.stop()).toBe(true)
  expect(stop.clicked).toBe(1)
})

test('the script is a page’s own, and needs nothing from outside', () => {
  const script = watchScript(places, { name: 'w', binding: 'b' })
  const told: unknown[] = []
  const window: Record<string, unknown> = { b: (report: unknown) => told.push(report) }
  const element = new FakeElement('root')
  Object.assign(window, {
    top: window,
    document: { querySelector: () => null, querySelectorAll: () => [], addEventListener: () => {} }, performance: { now: () => 1 }, requestAnimationFrame: (callback: () => void) => callback(), getComputedStyle: () => element,
    MessageChannel: class {
      port1 = { onmessage: () => {} }
      port2 = { postMessage: () => { this.port1.onmessage() } }
    },
    MutationObserver: class {
      observe(): void {}
    },
    PerformanceObserver: class {
      observe(): void {}
    },
  })
  runInNewContext(script, { window })
  ;(window['w'] as ReturnType<typeof watchPage>).expect(null)
  expect(told).toEqual([{ kind: 'painted', frameAt: 1, at: 1, look: { isLegible: false, length: 0, tokens: 0, sources: 0, isBusy: false, error: null } }])
})
