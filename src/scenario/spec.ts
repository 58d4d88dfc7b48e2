/** A scenario as plain JSON: what `scenario()` makes of the source, what the run file carries, what the judge judges by. Times are milliseconds. */
export interface ScenarioSpec {
  readonly name: string
  readonly question: string
  /** Whether `gate` runs it. */
  readonly gate: boolean
  readonly needs: readonly string[]
  readonly messages: Readonly<Record<string, MessageSpec>>
  readonly phases: Readonly<Record<string, PhaseSpec>>
  readonly observe?: ObserveSpec
  /** The values of `param()` that it was made with; times in ms. */
  readonly params?: Readonly<Record<string, number>>
  readonly claims: Readonly<Record<string, ClaimSpec>>
  /** The claims, by sentence, whose bounds are not the scenario's but the user's own. */
  readonly ownBounds?: readonly string[]
  /** Per claim the setting of the control gateway that must make it fail: the detection matrix. */
  readonly provedBy: Readonly<Record<string, Defect>>
}

/** What a person says, and what our own mock model is asked to answer. A real model ignores `mock`. */
export interface MessageSpec {
  readonly text: string
  /** The system is asked to search the web before it answers. */
  readonly search?: true
  /** What goes wrong: at the model, which only our mock can carry out, or with the page's network (`offline`), which only a browser can. */
  readonly fault?: FaultSpec
  /** The person leaves in the middle of the answer. */
  readonly leave?: LeaveSpec
  /** The page loses its connection after so many tokens, and has another so much later, ms. */
  readonly loses?: { readonly afterTokens: number; readonly forTime: number }
  /** The page asks for a title, tags and follow-up questions as well. */
  readonly background?: true
  readonly mock: {
    /** How many tokens the answer has; absent where `lasts` decides. */
    readonly tokens?: number
    /** How long the answer streams at least; the plan may stretch it. */
    readonly lasts?: number
    /** From the request's first byte to the first content. */
    readonly firstTokenAfter: number
    /** Between two tokens. */
    readonly gap: number
    /** What our mock search engine does: how long it takes, how many pages it finds, and how large each is. */
    readonly search?: { readonly takes: number; readonly pages: number; readonly pageBytes: number }
  }
}

/** `afterTime`: ms after it was said, where so many tokens have not come by then. `from`: whoever asks the server to stop is another page of the same person. */
export interface LeaveSpec {
  readonly afterTokens: number
  readonly afterTime?: number
  readonly from?: 'another page'
}

/** Where an answer breaks: before the response head, before the first token, or after so many tokens. */
export type FaultPlace = { readonly before: 'headers' | 'first token' } | { readonly afterTokens: number }

/**
 * What the model does instead of answering. `silence`: nothing more comes, the connection stays; `heartbeat`: nothing but comments; `hang`: the answer
 * comes, its end never; `reset` and `close`: the connection breaks (RST, FIN); `status`: an HTTP error; `garbage`: a frame that is no JSON;
 * `error`: an error event in the stream. `offline` is no fault of the model: the page is taken off the network, and stays off.
 */
export type FaultSpec =
  | OfflineFault
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hang' }
  | ({ readonly kind: 'silence' | 'heartbeat' | 'reset' | 'close' | 'garbage' | 'error' } & FaultPlace)

/** The page loses its network before the message is sent, or after so many tokens of the answer. */
export type OfflineFault = { readonly kind: 'offline' } & OfflinePlace
export type OfflinePlace = { readonly before: 'send' } | { readonly afterTokens: number }

export type PhaseSpec = WindowPhase | TogetherPhase

/** A window of `say`; while `while.copies` answers of `while.say` are being told, or alone (a quiet phase). */
export interface WindowPhase {
  readonly say: string
  readonly while?: { readonly say: string; readonly copies: number }
  /** By whom, seen from whoever hears the blocker; absent: by anybody. A few messages then, and no whole window: one person says no fifty things at a time. */
  readonly as?: Standing
}

/** Where a message comes from, seen from another one: the same chat, another page of the same person, or another person. */
export type Standing = 'same chat' | 'other tab' | 'other user'

