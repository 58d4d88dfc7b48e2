import type { AnswerListener, AnswerStream } from './answer-stream.ts'
import type { Utterance } from './target.ts'

/** How one kind of system is spoken to, and how its answers are read. Instants, connections and failures are no concern of a dialect. */
export interface Dialect {
  /** A cheap GET that opens a connection. */
  readonly warmPath: string
  /** What is posted, and where. */
  readonly chatPath: string
  body(utterance: Utterance): object
  /** What the system is told that we take. */
  readonly accept: string
  /** Its name for people: "answered X instead of …". */
  readonly streamName: string
  /** Whether a body of this content type (lower case) is a streamed answer. */
  isStream(contentType: string): boolean
  stream(listener: AnswerListener): AnswerStream
}

/** The path of `name` below a base address, which may have a path of its own and a slash at its end or not. */
export const below = (base: string, name: string): string => new URL(name, base.endsWith('/') ? base : `${base}/`).pathname
