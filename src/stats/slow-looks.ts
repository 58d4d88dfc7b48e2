import type { MessageRecord } from '../sample/message.ts'
import type { ObservationRecord, Run } from '../sample/run-file.ts'
import { stalledProbes } from './attribution.ts'

type What = ObservationRecord['what']

/** What was held up with the stalled probes of a phase while they waited: of how many of them, out of those during which it was looked at. */
export interface SlowLooks {
  readonly what: What
  readonly slow: number
  readonly seen: number
}

/** What held up looks during this part of a probe's wait held up the probe as well. */
const sameWait = 0.5

/** A time without an answer to any look is a standstill from so many ms on, and from so many times the time between looks on: shorter ones are what looks take that overlap. */
const leastStandstill = { ms: 100, looks: 1.5 }

/**
 * What the observations say of the stalled probes of a side and phase (MEASURING §2, attribution): where /health was held up as well the event loop stood
 * still; where only a request that needs the database was, its connections were waited for; where hello to the model itself was, the model queues. Kinds that
 * were not looked at during any of them are left out.
 */
export function slowLooks(run: Run, side: string, phase: string): SlowLooks[] {
  const stalled = stalledProbes(run, side).get(phase) ?? []
  const looks = run.observations.filter((look) => look.side === side && look.phase === phase)
  const kinds: readonly What[] = ['health', 'database', 'model']
  return kinds.flatMap((what) => {
    const ofKind = looks.filter((look) => look.what === what)
    const least = Math.max(leastStandstill.ms, leastStandstill.looks * (run.header.scenario.observe?.[what] ?? 0))
    const during = stalled.map((probe) => ({ probe, looks: overlapping(ofKind, probe) })).filter((found) => found.looks.length > 0)
    const slow = during.filter(({ probe, looks: seen }) => wereHeldUp(seen, probe, least)).length
    return during.length === 0 ? [] : [{ what, slow, seen: during.length }]
  })
}

const endOf = ({ firstTokenAt, endedAt }: MessageRecord): number => firstTokenAt ?? endedAt

const overlapping = (looks: readonly ObservationRecord[], probe: MessageRecord): readonly ObservationRecord[] =>
  looks.filter((look) => look.round === probe.round && look.attempt === probe.attempt && look.dueAt < endOf(probe) && look.endedAt > probe.dueAt)

/** One look for half of the wait, or all looks again and again: several short blocks hold up a probe as one long block does. */
function wereHeldUp(looks: readonly ObservationRecord[], probe: MessageRecord, least: number): boolean {
  const enough = sameWait * (endOf(probe) - probe.dueAt)
  return looks.some((look) => look.endedAt - look.dueAt >= enough) || standstill(looks, probe, least) >= enough
}

/** For how long of a probe's wait looks were under way and none was answered, ms, in pieces of `least` and more. Looks overlap: slow ones alone are none, as long as some of them is answered. */
function standstill(looks: readonly ObservationRecord[], probe: MessageRecord, least: number): number {
  let sum = 0
  let answeredAt = probe.dueAt
  const waiting = looks.toSorted((one, other) => one.endedAt - other.endedAt)
  for (const [index, { endedAt }] of waiting.entries()) {
    const from = Math.max(answeredAt, Math.min(...waiting.slice(index).map(({ dueAt }) => dueAt)))
    const to = Math.min(endedAt, endOf(probe))
    if (to - from >= least) sum += to - from
    answeredAt = Math.max(answeredAt, to)
  }
  return sum
}
