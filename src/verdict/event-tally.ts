import { formatMilliseconds } from '../duration.ts'
import type { Run, SideSpec } from '../sample/run-file.ts'
import type { EventClaim } from '../scenario/spec.ts'
import { deliveredShare } from '../stats/delivered-share.ts'
import { lostTokens } from '../stats/lost-tokens.ts'
import type { Offences } from '../stats/offences.ts'
import { sourcesShown } from '../stats/sources-shown.ts'
import { type Spoilt, spoiltTokens } from '../stats/spoilt-tokens.ts'
import { wholeAnswers } from '../stats/whole-answers.ts'
import { wrongErrors } from '../stats/wrong-errors.ts'
import { atMostAfterNone, shareInterval } from './shares.ts'
import { counted, percentDown, percentUp, plural } from './wording.ts'

/** What one measure of zero tolerance counted, in numbers and words. */
export interface Tally extends Pick<Offences, 'n' | 'offending' | 'rounds'> {
  /** What a pass lacks, however many rounds there are; a sentence without its full stop. */
  readonly lacking: { readonly why: string; readonly moreRoundsHelp: boolean } | undefined
  /** The evidence where there was no message, where none broke the rule, and where some did. */
  readonly nothing: string
  readonly none: string
  readonly some: string
  readonly formula: string
}

export function tally(run: Run, side: SideSpec, claim: EventClaim): Tally {
  switch (claim.measure) {
    case 'lostTokens': return lost(run, side, claim)
    case 'foreignTokens': return spoilt(run, side, claim, 'foreign')
    case 'reorderedTokens': return spoilt(run, side, claim, 'reordered')
    case 'duplicatedTokens': return spoilt(run, side, claim, 'duplicated')
    case 'wholeAnswers': return whole(run, side, claim)
    case 'deliveredShare': return delivered(run, side, claim)
    case 'sourcesShown': return sources(run, side, claim)
    case 'wrongErrors': return wrong(run, side, claim)
  }
}

const atMost = (run: Run, n: number): string => `≤ ${percentUp(atMostAfterNone(n, run.header.rules.alpha))}`

/** ` (≤ 0.5 %), in 12 blockers (≤ 28 %)`: what none in so many messages and episodes leaves possible. */
function atMostAfter(run: Run, { n, episodes: { blockers, batches } }: Offences): string {
  const episodes = [...(blockers > 0 ? [counted(blockers, 'blocker')] : []), ...(batches > 0 ? [counted(batches, 'batch')] : [])].join(' and ')
  return ` (${atMost(run, n)})${episodes === '' ? '' : `, in ${episodes} (${atMost(run, blockers + batches)})`}`
}

const examplesOf = ({ examples }: Offences): string => (examples.length === 0 ? '' : ` (${examples.join(', ')})`)

const labelsOf = (claim: EventClaim): readonly string[] => claim.messages ?? []
const named = (claim: EventClaim): string => labelsOf(claim).map(plural).join(' and ')

/** Labels of the claim of which there was no message: what was never said cannot have gone well. */
function unsaid(claim: EventClaim, seen: Offences, what: string): Tally['lacking'] {
  const missing = labelsOf(claim).filter((label) => !seen.labels.includes(label))
  return missing.length === 0 ? undefined : { why: `no ${missing.join(', ')} ${what}`, moreRoundsHelp: true }
}

/** Without numbered tokens an answer that ended well may lack words all the same. */
const unnumbered = (side: SideSpec): Tally['lacking'] => (side.hasMock ? undefined : { why: 'nobody numbered the words', moreRoundsHelp: false })

function lost(run: Run, side: SideSpec, claim: EventClaim): Tally {
  const seen = lostTokens(run, side.name, claim.messages)
  return {
    ...seen, lacking: unnumbered(side), nothing: 'no answer with numbered tokens came',
    none: `0 of ${counted(seen.n, 'answer')} lacked a word${atMostAfter(run, seen)}`,
    some: side.hasMock
      ? `${seen.offending} of ${counted(seen.n, 'answer')} were not what the model wrote: ${seen.missing} words missing, ${seen.duplicated} twice, ${seen.reordered} out of order, ${seen.foreign} of other answers${examplesOf(seen)}`
      : `${counted(seen.offending, 'answer')} failed${examplesOf(seen)}`,
    formula: 'answers that are not word for word what the mock wrote, those that failed included',
  }
}

const spoiltWords: Readonly<Record<Spoilt, { readonly has: string; readonly formula: string }>> = {
  foreign: { has: 'had words of another answer', formula: 'answers with a numbered token of another message, or beyond their own end' },
  reordered: { has: 'had words out of order', formula: 'answers with a numbered token that came after a later one' },
  duplicated: { has: 'said a word twice', formula: 'answers in which a numbered token came more than once' },
}

