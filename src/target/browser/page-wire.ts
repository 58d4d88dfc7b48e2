import type { Page, Request } from 'playwright-core'

/** Words of an answer, as Open WebUI's server has told them to its page in one release or another: deltas, chunks of a completion, whole texts. */
const words = [
  /"type":\s*"response\.output_text\.delta"[^{}]*"delta":\s*"\s*[^"\s]/,
  /"delta":\s*\{[^{}]*"content":\s*"\s*[^"\s]/,
  /"type":\s*"(?:chat:completion|message|replace|chat:message|chat:message:delta)",\s*"data":\s*\{[^{}]*"content":\s*"\s*[^"\s]/,
  /"type":\s*"output_text",\s*"text":\s*"\s*[^"\s]/,
]

/** Whether what a server sent has a word of an answer in it. White space is none, nor is an error, nor the question. */
export function hasWords(sent: string): boolean {
  const plain = sent.replaceAll(/\\[nrt]/g, ' ')
  return words.some((pattern) => pattern.test(plain))
}

/** What goes on for as long as the page is there. */
const isEndless = (request: Request): boolean => /\/socket\.io\b/.test(request.url()) || request.resourceType() === 'eventsource'

/** What a page's own server has answered it. */
export class PageWire {
  /** Whether it has told the page a word of an answer. */
  saidWords = false
  readonly #open = new Set<Request>()
  #failures = 0

  constructor(page: Page, address: string) {
    const { origin } = new URL(address)
    const isOwn = (request: Request): boolean => new URL(request.url()).origin === origin && !isEndless(request)
    page.on('request', (request) => { if (isOwn(request)) this.#open.add(request) })
    page.on('requestfinished', (request) => { this.#open.delete(request) })
    page.on('requestfailed', (request) => {
      this.#open.delete(request)
      if (isOwn(request)) this.#failures += 1
    })
    page.on('response', (response) => {
      if (isOwn(response.request()) && response.status() >= 500) this.#failures += 1
      // A socket that polls is told by answers, too.
      if (/\/chat\/completions$|\/socket\.io\b/.test(response.url())) void response.text().then((text) => this.#hear(text), () => {})
    })
    page.on('websocket', (socket) => { socket.on('framereceived', ({ payload }) => this.#hear(String(payload))) })
  }

  /** Whether everything that the page asked for was answered: what it lacks then, it has not. */
  get wasAnswered(): boolean {
    return this.#open.size === 0 && this.#failures === 0
  }

  #hear(sent: string): void {
    this.saidWords ||= hasWords(sent)
  }
}
