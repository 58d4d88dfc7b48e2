import type { Check } from './document.ts'

/** One check of the tester or of the conditions, and what it does to the claims of `side` (undefined: of every side). */
export interface Finding extends Check {
  readonly side: string | undefined
  /**
   * `invalid` and `inconclusive` are what every claim becomes that has not failed. Passed ones too: a pass rests on the load, the error
   * bound and the instrument that the check has just found wanting. A fail stands, as MEASURING §6 has it, except in the one case where it
   * is known to be false: see `discreditsFails`.
   */
  readonly effect: 'none' | 'inconclusive' | 'invalid'
  /** The judged side is known to be sound, so that a fail of its is itself the wrong answer. */
  readonly discreditsFails?: boolean
}

export const ok = (name: string, side: string | undefined, detail: string): Finding => ({ name, side, verdict: 'ok', effect: 'none', detail })
export const note = (name: string, side: string | undefined, detail: string): Finding => ({ name, side, verdict: 'note', effect: 'none', detail })
export const undecided = (name: string, detail: string): Finding => ({ name, side: undefined, verdict: 'note', effect: 'inconclusive', detail })
export const invalid = (name: string, side: string | undefined, detail: string): Finding => ({ name, side, verdict: 'invalid', effect: 'invalid', detail })
