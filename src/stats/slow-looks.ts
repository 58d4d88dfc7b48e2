import type { MessageRecord } from '../sample/message.ts'
import type { ObservationRecord, Run } from '../sample/run-file.ts'
import { stalledProbes } from './attribution.ts'
import { rankQuantile } from './quantile.ts'
import { quietPhaseOf } from './windows.ts'

type What = ObservationRecord['what']

/** What was as slow as the stalled probes of a phase while they waited: of how many of them, out of those during which it was looked at. */
export interface SlowLooks {
  readonly what: What
  readonly slow: number
  readonly seen: number
}

/** What held up looks during this part of a probe's wait held up the probe as well. */
const sameWait = 0.5

/**
 * What the observations say of the stalled probes of a side and phase (MEASURING §2, attribution): where /health was held up as well the event loop stood
 * still; where only a request that needs the database was, its connections were waited for; where hello to the model itself was, the model queues. Kinds that
 * were not looked at during any of them are left out.
 */
export function slowLooks(run: Run, side: string, phase: string): SlowLooks[] {
  const stalled = stalledProbes(run, side).get(phase) ?? []
  const looks = run.observations.filter((look) => look.side === side)
  const kinds: readonly What[] = ['health', 'database', 'model']
  return kinds.flatMap((what) => {
    const ofKind = looks.filter((look) => look.what === what)
    const usual = usualTime(run, ofKind, stalled)
    const during = stalled.map((probe) => overlapping(ofKind, probe)).filter((found) => found.looks.length > 0)
    const slow = during.filter(({ probe, looks: seen }) => heldUp(seen, probe, usual) >= sameWait * waitOf(probe)).length
    return during.length === 0 ? [] : [{ what, slow, seen: during.length }]
  })
}

const endOf = ({ firstTokenAt, endedAt }: MessageRecord): number => firstTokenAt ?? endedAt

const waitOf = (probe: MessageRecord): number => endOf(probe) - probe.dueAt

function overlapping(looks: readonly ObservationRecord[], probe: MessageRecord): { readonly probe: MessageRecord; readonly looks: readonly ObservationRecord[] } {
  const { phase, round, attempt, dueAt } = probe
  return { probe, looks: looks.filter((look) => look.phase === phase && look.round === round && look.attempt === attempt && look.dueAt < endOf(probe) && look.endedAt > dueAt) }
}

/** What looks take in the quiet phase of these probes, nearly all of them, ms; zero where none was taken then. */
function usualTime(run: Run, looks: readonly ObservationRecord[], [probe]: readonly MessageRecord[]): number {
  const quiet = probe === undefined ? undefined : quietPhaseOf(run, probe.label)
  return rankQuantile(looks.filter(({ phase }) => phase === quiet).map(({ dueAt, endedAt }) => endedAt - dueAt), 0.95) ?? 0
}

/** For how long of a probe's wait some look was under way for longer than usual, ms: one long block and several short ones count alike. */
function heldUp(looks: readonly ObservationRecord[], probe: MessageRecord, usual: number): number {
  let sum = 0
  let until = probe.dueAt
  for (const { dueAt, endedAt } of looks.toSorted((one, other) => one.dueAt - other.dueAt)) {
    const [from, to] = [Math.max(dueAt + usual, until), Math.min(endedAt, endOf(probe))]
    if (to > from) sum += to - from
    until = Math.max(until, to)
  }
  return sum
}
