import type { MessageRecord } from '../sample/message.ts'
import type { ObservationRecord, PhaseRecord, RoundRecord, Run } from '../sample/run-file.ts'
import type { WindowPhase } from '../scenario/spec.ts'
import { isEvidence } from './ttft.ts'

/** What was said in one phase of one round. Messages that the tester itself cancelled are not among the probes. */
export interface Window {
  readonly phase: string
  readonly probes: readonly MessageRecord[]
  readonly blockers: readonly MessageRecord[]
  /** Said several at once; those that the person left are `cancelled`. */
  readonly users: readonly MessageRecord[]
  /** Said to the model directly. */
  readonly anchors: readonly MessageRecord[]
  readonly observations: readonly ObservationRecord[]
  /** Undefined where the writer died before the phase was over. */
  readonly record: PhaseRecord | undefined
}

/** A round of one side, in the attempt that was kept. */
export interface SideRound {
  readonly round: number
  readonly attempt: number
  readonly record: RoundRecord
  readonly windows: ReadonlyMap<string, Window>
}

/** The run as it was after that many rounds; the same object each time it is asked for. */
export function untilRound(run: Run, last: number): Run {
  const ofRun = parts.get(run) ?? new Map<number, Run>()
  parts.set(run, ofRun)
  const isSaid = ({ round }: { readonly round: number }): boolean => round <= last
  const part = ofRun.get(last) ?? { ...run, rounds: run.rounds.filter(isSaid), phases: run.phases.filter(isSaid), messages: run.messages.filter(isSaid), observations: run.observations.filter(isSaid) }
  ofRun.set(last, part)
  return part
}

const parts = new WeakMap<Run, Map<number, Run>>()

interface OpenWindow extends Window {
  readonly probes: MessageRecord[]
  readonly blockers: MessageRecord[]
  readonly users: MessageRecord[]
  readonly anchors: MessageRecord[]
  readonly observations: ObservationRecord[]
  record: PhaseRecord | undefined
}

/**
 * The rounds of a side that are judged, in the order of the file: of each only the attempt whose `round` record says that it was kept. An
 * attempt without that record (the run was interrupted in it) or thrown away is not judged.
 */
export function sideRounds(run: Run, side: string): readonly SideRound[] {
  return saidRounds(run, side).filter(({ record }) => record.kept)
}

/**
 * The rounds of a side that came to their end, those that were thrown away for a pause of the tester included: when a message was stamped does not
 * matter to whether its words came.
 */
export function saidRounds(run: Run, side: string): readonly SideRound[] {
  const ofRun = read.get(run) ?? new Map<string, readonly SideRound[]>()
  read.set(run, ofRun)
  const rounds = ofRun.get(side) ?? readRounds(run, side)
  ofRun.set(side, rounds)
  return rounds
}

/** A run never changes once it is assembled, and one verdict asks for the rounds of a side some thirty times. */
const read = new WeakMap<Run, Map<string, readonly SideRound[]>>()

function readRounds(run: Run, side: string): SideRound[] {
  const rounds = new Map<string, { record: RoundRecord; windows: Map<string, OpenWindow> }>()
  const key = ({ round, attempt }: { round: number; attempt: number }): string => `${round}/${attempt}`
  for (const record of run.rounds) if (record.side === side) rounds.set(key(record), { record, windows: new Map() })
  for (const record of run.phases) {
    const kept = record.side === side ? rounds.get(key(record)) : undefined
    if (kept !== undefined) openWindow(kept.windows, record.phase).record = record
  }
  for (const message of run.messages) {
    const kept = message.side === side ? rounds.get(key(message)) : undefined
    if (kept === undefined) continue
    addMessage(openWindow(kept.windows, message.phase), message)
  }
  for (const observation of run.observations) {
    const kept = observation.side === side ? rounds.get(key(observation)) : undefined
    if (kept !== undefined) openWindow(kept.windows, observation.phase).observations.push(observation)
  }
  return [...rounds.values()].map(({ record, windows }) => ({ round: record.round, attempt: record.attempt, record, windows }))
}

function addMessage(window: OpenWindow, message: MessageRecord): void {
  switch (message.part) {
    case 'blocker': window.blockers.push(message); break
    case 'user': window.users.push(message); break
    case 'anchor': window.anchors.push(message); break
    case 'probe': if (isEvidence(message)) window.probes.push(message); break
    case 'warm-up': break
  }
}

const emptyWindow = (phase: string): OpenWindow => ({ phase, probes: [], blockers: [], users: [], anchors: [], observations: [], record: undefined })

function openWindow(windows: Map<string, OpenWindow>, phase: string): OpenWindow {
  const found = windows.get(phase) ?? emptyWindow(phase)
  windows.set(phase, found)
  return found
}

/** That phase of the round; an empty window where it was not walked. */
export function windowOf(round: SideRound, phase: string): Window {
  return round.windows.get(phase) ?? emptyWindow(phase)
}

/** What the scenario says of a phase that is a window; undefined for one that says several messages at once. */
export function windowPhase(run: Run, name: string): WindowPhase | undefined {
  const phase = run.header.scenario.phases[name]
  return phase !== undefined && 'say' in phase ? phase : undefined
}

/** The phases of the scenario in which nothing but probes is said, by name. */
export function quietPhases(run: Run): string[] {
  return Object.keys(run.header.scenario.phases).filter((name) => windowPhase(run, name) !== undefined && windowPhase(run, name)?.while === undefined)
}

/** The quiet phase that says `message`, with which a loaded one is compared; undefined where the scenario has none. */
export function quietPhaseOf(run: Run, message: string): string | undefined {
  return quietPhases(run).find((name) => windowPhase(run, name)?.say === message)
}
