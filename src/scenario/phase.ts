import { isMilliseconds, type Milliseconds } from '../duration.ts'
import { isRecord, isWhole, unknownKeys } from './shape.ts'
import type { PhaseSpec, Standing, TogetherPhase, WindowPhase } from './spec.ts'

/** Says one message over and over, evenly spaced; alone, or while answers to another are being told. */
export interface SpacedPhase<M extends string> {
  readonly say: M
  readonly while?: M | { readonly say: M; readonly copies: number }
  /** By whom, seen from whoever hears what is told `while`: in the same chat, in another tab of the same person, by another user. Needs a page. */
  readonly as?: Standing
}

/** Says several messages at once: so many copies of each, or one batch after another with more and more. */
export interface BatchPhase<M extends string> {
  readonly together: readonly M[]
  readonly copies: number | readonly number[]
  /** In how many rounds. Default 3; a quick run takes one. */
  readonly repeat?: number
  /** Said to the model directly, past the system. */
  readonly via?: 'model'
  /** Every other message comes over a connection that was opened so long before, and has said nothing since. */
  readonly idleBefore?: Milliseconds
}

export type Phase<M extends string> = SpacedPhase<M> | BatchPhase<M>

/** Of one message at once: more connections than a machine has to spare measure the machine. */
const mostCopies = 1_000
const mostRepeats = 100
/** Longer than anybody runs a test for, ms. */
const longestIdle = 600_000
const standings: readonly unknown[] = ['same chat', 'other tab', 'other user'] satisfies Standing[]

/** As plain JSON; what is wrong goes to `problems`. */
export function phaseSpec(phase: Phase<string>, name: string, labels: readonly string[], problems: string[]): PhaseSpec {
  const at = `phases.${name}`
  const known = (label: unknown, where: string): string => {
    if (typeof label === 'string' && labels.includes(label)) return label
    problems.push(`${at}.${where}: there is no message ${JSON.stringify(label)}; the messages are ${labels.join(', ')}`)
    return String(label)
  }
  return isRecord(phase) && 'together' in phase ? togetherSpec(phase as BatchPhase<string>, at, known, problems) : windowSpec(phase as SpacedPhase<string>, at, known, problems)
}

type Known = (label: unknown, where: string) => string

function windowSpec(phase: SpacedPhase<string>, at: string, known: Known, problems: string[]): WindowPhase {
  problems.push(...unknownKeys(phase, at, ['say', 'while', 'as']), ...unknownKeys(phase?.while, `${at}.while`, ['say', 'copies']))
  const say = known(phase?.say, 'say')
  if (phase?.as !== undefined && !standings.includes(phase.as)) problems.push(`${at}.as: one of ${standings.join(', ')}, not ${JSON.stringify(phase.as)}`)
  if (phase?.as !== undefined && phase.while === undefined) problems.push(`${at}.as: seen from whom? Say what is told meanwhile (while)`)
  if (phase?.while === undefined) return { say }
  const blocker = isRecord(phase.while) ? phase.while : { say: phase.while, copies: 1 }
  if (!isWhole(blocker.copies, 1, mostCopies)) problems.push(`${at}.while.copies: a whole number from 1 to ${mostCopies}, not ${JSON.stringify(blocker.copies)}`)
  return { say, while: { say: known(blocker.say, 'while'), copies: blocker.copies }, ...(phase.as === undefined ? {} : { as: phase.as }) }
}

function togetherSpec(phase: BatchPhase<string>, at: string, known: Known, problems: string[]): TogetherPhase {
  problems.push(...unknownKeys(phase, at, ['together', 'copies', 'repeat', 'via', 'idleBefore']))
  const { together, copies, repeat = 3, via, idleBefore } = phase
  const labels = Array.isArray(together) ? together : []
  if (labels.length === 0) problems.push(`${at}.together: a list of messages like ['story'], not ${JSON.stringify(together)}`)
  const batches: readonly number[] = typeof copies === 'number' ? [copies] : Array.isArray(copies) ? copies : []
  if (batches.length === 0 || !batches.every((count) => isWhole(count, 1, mostCopies))) problems.push(`${at}.copies: whole numbers from 1 to ${mostCopies}, not ${JSON.stringify(copies)}`)
  if (!isWhole(repeat, 1, mostRepeats)) problems.push(`${at}.repeat: a whole number from 1 to ${mostRepeats}, not ${JSON.stringify(repeat)}`)
  if (via !== undefined && (via as unknown) !== 'model') problems.push(`${at}.via: 'model', or left out`)
  if (idleBefore !== undefined && !(isMilliseconds(idleBefore) && idleBefore.milliseconds <= longestIdle)) problems.push(`${at}.idleBefore: how long, as seconds(60), ten minutes at most; not ${JSON.stringify(idleBefore)}`)
  const idle = isMilliseconds(idleBefore) ? { idleBefore: idleBefore.milliseconds } : {}
  return { together: labels.map((label) => known(label, 'together')), copies: batches, repeat, ...(via === undefined ? {} : { via }), ...idle }
}
