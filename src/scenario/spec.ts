/** A scenario as plain JSON: what `scenario()` makes of the source, what the run file carries, what the judge judges by. Times are milliseconds. */
export interface ScenarioSpec {
  readonly name: string
  readonly question: string
  /** Whether `gate` runs it. */
  readonly gate: boolean
  readonly needs: readonly string[]
  readonly messages: Readonly<Record<string, MessageSpec>>
  readonly phases: Readonly<Record<string, PhaseSpec>>
  readonly claims: Readonly<Record<string, ClaimSpec>>
  /** Per claim the setting of the control gateway that must make it fail: the detection matrix. */
  readonly provedBy: Readonly<Record<string, Defect>>
}

/** What a person says, and what our own mock model is asked to answer. A real model ignores `mock`. */
export interface MessageSpec {
  readonly text: string
  readonly mock: {
    /** How many tokens the answer has; absent where `lasts` decides. */
    readonly tokens?: number
    /** How long the answer streams at least; the plan may stretch it. */
    readonly lasts?: number
    /** From the request's first byte to the first content. */
    readonly firstTokenAfter: number
    /** Between two tokens. */
    readonly gap: number
  }
}

/** A window of `say`; while `while.copies` answers of `while.say` are being told, or alone (a quiet phase). */
export interface PhaseSpec {
  readonly say: string
  readonly while?: { readonly say: string; readonly copies: number }
}

/** Settings of the control gateway, as `--defect` takes them. */
export type Defect = Readonly<Record<string, string | number | boolean>>

export type Statistic = 'p50' | 'p90' | 'p95' | 'p99'

/** `pass`: equality passes. Between `pass` and `fail` the verdict is `warn`; where there is one bound, both are the same. */
export interface Bounds {
  readonly pass: number
  readonly fail: number
}

export type ClaimSpec =
  | { readonly measure: 'firstVisible'; readonly message: string; readonly during: readonly string[]; readonly statistic: Statistic; readonly unit: 'ms'; readonly bounds: Bounds }
  | { readonly measure: 'stalledShare'; readonly message: string; readonly during: readonly string[]; readonly quiet: string; readonly unit: 'share'; readonly bounds: Bounds }
  | { readonly measure: 'delayGrowth'; readonly message: string; readonly from: string; readonly to: string; readonly unit: 'ratio'; readonly bounds: Bounds }
  | { readonly measure: 'lostTokens'; readonly unit: 'count'; readonly bounds: Bounds }