function spoilt(run: Run, side: SideSpec, claim: EventClaim, what: Spoilt): Tally {
  const seen = spoiltTokens(run, side.name, what, claim.messages)
  const { has, formula } = spoiltWords[what]
  return {
    ...seen, lacking: unnumbered(side), nothing: 'no answer with numbered tokens came',
    none: `0 of ${counted(seen.n, 'answer')} ${has}${atMostAfter(run, seen)}`,
    some: `${seen.offending} of ${counted(seen.n, 'answer')} ${has}, ${counted(seen.tokens, 'word')} in all${examplesOf(seen)}`,
    formula,
  }
}

function whole(run: Run, side: SideSpec, claim: EventClaim): Tally {
  const seen = wholeAnswers(run, side.name, labelsOf(claim))
  const { n, offending, longest, untested, numbered, kept } = seen
  const told = longest === undefined ? '' : `; the longest was answered for ${formatMilliseconds(longest)}`
  return {
    ...seen,
    lacking: keptTheirs(kept) ?? unsaid(claim, seen, 'was said') ?? (untested === undefined ? undefined : {
      why: `the longest lasted ${longest === undefined ? 'no time' : formatMilliseconds(longest)}, shorter than the promised ${formatMilliseconds(untested)}: nothing is shown about the time-outs`,
      moreRoundsHelp: false,
    }),
    nothing: keptTheirs(kept)?.why ?? `no ${labelsOf(claim).join(' or ')} was said`,
    none: `${n} of ${n} ${named(claim)} came whole (broken: ${atMost(run, n)})${broken(run, seen)}${numbered === n ? '' : `; ${n - numbered} by their end alone, nobody numbered their words`}${told}`,
    some: `${offending} of ${n} ${named(claim)} did not come whole${examplesOf(seen)}${told}`,
    formula: 'answers that came to their own end / all that were asked for; where tokens are numbered every one is there, once and in order',
  }
}

const keptTheirs = (labels: readonly string[]): Tally['lacking'] =>
  (labels.length === 0 ? undefined : { why: `no ${labels.join(', ')} lost its connection in the middle of its answer for as long as it was to`, moreRoundsHelp: true })

/** `, in 6 batches (≤ 48 %)`. */
const broken = (run: Run, seen: Offences): string => atMostAfter(run, seen).replace(/^ \([^)]*\)/, '')

function delivered(run: Run, side: SideSpec, claim: EventClaim): Tally {
  const seen = deliveredShare(run, side.name, labelsOf(claim))
  const { n, offending, finishedUnseen, tokens } = seen
  const { low, high } = shareInterval({ events: offending, n }, seen.rounds, run.header.rules.alpha)
  return {
    ...seen, lacking: unsaid(claim, seen, 'was said'), nothing: `no ${labelsOf(claim).join(' or ')} was said`,
    none: `0 of ${n} ${named(claim)} got no token${atMostAfter(run, seen)}`,
    some: `${offending} of ${n} ${named(claim)} got no tokens (${percentDown(low)} to ${percentUp(high)})${finishedUnseen === 0 ? '' : `, ${finishedUnseen === offending ? 'all' : finishedUnseen} of them though the answer was finished`}${examplesOf(seen)}${tokens.asked === 0 ? '' : `; of ${tokens.asked} tokens ${tokens.came} came`}`,
    formula: 'messages of whose answer at least one token came to whoever had asked / all that were asked',
  }
}

function sources(run: Run, side: SideSpec, claim: EventClaim): Tally {
  const seen = sourcesShown(run, side, labelsOf(claim))
  const { n, offending } = seen
  return {
    ...seen, lacking: unsaid(claim, seen, 'was said'), nothing: `no ${labelsOf(claim).join(' or ')} was said`,
    none: `${n} of ${n} ${named(claim)} showed their sources (without: ${atMost(run, n)})${broken(run, seen)}${side.hasMock ? ', and our mock was searched for each' : ''}`,
    some: `${offending} of ${n} ${named(claim)} showed no sources that had been searched for${examplesOf(seen)}`,
    formula: `searches that were answered and named a source${side.hasMock ? ', with a request to our mock search' : ''} / all that were asked for`,
  }
}

function wrong(run: Run, side: SideSpec, claim: EventClaim): Tally {
  const seen = wrongErrors(run, side.name, labelsOf(claim))
  const { n, offending, unexposed, repaired } = seen
  const kinds = counted(seen.labels.length, 'kind')
  const besides = `${repaired === 0 ? '' : `; ${repaired} were got over, nobody noticed`}${unexposed === 0 ? '' : `; ${counted(unexposed, 'message')} more never came to their failure`}`
  return {
    ...seen, lacking: unsaid(claim, seen, 'failed at the model'),
    nothing: `the model never failed as it was asked to${unexposed === 0 ? '' : `: ${counted(unexposed, 'message')} did not come so far`}`,
    none: `0 of ${counted(n, 'failure')} of the model in ${kinds} were told as something else${atMostAfter(run, seen)}${besides}`,
    some: `${offending} of ${counted(n, 'failure')} of the model in ${kinds} were told as something else${examplesOf(seen)}${besides}`,
    formula: 'failures that the mock carried out and that ended like a whole, empty or cut answer, or as an HTTP status below 500 that is neither its own 429 nor 408 for its silence',
  }
}
