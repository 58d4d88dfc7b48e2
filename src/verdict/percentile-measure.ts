import type { Run, SideSpec } from '../sample/run-file.ts'
import type { CoalescedClaim, LookClaim, TimeClaim } from '../scenario/spec.ts'
import { addedToFirstToken } from '../stats/added-to-first-token.ts'
import { coalescedShare } from '../stats/coalesced-share.ts'
import { connectionCost } from '../stats/connection-cost.ts'
import { e2eTimes } from '../stats/e2e.ts'
import { firstVisibleTimes } from '../stats/first-visible.ts'
import type { Limit } from '../stats/late-share.ts'
import { lookTimes } from '../stats/look-time.ts'
import type { Series } from '../stats/series.ts'
import { counted } from './wording.ts'

export type PercentileClaim = TimeClaim | CoalescedClaim | LookClaim

/** What a claim on a percentile is about, in numbers and in words. */
export interface PercentileMeasure {
  readonly series: Series
  readonly atBound: Limit['atBound']
  /** What the percentile is of; empty where the claim leaves no doubt. */
  readonly subject: string
  /** `8 hellos`. */
  readonly several: (count: number) => string
  /** One of them, for what is too few. */
  readonly noun: string
  /** What those beyond `bound` did. */
  readonly beyond: (bound: string) => string
  /** What +∞ stands for. */
  readonly never: string
  /** Where there are none. */
  readonly none: string
  readonly formula: string
}

const byRank = 'quantile by rank x(⌈qn⌉)'

export function percentileMeasure(run: Run, { name }: SideSpec, claim: PercentileClaim): PercentileMeasure {
  if (isLook(claim)) return look(claim)
  const words = { several: (count: number) => counted(count, claim.message), noun: 'message', none: `no ${claim.message} was said` }
  switch (claim.measure) {
    case 'firstVisible': return {
      ...words, ...slow, series: firstVisibleTimes(claim), subject: '', never: 'no first token',
      formula: `first visible word − dueAt; ${byRank}, a message without a first word ranks above all`,
    }
    case 'e2e': return {
      ...words, ...slow, series: e2eTimes(claim), subject: 'the whole answer', never: 'not answered to the end',
      formula: `end of the answer − dueAt; ${byRank}, a message that failed ranks above all`,
    }
    case 'addedToFirstToken': return {
      ...words, series: addedToFirstToken(run, name, claim), atBound: 'late', subject: 'what the stack adds to the first token', beyond: (bound) => `had ${bound} or more added`, never: 'no first token',
      formula: `(first token − dueAt) − (the model's first token written − its request received); ${byRank}, a message without a first token ranks above all`,
    }
    case 'connectionCost': return {
      ...words, series: connectionCost(run, name, claim), atBound: 'allowed', subject: 'what new connections to the model cost', beyond: (bound) => `paid more than ${bound}`, never: 'never reached the model',
      formula: `0 where the connection to the model was open; else (request received by the model − startedAt) − the median of the same over open ones, at least 0; ${byRank}`,
    }
    case 'coalescedShare': return {
      ...words, series: coalescedShare(run, name, claim), atBound: 'allowed', subject: 'the share of an answer that came in bursts', beyond: (bound) => `had more than ${bound} of it`, never: 'nothing',
      formula: `tokens that came less than 1 ms after the one before, or in one chunk with it / tokens but the first, of answers of two tokens and more; ${byRank}`,
    }
  }
}

const isLook = (claim: PercentileClaim): claim is LookClaim => claim.measure === 'healthTime' || claim.measure === 'databaseTime'

const slow = { atBound: 'late', beyond: (bound: string) => `took ${bound} or longer` } as const

const looked = { healthTime: { kind: 'health', subject: '/health', request: 'GET /health' }, databaseTime: { kind: 'database', subject: 'the database', request: 'a GET that needs the database' } } as const

function look({ measure, during }: LookClaim): PercentileMeasure {
  const { kind, subject, request } = looked[measure]
  return {
    ...slow, series: lookTimes(kind, during), subject, several: (count) => counted(count, 'look'), noun: 'look', none: `nobody looked at ${subject}`, never: 'no good answer',
    formula: `end of the answer to ${request} − dueAt${during === undefined ? '' : `, in ${during.join(', ')}`}; ${byRank}, no good answer ranks above all`,
  }
}
