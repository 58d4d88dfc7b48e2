import type { MessageRecord } from '../sample/message.ts'
import type { ObservationRecord, Run } from '../sample/run-file.ts'
import { stalledProbes } from './attribution.ts'

type What = ObservationRecord['what']

/** What was as slow as the stalled probes of a phase while they waited: of how many of them, out of those during which it was looked at. */
export interface SlowLooks {
  readonly what: What
  readonly slow: number
  readonly seen: number
}

/** A look that took this part of a probe's wait was held up by the same thing. */
const sameWait = 0.5

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
    const during = stalled.map((probe) => overlapping(looks.filter((look) => look.what === what && look.round === probe.round && look.attempt === probe.attempt), probe)).filter(({ length }) => length > 0)
    const slow = during.filter((several) => several.some(({ isSlow }) => isSlow)).length
    return during.length === 0 ? [] : [{ what, slow, seen: during.length }]
  })
}

function overlapping(looks: readonly ObservationRecord[], { dueAt, firstTokenAt, endedAt }: MessageRecord): { readonly isSlow: boolean }[] {
  const until = firstTokenAt ?? endedAt
  return looks.filter((look) => look.dueAt < until && look.endedAt > dueAt).map((look) => ({ isSlow: look.endedAt - look.dueAt >= sameWait * (until - dueAt) }))
}
