import type { ClaimResult, RunResult, StatementResult } from './document.ts'

/** Something that was said of a stack, and the claims whose sides show whether it is so. */
interface Statement {
  readonly said: string
  readonly scenario: string
  /** A problem or a state is there where the claims of every one of them fail. */
  readonly metrics: readonly string[]
  /** `problem`: said of `before`, and that `after` cures it. `state`: said of `before`, whatever `after` does. `change`: said of `after`. */
  readonly kind: 'problem' | 'state' | 'change'
  /** What holds instead where it is not there, or the change does not do what was said. */
  readonly instead: string
  /** What holds where it is there and `after` has it as well; not of changes. */
  readonly uncured?: string
  /** What holds where some of several metrics fail, and others do not. */
  readonly partly?: string
  /** Where it says how fast it is after the change: then a `warn` there is no cure. */
  readonly isFigure?: true
}

const queue = 'it is there, and the change does not cure it: where the time went tells whether the model\'s own queue is what people wait for'

/** What the operators of an Open WebUI said of it, in their words; the profiles `before` and `after` are the two sides of their change. */
const operators: readonly Statement[] = [
  { said: '1 worker = 1 request at a time: "Hello" waits for a story', scenario: 'concurrent', metrics: ['stalledShare'], kind: 'problem', instead: 'one worker tells many answers at a time; more workers help only where something else blocks one of them', uncured: queue },
  { said: '1 worker = 1 request at a time: "Hello" waits for a web search', scenario: 'web-search', metrics: ['stalledShare'], kind: 'problem', instead: 'a search blocks a worker only while it reads pages that are expensive to parse: try --set pageBytes=3000000', uncured: 'it is there with the change as well: where the time went tells whether people wait for a worker that reads pages, or for the model' },
  { said: 'Web search chat: 15 to 30 s before, 3 to 5 s after', scenario: 'web-search', metrics: ['e2e'], kind: 'problem', instead: 'how long a search takes is up to its engine, its pages and the model, not to these settings', uncured: 'it is slow with the change as well: where the time went tells which layer takes it', isFigure: true },
  { said: 'Second message while the first is running: blocked before, instant after', scenario: 'second-message', metrics: ['stalledShare'], kind: 'problem', instead: 'a second message does not wait for the first: not in the same chat, not in another tab, not at somebody else\'s', uncured: queue },
  { said: 'Concurrent users: 1 at a time before, 4 at a time after', scenario: 'capacity', metrics: ['effectiveConcurrency'], kind: 'problem', instead: 'how many are answered at once is up to the model behind it, not to workers', uncured: queue },
  { said: '4 workers answer 4 people', scenario: 'multi-worker', metrics: ['deliveredShare'], kind: 'change', instead: 'workers that do not share their sockets answer into the void: set REDIS_URL and WEBSOCKET_MANAGER=redis, or stay with one worker' },
  { said: 'No time-out: a dead model hangs forever', scenario: 'disconnect', metrics: ['timeToError'], kind: 'state', instead: 'each kind of failure is told in time as it is', uncured: 'the change does not make every failure seen in time; the evidence names the kinds' },
  { said: 'AIOHTTP_CLIENT_TIMEOUT=45 is the repair', scenario: 'long-story', metrics: ['wholeAnswers'], kind: 'change', instead: 'it limits the whole answer: set AIOHTTP_CLIENT_STREAM_IDLE_TIMEOUT=45 (Open WebUI 0.11 and later) and leave the total far above any answer' },
  { said: 'A new connection for every request, 300 ms each', scenario: 'simple-chat', metrics: ['requestsPerSocket', 'connectionCost'], kind: 'state', instead: 'it keeps its connections as it is; what it would look like: run simple-chat --defect before:connections=fresh --defect before:handshakeCost=300 (on the control stack)', uncured: 'the change does not make it keep its connections', partly: 'only a part of it is there: new connections are one thing, what they cost another, and the evidence tells which it is' },
  { said: 'Simple chat: 3 to 5 s before, 0.5 to 1 s after', scenario: 'simple-chat', metrics: ['firstVisible'], kind: 'problem', instead: 'what is slow is the model or the machine, not this setting', uncured: 'it is slow, and the change does not make it fast: where the time went tells which layer takes it', isFigure: true },
  { said: 'The page waits forever when the network goes', scenario: 'offline', metrics: ['timeToError'], kind: 'state', instead: 'the page notices it by itself', uncured: 'no setting of the server can notice it, only the page itself: it needs a time-out of its own' },
]

