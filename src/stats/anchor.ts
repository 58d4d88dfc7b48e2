import type { MessageRecord } from '../sample/message.ts'
import type { Run } from '../sample/run-file.ts'
import type { Interval } from './binomial.ts'
import { median } from './quantile.ts'
import { rankSumInterval } from './rank-sum.ts'
import { signedRankInterval } from './signed-rank.ts'
import { isEvidence, ttft } from './ttft.ts'
import { type SideRound, sideRounds } from './windows.ts'

/** One side of a run; two of them are compared, of one run or of two. */
export interface Subject {
  readonly run: Run
  readonly side: string
}

/** Who was asked past the system: the model itself, or our mock, which shows no more than whether this machine is as fast as it was. */
export type Asked = 'model' | 'mock'

/**
 * What became of the anchor between two sides. `few`: too few rounds have one for an interval. `silent`: it answered half of a round's hellos at most,
 * so that there is no ratio. `none`: it was not asked, or not of the same system on both sides.
 */
export type AnchorChange =
  | { readonly kind: 'none' | 'few' }
  | { readonly kind: 'silent'; readonly asked: Asked }
  | {
    readonly kind: 'measured'
    readonly asked: Asked
    /** Medians of the rounds, ms. */
    readonly before: number
    readonly after: number
    /** ln(after/before), its limits at one-sided 2 % each. */
    readonly ratio: Interval
    /** Whether the interval leaves out no change at all, and the change is one that could matter. */
    readonly moved: boolean
  }

const alpha = 0.02
/** A loopback hello varies by this much for no reason, ms. */
const leastMove = 2

/** The anchor between two sides of one run that took turns: a pair of visits is the unit, so that what drifts in time is in both. */
export function anchorOverTurns(run: Run, before: string, after: string): AnchorChange {
  const one = sideAnchor({ run, side: before })
  const other = sideAnchor({ run, side: after })
  return change(one, other, () => {
    const changes = [...one.perRound].flatMap(([round, time]) => {
      const then = other.perRound.get(round)
      return then === undefined ? [] : [Math.log(then / time)]
    })
    return signedRankInterval(changes, alpha)
  })
}

/** The anchor between two runs: their rounds have nothing to do with each other. */
export function anchorOverRuns(before: Subject, after: Subject): AnchorChange {
  const one = sideAnchor(before)
  const other = sideAnchor(after)
  const logs = ({ perRound }: SideAnchor): number[] => [...perRound.values()].map(Math.log)
  return change(one, other, () => rankSumInterval(logs(one), logs(other), alpha))
}

interface SideAnchor {
  readonly asked: Asked | undefined
  /** The median of each round's hellos, ms; +Infinity where half of them got no first token. */
  readonly perRound: ReadonlyMap<number, number>
}

function change(one: SideAnchor, other: SideAnchor, interval: () => Interval | undefined): AnchorChange {
  const { asked } = one
  if (asked === undefined || asked !== other.asked) return { kind: 'none' }
  const [before, after] = [one, other].map(({ perRound }) => [...perRound.values()])
  if ([...(before ?? []), ...(after ?? [])].includes(Infinity)) return { kind: 'silent', asked }
  const ratio = interval()
  if (ratio === undefined) return { kind: 'few' }
  const usual = { before: median(before ?? []) ?? 0, after: median(after ?? []) ?? 0 }
  const moved = (ratio.low > 0 || ratio.high < 0) && Math.abs(usual.after - usual.before) > leastMove
  return { kind: 'measured', asked, ...usual, ratio: { low: ratio.low, high: ratio.high }, moved }
}

function sideAnchor({ run, side }: Subject): SideAnchor {
  const rounds = sideRounds(run, side).flatMap((round) => {
    const anchors = anchorsOf(round)
    const time = median(anchors.map(ttft))
    return time === undefined ? [] : [{ round: round.round, time: Math.max(time, Number.MIN_VALUE), labels: anchors.map(({ label }) => label) }]
  })
  const labels = new Set(rounds.flatMap((round) => round.labels))
  return { asked: labels.size !== 1 ? undefined : labels.has('model') ? 'model' : 'mock', perRound: new Map(rounds.map(({ round, time }) => [round, time])) }
}

const anchorsOf = ({ windows }: SideRound): MessageRecord[] => [...windows.values()].flatMap(({ anchors }) => anchors).filter(isEvidence)
