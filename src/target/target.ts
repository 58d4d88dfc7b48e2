import type { ConnectionKind, Outcome } from '../sample/message.ts'

/** The generator's clock: milliseconds with fraction since the run began, monotonic. */
export interface Clock {
  now(): number
  /** How late a stamp taken at `at` may be: the time since the last tick but one of a 1 ms timer on the same event loop. */
  stampError(at: number): number
}

/** How our mock is to answer; it travels in the marker. Times in ms. */
export interface MockAnswer {
  readonly tokens: number
  readonly firstTokenAfter: number
  readonly gap: number
  /** What goes wrong and where, as the mock spells it: `silence@headers`. */
  readonly fault?: string
  /** How often it goes wrong. */
  readonly times?: number
  /** How long a search of this message takes, how many pages it finds, and how large each is. */
  readonly search?: number
  readonly pages?: number
  readonly pagebytes?: number
  /** Tokens of reasoning before the answer. */
  readonly reasoning?: number
  /** In which harmless way its bytes are put: `crlf`, `packed:4`. */
  readonly shape?: string
}

/** One message as it is to be said. */
export interface Utterance {
  /** Unique in the run; travels in the marker where our mock listens. */
  readonly id: string
  readonly text: string
  /** The mock's instructions; undefined where no mock of ours is behind the target. */
  readonly mock: MockAnswer | undefined
  readonly maxTokens?: number
  /** Whether the system is to search the web before it answers. Not every target can (`canSearch`). */
  readonly search?: boolean
  /** When the page that says it loses its network. Only a browser has one. */
  readonly offline?: { readonly before: 'send' } | { readonly afterTokens: number }
  /** Whether a title, tags and follow-up questions are asked for as well; where the target has pages. */
  readonly background?: boolean
}

/** What came back, instants in run time; absent ones are null. The session fills it while it reads; `text` is kept until the phase is over. */
export interface Answer {
  connection: { id: number; kind: ConnectionKind; requestsBefore: number; openedAt: number | null }
  startedAt: number
  sentAt: number | null
  headersAt: number | null
  firstEventAt: number | null
  firstTokenAt: number | null
  firstVisibleAt: number | null
  endedAt: number
  /** How late the stamps of the first token and of the first visible one may be, ms; of the end, where none came. */
  stampError: number
  /** How late the stamp of the end may be, ms. */
  endStampError: number
  chunks: number
  /** Content chunks that came less than 1 ms after the one before: what arrives in one piece was held back. */
  coalesced: number
  /** Gaps between content chunks in ms, in order. */
  gaps: number[]
  /** Documents that the answer says it was made from; 0 where it says nothing of the kind. */
  sources: number
  text: string
  usageTokens: number | null
  /** When the page lost its network on purpose, at the earliest; absent where it did not. */
  offlineAt?: number
  /** How much later than `offlineAt` that may have been, ms. */
  offlineStampError?: number
  /** When the page's socket broke while it was answered, and when it was there again; absent where it did not. */
  lostAt?: number
  rejoinedAt?: number
  /** The picture that was taken of the page, a name in the folder of the run file. */
  screenshot?: string
  outcome: Outcome
}

/** A message on its way. `done` never rejects: what the system does wrong is an outcome. */
export interface Exchange {
  readonly done: Promise<Answer>
  /** Resolves at the first token, and at the end where none comes. */
  readonly firstToken: Promise<void>
  /**
   * Resolves when so many tokens have come, and at the end where they do not. Where our mock answers, its numbered tokens count, however they were
   * put together on their way; else events.
   */
  afterTokens(count: number): Promise<void>
  /** When something of it was last read; when it was said, before. */
  lastReadAt(): number
  /** Ends it from our side with the outcome given. Without effect once it has ended. `from`: it is another page that asks a system with pages to stop. */
  abort(outcome: Outcome, from?: 'another page'): void
  /** Loses the connection over which the answer comes, and has another after so many ms. Absent where nothing would come over that one. */
  lose?(milliseconds: number): void
}

/** One connection, over which one message is said at a time. */
export interface Session {
  /** Opens it by a cheap request, so that the next message finds it warm. Never rejects: a session that could not be opened dials when it is used. */
  warm(): Promise<void>
  /**
   * What a person does before pressing send: the page is there, the text is typed. Only pages have it; a message that was not prepared is prepared when it is
   * said, and that counts as the tester's lateness. Never rejects but with a UsageError where there is no browser to be had.
   */
  prepare?(utterance: Utterance): Promise<void>
  say(utterance: Utterance): Exchange
  /** Ends it. Resolves when nothing of it is left, its chats on the server included; waited for where nothing is measured. Never rejects. */
  close(): Promise<void>
}

/** Where a session stands, seen from another one: in its chat, at another page of its person, or at the page of somebody else. */
export interface Beside {
  readonly session: Session
  readonly as: 'same chat' | 'other tab' | 'other user'
}

/** A system that a message can be said to. */
export interface Target {
  readonly kind: 'control' | 'openai' | 'open-webui' | 'ollama' | 'open-webui-socket' | 'browser'
  readonly url: string
  /** @param beside says something only where there are pages and people. */
  open(beside?: Beside): Session
  /** Ends what was started for it. Only a browser was. */
  close?(): Promise<void>
}
