import type { MessageRecord } from '../sample/message.ts'
import type { RoundRecord, Run } from '../sample/run-file.ts'
import type { ScenarioSpec } from '../scenario/spec.ts'
import { isEvidence } from './ttft.ts'
import { saidRounds, type Window } from './windows.ts'

/** A message in the episode that it belongs to: a blocker with the hellos behind it, or one batch of messages said at once. */
export interface Said {
  readonly message: MessageRecord
  readonly record: RoundRecord
  /** Undefined for what was said in quiet. */
  readonly episode: { readonly kind: 'blocker' | 'batch'; readonly key: string } | undefined
}

/** How many of each kind of episode there were. */
export interface Episodes {
  readonly blockers: number
  readonly batches: number
}

/**
 * Everything that was said to a side, also in rounds that were said again: what a stack does to an answer it has done however long the tester
 * stood still. Messages that went to the model directly are not of the side.
 */
export function said(run: Run, side: string): Said[] {
  return saidRounds(run, side).flatMap(({ round, attempt, record, windows }) => [...windows.values()].filter(({ phase }) => !goesPast(run, phase)).flatMap((window) => {
    const messages = [...window.probes, ...window.blockers, ...window.users]
    return messages.filter((message) => record.kept || !isTimersDoing(message)).map((message): Said => ({ message, record, episode: episodeOf(window, message, `${round}/${attempt}`) }))
  }))
}

function goesPast({ header: { scenario } }: Run, phase: string): boolean {
  const spec = scenario.phases[phase]
  return spec !== undefined && 'together' in spec && spec.via === 'model'
}

/** After a pause of the tester its own timers go off before it reads what came meanwhile: such an end is no finding about a round that was thrown away for the pause. */
const isTimersDoing = ({ outcome }: MessageRecord): boolean => outcome.kind === 'failed' && (outcome.code === 'hung' || outcome.code === 'connect-timeout' || outcome.code === 'not-delivered')

function episodeOf(window: Window, message: MessageRecord, at: string): Said['episode'] {
  if (message.part === 'user') return { kind: 'batch', key: `${at}/${window.phase}/${message.copies ?? 1}` }
  return window.blockers.length === 0 ? undefined : { kind: 'blocker', key: `${at}/${window.phase}` }
}

export function episodesOf(messages: readonly Said[]): Episodes {
  const count = (kind: 'blocker' | 'batch'): number => new Set(messages.flatMap(({ episode }) => (episode?.kind === kind ? [episode.key] : []))).size
  return { blockers: count('blocker'), batches: count('batch') }
}

/** Of those that the tester did not break off itself, the messages that are meant to be answered whole. */
export function meantWhole(run: Run, messages: readonly Said[]): Said[] {
  return messages.filter(({ message }) => isEvidence(message) && isMeantWhole(run.header.scenario, message.label))
}

/** Whether the scenario means such a message to be answered whole: nothing is to go wrong at the model, nobody leaves. */
export function isMeantWhole(scenario: ScenarioSpec, label: string): boolean {
  const spec = scenario.messages[label]
  return spec?.fault === undefined && spec?.leave === undefined
}

/** When something failed for the message: the model, by its journal, or the page's network; undefined where nothing did. */
export const failedAt = ({ upstream, offlineAt }: MessageRecord): number | undefined => offlineAt ?? upstream?.faultAt

/** Whether a message ended as the scenario wanted: the model failed on demand, or the person left. Any other failure is the system's. */
export function endedAsAsked({ header: { scenario } }: Run, message: MessageRecord): boolean {
  const { label, outcome } = message
  const spec = scenario.messages[label]
  if (outcome.kind === 'answered' || spec === undefined) return false
  return (spec.fault !== undefined && failedAt(message) !== undefined) || (spec.leave !== undefined && outcome.code === 'cancelled')
}
