import type { RunRecord } from '../sample/run-file.ts'
import type { Check, ClaimResult, RunVerdict } from './document.ts'
import { bound, boundsInWords, inUnit, percent, percentDown, percentUp } from './wording.ts'

interface Judged {
  readonly header: RunRecord
  readonly verdict: RunVerdict
  readonly claims: readonly ClaimResult[]
  readonly validity: readonly Check[]
  /** Of all judged sides together. */
  readonly rounds: number
}

/**
 * The verdict of a run as one would say it to a person: whether people wait, on which side, how many of how many, and how sure that is. Where
 * it is no pass, the number that decided and what to do.
 */
export function verdictSentence({ header, verdict, claims, validity, rounds }: Judged): string {
  if (rounds === 0 && verdict === 'inconclusive') return `Interrupted before the first round of ${header.sides.map(({ name }) => name).join(' and ')} ended: there is nothing to judge.`
  const judged = claims.filter(({ role, verdict: one }) => role === 'judged' && one !== 'skipped')
  const worst = leading(judged.filter((claim) => claim.verdict === verdict))
  if (worst === undefined) return `${header.scenario.name}: no claim could be judged here; see the reason beside each.`
  const contrast = referenceWords(claims, worst)
  const words = boundsInWords(worst.bounds, worst.unit)
  switch (verdict) {
    case 'pass': return `${worst.side}: ${worst.claim} (${evidence(worst)})${others(judged, worst, 'pass')}${contrast}.`
    case 'warn': return `${worst.side}: only just: ${worst.claim} (${evidence(worst)}): not ${words.missed}, but not shown to be ${words.attained}${others(judged, worst, 'warn')}${contrast}.`
    case 'fail': return `${worst.side} fails "${worst.claim}" (${evidence(worst)}; ${allowed(worst)})${others(judged, worst, 'fail')}${contrast}.`
    case 'inconclusive': return `Undecided: ${because(worst, validity)}.`
    case 'invalid': return `The measurement cannot be trusted: ${because(worst, validity)}.`
  }
}

/** `allowed: 2 %`, `wanted: at least 4`. */
function allowed({ bounds, unit }: ClaimResult): string {
  return bounds.atLeast === true ? `wanted: at least ${bound(bounds.fail, unit)}` : `allowed: ${bound(bounds.fail, unit)}`
}

/** The finding that took the claim's verdict away, or what the claim itself lacks. */
function because(worst: ClaimResult, validity: readonly Check[]): string {
  return validity.find(({ detail }) => worst.reason.startsWith(detail))?.detail ?? `${worst.side}: "${worst.claim}": ${worst.reason}`
}

/** What the scenario is about: a stalled share where there is one, else its first claim. */
function leading(claims: readonly ClaimResult[]): ClaimResult | undefined {
  return claims.find(({ metric }) => metric === 'stalledShare') ?? claims[0]
}

function others(judged: readonly ClaimResult[], worst: ClaimResult, verdict: RunVerdict): string {
  const same = judged.filter((claim) => claim.verdict === verdict && claim.id !== worst.id)
  if (verdict === 'pass' || same.length === 0) return ''
  return `; also: ${same.map((claim) => `${claim.side === worst.side ? '' : `${claim.side}: `}${claim.claim} (${evidence(claim)})`).join('; ')}`
}

/** `; before: it does (94 %)`. */
function referenceWords(claims: readonly ClaimResult[], judged: ClaimResult): string {
  const references = claims.filter(({ role, claim, verdict }) => role === 'reference' && claim === judged.claim && verdict !== 'skipped')
  return references.map((claim) => {
    if (claim.verdict === judged.verdict) return `; ${claim.side}: likewise (${valueInWords(claim)})`
    switch (claim.verdict) {
      case 'fail': return `; ${claim.side}: ${contradiction(claim.claim)} (${valueInWords(claim)})`
      case 'pass': case 'warn': return `; ${claim.side} ${claim.verdict === 'pass' ? 'passes' : 'only just passes'} (${evidence(claim)})`
      default: return `; ${claim.side}: ${claim.verdict}`
    }
  }).join('')
}

/** What to say of a side that does what the sentence denies: "hello does not wait" becomes "it does". */
function contradiction(sentence: string): string {
  const verb = /\b(does|is|has|can|will|was) not\b/.exec(sentence)?.[1]
  return verb === undefined ? 'not so' : `it ${verb}`
}

/** What +∞ stands for, where it is no first token. */
const never: Readonly<Record<string, string>> = { e2e: 'never', connectionCost: 'never', healthTime: 'never', databaseTime: 'never', timeToError: 'no error', timeToCancel: 'the model was never told' }

const valueInWords = (claim: ClaimResult): string => (claim.value === null && claim.n > 0 && claim.unit === 'ms' ? never[claim.metric] ?? 'no first token' : inUnit(claim.value, claim.unit))

/** The evidence in a few words: the limit on the side that the verdict hangs on. */
function evidence(claim: ClaimResult): string {
  const { value, n } = claim
  const fails = claim.verdict === 'fail'
  const atMost = fails ? 'at least' : 'at most'
  const limit = fails ? claim.low : claim.high
  switch (claim.metric) {
    case 'stalledShare': {
      const share = fails ? percentDown(limit ?? 0) : percentUp(limit ?? 1)
      return `${Math.round((value ?? 0) * n)} of ${n} stalled, ${atMost} ${share}${claim.statistic === 'share' ? '' : ' more than in quiet'}`
    }
    case 'firstVisible': return `${claim.statistic} ${valueInWords(claim)}${limit === null ? '' : `, ${atMost} ${inUnit(limit, 'ms')}`}`
    case 'addedToFirstToken': case 'e2e': case 'connectionCost': case 'coalescedShare': case 'healthTime': case 'databaseTime': return `${claim.statistic} ${valueInWords(claim)}${limit === null ? '' : `, ${atMost} ${inUnit(limit, claim.unit)}`}`
    case 'overhead': return `${valueInWords(claim)} more than directly${limit === null ? '' : `, ${atMost} ${inUnit(limit, 'ms')}`}`
    case 'requestsPerSocket': return claim.statistic === 'at least' ? `no new connection for ${n} requests` : `${inUnit(value, 'ratio')} requests for each new connection, ${n} in all`
    case 'delayGrowth': return `${inUnit(value, 'ratio')} s more for each second that it lasts longer, ${atMost} ${inUnit(limit, 'ratio')}`
    case 'wholeAnswers': case 'deliveredShare': case 'sourcesShown': return `${Math.round((value ?? 0) * n)} of ${n}`
    case 'timeToError': return value === null && n > 0 ? `no error for ${inUnit(claim.low, 'ms')}` : `slowest error after ${inUnit(value, 'ms')}, ${n} failures`
    case 'timeToCancel': return value === null && n > 0 ? 'the model was never told' : `after ${inUnit(value, 'ms')} at the latest, ${n} left`
    case 'effectiveConcurrency': return `${claim.high === null ? '≥ ' : ''}${inUnit(value, 'count')} at once`
    default: return claim.unit === 'share' ? percent(value ?? 1) : `${inUnit(value, claim.unit)} of ${n}`
  }
}
