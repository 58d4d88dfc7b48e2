import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import { median } from './quantile.ts'
import { sideRounds } from './windows.ts'

/** How evenly a side told its blockers in one round, medians over them, ms. */
export interface BlockerPace {
  /** (endedAt − firstTokenAt) / (tokens − 1): TPOT. */
  readonly perToken: number
  /** What was counted for it: tokens where the model tells their number, else chunks; `both` where some blockers of the round tell it and some do not. */
  readonly counted: 'tokens' | 'chunks' | 'both'
  /** The longest gap between two chunks of one answer. */
  readonly longestGap: number
}

/** By round, what it was for a blocker that hellos were said behind it. Rounds without an answered blocker of two tokens are left out. */
export function blockerPaces(run: Run, side: string): ReadonlyMap<number, BlockerPace> {
  return new Map(sideRounds(run, side).flatMap(({ round, windows }) => {
    const told = [...windows.values()].flatMap(({ blockers }) => blockers.flatMap(pace))
    const perToken = median(told.map((one) => one.perToken))
    const longestGap = median(told.map((one) => one.longestGap))
    const [counted, ...others] = new Set(told.map((one) => one.counted))
    if (perToken === undefined || longestGap === undefined || counted === undefined) return []
    return [[round, { perToken, counted: others.length === 0 ? counted : 'both', longestGap }] as const]
  }))
}

function pace({ outcome, firstTokenAt, endedAt, tokens, chunks, gaps }: MessageRecord): BlockerPace[] {
  const count = tokens ?? chunks
  if (outcome.kind !== 'answered' || firstTokenAt === null || count < 2) return []
  return [{ perToken: (endedAt - firstTokenAt) / (count - 1), counted: tokens === null ? 'chunks' : 'tokens', longestGap: gaps.max }]
}
