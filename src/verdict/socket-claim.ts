import type { Run, SideSpec } from '../sample/run-file.ts'
import type { ClaimSpec } from '../scenario/spec.ts'
import { type RequestsPerSocket, requestsPerSocket } from '../stats/requests-per-socket.ts'
import type { Weighed, Weighing } from './decision.ts'
import { roundShortage, roundsNeeded } from './shares.ts'
import { areToo, counted, ratio } from './wording.ts'

/** Fewer requests would make a mean of one or two connections. */
const leastRequests = 30

/** Whether the model received too few requests of this side to tell, whatever became of its connections. */
export const hasTooFewRequests = (run: Run, side: SideSpec): boolean => requestsPerSocket(run, side.name).requests < leastRequests

/**
 * Claims on how many requests a connection to the model carries. What is judged is a mechanism, whether connections are used again, and no rate: there is no
 * interval, and the tester's clock plays no part, so that every view is the same.
 */
export function socketClaim(run: Run, side: SideSpec, claim: Extract<ClaimSpec, { measure: 'requestsPerSocket' }>): Weighing {
  const { pass, fail } = claim.bounds
  const seen = requestsPerSocket(run, side.name)
  const shortage = seen.problem ?? socketShortage(seen, roundsNeeded(run))
  const value = seen.value ?? 0
  const weighed: Weighed = {
    passes: shortage === undefined && value >= pass,
    fails: shortage === undefined && value < fail,
    warns: shortage === undefined && value >= fail,
    value: seen.value,
    shortage,
    moreRoundsHelp: seen.problem === undefined,
  }
  // With no new connection there is no quotient: that many requests and more.
  const shown = seen.value === Infinity ? seen.requests : seen.value
  return {
    weigh: () => weighed,
    describe: () => ({
      metric: 'requestsPerSocket', statistic: seen.value === Infinity ? 'at least' : 'mean', unit: 'ratio', bounds: claim.bounds, n: seen.requests, censored: 0,
      value: shown, low: shown, high: shown,
      evidence: inWords(seen),
      formula: 'requests that the model received / connections to it that were opened for one of them',
    }),
  }
}

function socketShortage({ requests, rounds }: RequestsPerSocket, needed: number): string | undefined {
  return roundShortage(requests, rounds, needed) ?? (requests < leastRequests ? `${counted(requests, 'request')} ${areToo(requests)} few, it takes ${leastRequests}` : undefined)
}

function inWords({ requests, sockets, opened, value }: RequestsPerSocket): string {
  if (value === undefined) return 'the model received no request'
  const over = `${counted(requests, 'request')} to the model over ${counted(sockets, 'connection')}`
  return opened === 0 ? `no new connection for ${over}` : `${over}, ${opened} of them new: ${ratio(value)} requests for each new one`
}
