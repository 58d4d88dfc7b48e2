import { formatMilliseconds } from '../duration.ts'
import type { MessageRecord } from '../sample/message.ts'
import type { RunFileRecord, RunRecord } from '../sample/run-file.ts'
import { median } from '../stats/quantile.ts'
import { earliest, ttft } from '../stats/ttft.ts'
import { isQuiet } from './plan.ts'

/** A target has enough when a quiet answer takes so many times what it took at first, and so many ms more: 2 ms that become 7 are no trouble to anybody. */
const slower = { factor: 3, more: 200 }
/** Of a gentle run's single quiet messages the medians of so many are compared. */
const several = 3

/**
 * Watches a run's records for a target that gets slower by being measured: the median of a quiet window against the side's first one; in a gentle run
 * that of the last three quiet messages against the first three. `onSlow` is told in a part of a sentence. What is slower is taken as early as the tester's own
 * lateness leaves possible, so that a pause of ours is not blamed on the target.
 */
export function quietWatch({ scenario, rules }: RunRecord, onSlow: (reason: string) => void): (record: RunFileRecord) => void {
  const isGentle = rules.load !== undefined
  const first = new Map<string, number>()
  const said = new Map<string, MessageRecord[]>()
  const compare = (key: string, { side, phase }: { side: string; phase: string }, early: readonly MessageRecord[], late: readonly MessageRecord[]): void => {
    const at = median(early.map(ttft))
    const now = median(late.map((message) => earliest(message)))
    if (at === undefined || now === undefined || !Number.isFinite(at) || !Number.isFinite(now)) return
    if (!first.has(key)) first.set(key, at)
    const start = first.get(key) ?? at
    if (now <= slower.factor * start || now <= start + slower.more) return
    onSlow(`${side} takes ${formatMilliseconds(now)} for what took ${formatMilliseconds(start)} at first, alone (median, ${phase}): more than ${slower.factor} times as long`)
  }
  return (record) => {
    if (record.type === 'message' && record.part === 'probe' && isQuiet(scenario, record.phase)) {
      const key = keyOf(record, isGentle)
      const own = [...(said.get(key) ?? []), record]
      said.set(key, own)
      if (isGentle && own.length >= 2 * several) compare(key, record, own.slice(0, several), own.slice(-several))
      return
    }
    if (isGentle || record.type !== 'phase' || !isQuiet(scenario, record.phase)) return
    const window = said.get(keyOf(record, false)) ?? []
    said.delete(keyOf(record, false))
    compare(keyOf(record, true), record, window, window)
  }
}

/** Of a window by its round and attempt, of a gentle run's messages over all rounds. */
function keyOf({ side, round, attempt, phase }: { side: string; round: number; attempt: number; phase: string }, overAllRounds: boolean): string {
  return JSON.stringify(overAllRounds ? [side, phase] : [side, phase, round, attempt])
}
