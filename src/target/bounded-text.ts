const mega = 1024 * 1024

/** Beyond this an answer is not an answer: the tester must not run out of memory for a stream without end. */
const mostBytes = 64 * mega

/** A line longer than this is no event: what would have to be kept, and parsed in one go, is bounded. */
const longestLine = 8 * mega

/** What a line may begin with that is as long as the answer may be: pages that a search found come all in one event (three of 5 kB in 27 kB). */
const longLine = /^(?:data: ?)?\{"sources"/

/** The text of an answer's bytes, which may be split anywhere. Bytes that are no UTF-8 become U+FFFD. Too many of them are given up. */
export class BoundedText {
  /** Why the answer is given up; null while it is not. */
  excess: string | null = null
  #bytes = 0
  #lineLength = 0
  #lineStart = ''
  readonly #decoder = new TextDecoder()

  /** The text of these bytes; empty once the answer is given up. */
  decode(bytes: Uint8Array): string {
    this.#bytes += bytes.length
    const text = this.#decoder.decode(bytes, { stream: true })
    this.#measureLine(text)
    if (this.#bytes > mostBytes) this.excess = `the answer is longer than ${mostBytes / mega} MB`
    else if (this.#lineLength > longestLine && !longLine.test(this.#lineStart)) this.excess = `a line of the answer is longer than ${longestLine / mega} MB`
    return this.excess === null ? text : ''
  }

  #measureLine(text: string): void {
    if (text.endsWith('\n')) {
      this.#lineLength = 0
      this.#lineStart = ''
      return
    }
    const begin = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1
    if (begin > 0) {
      this.#lineLength = 0
      this.#lineStart = ''
    }
    if (this.#lineStart.length < 24) this.#lineStart += text.slice(begin, begin + 24)
    this.#lineLength += text.length - begin
  }

  /** What is left of a character whose last bytes never came. */
  rest(): string {
    return this.#decoder.decode()
  }
}
