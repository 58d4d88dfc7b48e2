import type { ClaimResult, RunResult, StatementResult } from './document.ts'

/** Something that was said of a stack, and the claim whose sides show whether it is so. */
interface Statement {
  readonly said: string
  readonly scenario: string
  readonly metric: string
  /** `problem`: said of `before`, and that `after` cures it. `change`: said of `after`. */
  readonly kind: 'problem' | 'change'
  /** What holds instead where the problem is not there, or the change does not do what was said. */
  readonly instead: string
  /** What holds where the problem is there and `after` has it as well; only of problems. */
  readonly uncured?: string
}

const queue = 'it is there, and the change does not cure it: where the time went tells whether the model\'s own queue is what people wait for'

/** What the operators of an Open WebUI said of it, in their words; the profiles `before` and `after` are the two sides of their change. */
const operators: readonly Statement[] = [
  { said: '1 worker = 1 request at a time: "Hello" waits for a story', scenario: 'concurrent', metric: 'stalledShare', kind: 'problem', instead: 'one worker tells many answers at a time; more workers help only where something else blocks one of them', uncured: queue },
  { said: '1 worker = 1 request at a time: "Hello" waits for a web search', scenario: 'web-search', metric: 'stalledShare', kind: 'problem', instead: 'a search blocks a worker only while it reads pages that are expensive to parse: try --set pageBytes=10000000', uncured: queue },
  { said: 'Concurrent users: 1 at a time before, 4 at a time after', scenario: 'capacity', metric: 'effectiveConcurrency', kind: 'problem', instead: 'how many are answered at once is up to the model behind it, not to workers', uncured: queue },
  { said: '4 workers answer 4 people', scenario: 'multi-worker', metric: 'deliveredShare', kind: 'change', instead: 'workers that do not share their sockets answer into the void: set REDIS_URL and WEBSOCKET_MANAGER=redis, or stay with one worker' },
  { said: 'No time-out: a dead model hangs forever', scenario: 'disconnect', metric: 'timeToError', kind: 'problem', instead: 'each kind of failure is told in time as it is', uncured: 'the change does not make every failure seen in time; the evidence names the kinds' },
  { said: 'AIOHTTP_CLIENT_TIMEOUT=45 is the repair', scenario: 'long-story', metric: 'wholeAnswers', kind: 'change', instead: 'it limits the whole answer: set AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT=45 (Open WebUI 0.11 and later) and leave the total far above any answer' },
  { said: 'A new connection for every request, 300 ms each', scenario: 'simple-chat', metric: 'requestsPerSocket', kind: 'problem', instead: 'it keeps its connections as it is; what it would look like: run simple-chat --defect before:connections=fresh --defect before:handshakeCost=300 (on the control stack)', uncured: 'the change does not make it keep its connections' },
  { said: 'Simple chat: 3 to 5 s before, 0.5 to 1 s after', scenario: 'simple-chat', metric: 'firstVisible', kind: 'problem', instead: 'what is slow is the model or the machine, not this setting', uncured: 'it is slow, and the change does not make it fast: where the time went tells which layer takes it' },
  { said: 'The page waits forever when the network goes', scenario: 'offline', metric: 'timeToError', kind: 'problem', instead: 'the page notices it by itself', uncured: 'no setting of the server can notice it, only the page itself: it needs a time-out of its own' },
]

/** The kinds of target behind which the product itself starts the profiles of Open WebUI. */
const kinds: ReadonlySet<string> = new Set(['open-webui', 'open-webui-socket', 'browser'])

/** What was said of the stacks that were measured and what it came to, in the order of the runs; nothing of systems whose settings we do not know. */
export function statementsOf(runs: readonly RunResult[]): StatementResult[] {
  return runs.flatMap((run) => {
    const isOurs = (profile: string): boolean => run.sides.some((side) => side.profile === profile && kinds.has(side.kind))
    return operators.filter(({ scenario, kind }) => scenario === run.scenario && isOurs(kind === 'problem' ? 'before' : 'after')).flatMap((statement) => judged(statement, run))
  })
}

function judged(statement: Statement, run: RunResult): StatementResult[] {
  const ofProfile = (profile: string): ClaimResult[] => {
    const names = run.sides.filter((side) => side.profile === profile).map(({ name }) => name)
    return run.claims.filter(({ metric, side }) => metric === statement.metric && names.includes(side))
  }
  const [before, after] = [ofProfile('before'), ofProfile('after')]
  const finding = statement.kind === 'problem' ? problemFinding(before, after) : changeFinding(after)
  if (finding === undefined) return []
  const evidence = run.claims.filter(({ metric }) => metric === statement.metric).map(({ side, verdict, reason }) => `${side} ${verdict}: ${reason}`).join('; ')
  return [{ statement: statement.said, scenario: run.scenario, finding, evidence, instead: finding === 'not supported' ? (before.some(isBad) ? statement.uncured : undefined) ?? statement.instead : null }]
}

/** A problem is there where `before` fails, and it is what was said of it where `after` does not fail as well. */
function problemFinding(before: readonly ClaimResult[], after: readonly ClaimResult[]): StatementResult['finding'] | undefined {
  if (before.length === 0) return undefined
  if (before.every(isFine)) return 'not supported'
  if (!before.some(isBad)) return 'undecided'
  if (after.some(isBad)) return 'not supported'
  return after.length > 0 && after.every(isFine) ? 'supported' : 'undecided'
}

function changeFinding(after: readonly ClaimResult[]): StatementResult['finding'] | undefined {
  if (after.length === 0) return undefined
  if (after.some(isBad)) return 'not supported'
  return after.every(isFine) ? 'supported' : 'undecided'
}

const isFine = ({ verdict }: ClaimResult): boolean => verdict === 'pass' || verdict === 'warn'
const isBad = ({ verdict }: ClaimResult): boolean => verdict === 'fail'