/** The kinds of target behind which the product itself starts the profiles of Open WebUI. */
const kinds: ReadonlySet<string> = new Set(['open-webui', 'open-webui-socket', 'browser'])

/** What was said of the stacks that were measured and what it came to, in the order of the runs; nothing of systems whose settings we do not know. */
export function statementsOf(runs: readonly RunResult[]): StatementResult[] {
  return runs.flatMap((run) => {
    const isOurs = (profile: string): boolean => run.sides.some((side) => side.profile === profile && kinds.has(side.kind))
    return operators.filter(({ scenario, kind }) => scenario === run.scenario && isOurs(kind === 'change' ? 'after' : 'before')).flatMap((statement) => judged(statement, run))
  })
}

function judged(statement: Statement, run: RunResult): StatementResult[] {
  /** A list of claims for each metric. */
  const ofProfile = (profile: string): (readonly ClaimResult[])[] => {
    const names = run.sides.filter((side) => side.profile === profile).map(({ name }) => name)
    return statement.metrics.map((metric) => run.claims.filter((claim) => claim.metric === metric && names.includes(claim.side)))
  }
  const [before, after] = [presence(ofProfile('before'), isFine), presence(ofProfile('after'), statement.isFigure === true ? passes : isFine)]
  const finding = findingOf(statement.kind, before, after)
  if (finding === undefined) return []
  const evidence = statement.metrics.flatMap((name) => run.claims.filter(({ metric }) => metric === name)).map(({ side, verdict, reason }) => `${side} ${verdict}: ${reason}`).join('; ')
  return [{ statement: statement.said, scenario: run.scenario, finding, evidence, instead: insteadOf(statement, finding, before, after) }]
}

/**
 * Whether what the metrics tell of is there on a side: where all of them fail. `partly`: some fail, and what does not is fine. `refuted`: it is not there, because one
 * is fine, and of the first, which tells what holds instead, nothing is known. `unmeasured`: no claim is about one of them.
 */
type Presence = 'there' | 'partly' | 'absent' | 'refuted' | 'undecided' | 'unmeasured'

function presence(metrics: readonly (readonly ClaimResult[])[], fine: (claim: ClaimResult) => boolean): Presence {
  if (metrics.some(({ length }) => length === 0)) return 'unmeasured'
  const isThere = metrics.map((claims) => claims.some(isBad))
  if (!isThere.includes(false)) return 'there'
  const areFine = metrics.map((claims) => claims.every(fine))
  if (!areFine.includes(true)) return 'undecided'
  if (isThere.includes(true)) return 'partly'
  return areFine[0] === true ? 'absent' : 'refuted'
}

function findingOf(kind: Statement['kind'], before: Presence, after: Presence): StatementResult['finding'] | undefined {
  switch (kind) {
    case 'state': return stateFinding(before)
    case 'change': return cureFinding(after)
    case 'problem': return before === 'there' ? cureFinding(after) ?? 'undecided' : stateFinding(before)
  }
}

function stateFinding(before: Presence): StatementResult['finding'] | undefined {
  switch (before) {
    case 'there': return 'supported'
    case 'partly': case 'absent': case 'refuted': return 'not supported'
    case 'undecided': return 'undecided'
    case 'unmeasured': return undefined
  }
}

/** A change does what was said of it where `after` does not have what it was to cure. */
function cureFinding(after: Presence): StatementResult['finding'] | undefined {
  switch (after) {
    case 'there': return 'not supported'
    case 'absent': case 'refuted': return 'supported'
    case 'partly': case 'undecided': return 'undecided'
    case 'unmeasured': return undefined
  }
}

function insteadOf({ kind, instead, uncured, partly }: Statement, finding: StatementResult['finding'], before: Presence, after: Presence): string | null {
  const stays = kind !== 'change' && before === 'there' && after === 'there' ? uncured : undefined
  if (before === 'refuted') return null
  if (finding === 'not supported') return stays ?? (before === 'partly' ? partly : undefined) ?? instead
  return finding === 'supported' ? stays ?? null : null
}

const isFine = ({ verdict }: ClaimResult): boolean => verdict === 'pass' || verdict === 'warn'
const passes = ({ verdict }: ClaimResult): boolean => verdict === 'pass'
const isBad = ({ verdict }: ClaimResult): boolean => verdict === 'fail'