/** Several messages at once, `copies` of each label; one batch for each entry of `copies`. Walked in the first `repeat` rounds, in one if the run is quick. */
export interface TogetherPhase {
  readonly together: readonly string[]
  readonly copies: readonly number[]
  readonly repeat: number
  /** Said to the model directly, past the system. */
  readonly via?: 'model'
  /** How long the connections that are open already have said nothing by then, ms. */
  readonly idleBefore?: number
}

export const isWindow = (phase: PhaseSpec): phase is WindowPhase => 'say' in phase

/** What a run looks at beside its messages: how often, ms. `health`: GET /health; `database`: a GET that touches the database; `model`: hello, to the model directly. */
export type ObserveSpec = { readonly [What in Observed]?: number }
export type Observed = 'health' | 'database' | 'model'

/** Settings of the control gateway, as `--defect` takes them. */
export type Defect = Readonly<Record<string, string | number | boolean>>

export type Statistic = 'p50' | 'p90' | 'p95' | 'p99'

/**
 * `pass`: equality passes. Between `pass` and `fail` the verdict is `warn`; where there is one bound, both are the same. With `atLeast` it is the larger
 * values that pass.
 */
export interface Bounds {
  readonly pass: number
  readonly fail: number
  readonly atLeast?: true
}

/** A percentile of a time of `message` over the phases `during`, judged as a claim on the share of messages that take longer. */
export interface TimeClaim {
  readonly measure: 'firstVisible' | 'addedToFirstToken' | 'e2e' | 'connectionCost'
  readonly message: string
  readonly during: readonly string[]
  readonly statistic: Statistic
  readonly unit: 'ms'
  readonly bounds: Bounds
}

/** A percentile, over the answers, of the share of an answer's tokens that came in one read with the token before. */
export interface CoalescedClaim {
  readonly measure: 'coalescedShare'
  readonly message: string
  readonly during: readonly string[]
  readonly statistic: Statistic
  readonly unit: 'share'
  readonly bounds: Bounds
}

/** A percentile of the time that looks took in the phases `during`, where it names some. */
export interface LookClaim {
  readonly measure: 'healthTime' | 'databaseTime'
  readonly during?: readonly string[]
  readonly statistic: Statistic
  readonly unit: 'ms'
  readonly bounds: Bounds
}

/** Messages of which not one may be such (`atMost`), or every one must (`atLeast`): zero tolerance. */
export interface EventClaim {
  readonly measure: 'lostTokens' | 'foreignTokens' | 'reorderedTokens' | 'duplicatedTokens' | 'wrongErrors' | 'wholeAnswers' | 'deliveredShare' | 'sourcesShown'
  /** The labels it is about; absent for every message that is meant to be answered whole. */
  readonly messages?: readonly string[]
  readonly unit: 'count' | 'share'
  readonly bounds: Bounds
}

/** The longest that any of the messages took to fail visibly, or to be given up at the model. */
export interface ExtremeClaim {
  readonly measure: 'timeToError' | 'timeToCancel'
  readonly messages: readonly string[]
  readonly unit: 'ms'
  readonly bounds: Bounds
}

/** What the system adds to a time of the model, by two phases that say the same messages, one of them `via` the model. */
export interface OverheadClaim {
  readonly measure: 'overhead'
  readonly of: 'first token' | 'gap'
  readonly message: string
  readonly through: string
  readonly direct: string
  readonly statistic: 'p50' | 'p95'
  readonly unit: 'ms'
  readonly bounds: Bounds
}

export type ClaimSpec =
  | TimeClaim
  | CoalescedClaim
  | LookClaim
  | EventClaim
  | ExtremeClaim
  | OverheadClaim
  | { readonly measure: 'stalledShare'; readonly message: string; readonly during: readonly string[]; readonly quiet: string; readonly unit: 'share'; readonly bounds: Bounds }
  | { readonly measure: 'delayGrowth'; readonly message: string; readonly from: string; readonly to: string; readonly unit: 'ratio'; readonly bounds: Bounds }
  | { readonly measure: 'effectiveConcurrency'; readonly message: string; readonly during: string; readonly unit: 'count'; readonly bounds: Bounds }
  | { readonly measure: 'requestsPerSocket'; readonly unit: 'ratio'; readonly bounds: Bounds }
