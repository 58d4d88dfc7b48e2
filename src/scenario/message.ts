import { isMilliseconds, type Milliseconds } from '../duration.ts'
import { isRecord, isWhole, unknownKeys } from './shape.ts'
import type { FaultSpec, LeaveSpec, MessageSpec } from './spec.ts'

/** What a person says. `mock` is what our own mock model is asked to do with it; a real model ignores it. */
export interface Message {
  readonly text: string
  /** Whether the system is to search the web first. */
  readonly search?: true
  /** What goes wrong at the model, which only our mock can carry out; `offline`: the page loses its network, which takes a browser. */
  readonly fault?: FaultSpec
  /**
   * The person leaves after so many tokens, or so long after the message was said where they have not come: by closing the connection, or by Stop where the
   * system has a page; there the Stop may come `from: 'another page'` of the same person.
   */
  readonly leave?: { readonly afterTokens: number; readonly afterTime?: Milliseconds; readonly from?: 'another page' }
  /** The page loses its connection after so many tokens, and has another so much later. Needs a page. */
  readonly loses?: { readonly afterTokens: number; readonly forTime: Milliseconds }
  /** Whether the page asks for a title, tags and follow-up questions as well, as it does unless its settings say otherwise. */
  readonly background?: true
  readonly mock?: {
    readonly tokens?: number
    /** How long the answer streams at least; the plan stretches it so that every probe is exposed. */
    readonly lasts?: Milliseconds
    /** Before the first content token. Default 2 ms. */
    readonly firstTokenAfter?: Milliseconds
    /** Between two tokens. Default 20 ms. */
    readonly gap?: Milliseconds
    /** How long our mock search takes (the plan may stretch it), how many pages it finds (3) and how large each is (5000 bytes). */
    readonly search?: { readonly takes: Milliseconds; readonly pages?: number; readonly pageBytes?: number }
  }
}

/** Of one answer; the mock takes no more. */
const mostTokens = 100_000
/** Of anything that a message takes, ms. */
const longestTime = 3_600_000
const mostPages = 20
const mostPageBytes = 2 ** 25

/** As plain JSON; what is wrong goes to `problems`. */
export function messageSpec(message: Message, label: string, problems: string[]): MessageSpec {
  const at = `messages.${label}`
  if (typeof message?.text !== 'string' || message.text === '') problems.push(`${at}.text: what the person says is missing`)
  problems.push(...unknownKeys(message, at, ['text', 'search', 'fault', 'leave', 'loses', 'background', 'mock']), ...unknownKeys(message?.mock, `${at}.mock`, ['tokens', 'lasts', 'firstTokenAfter', 'gap', 'search']))
  if (message?.mock !== undefined && !isRecord(message.mock)) problems.push(`${at}.mock: an object like { tokens: 20 }, not ${JSON.stringify(message.mock)}`)
  for (const flag of ['search', 'background'] as const) if (message?.[flag] !== undefined && (message[flag] as unknown) !== true) problems.push(`${at}.${flag}: true, or left out`)
  if (message?.leave !== undefined && message.loses !== undefined) problems.push(`${at}: leave and loses both end the connection; keep one`)
  return {
    text: message?.text ?? '',
    ...(message?.search === true ? { search: true } : {}),
    ...(message?.fault === undefined ? {} : { fault: faultSpec(message.fault, `${at}.fault`, problems) }),
    ...(message?.leave === undefined ? {} : { leave: leaveSpec(message.leave, `${at}.leave`, problems) }),
    ...(message?.loses === undefined ? {} : { loses: losesSpec(message.loses, `${at}.loses`, problems) }),
    ...(message?.background === true ? { background: true } : {}),
    mock: mockSpec(isRecord(message?.mock) ? message.mock : {}, message?.search === true, `${at}.mock`, problems),
  }
}

function mockSpec(mock: NonNullable<Message['mock']>, searches: boolean, at: string, problems: string[]): MessageSpec['mock'] {
  const time = (name: 'lasts' | 'firstTokenAfter' | 'gap'): number | undefined => (mock[name] === undefined ? undefined : timeOf(mock[name], `${at}.${name}`, problems))
  const lasts = time('lasts')
  const { tokens } = mock
  if (tokens !== undefined && !isWhole(tokens, 1, Infinity)) problems.push(`${at}.tokens: a whole number of at least 1, not ${JSON.stringify(tokens)}`)
  if (tokens !== undefined && tokens > mostTokens) problems.push(`${at}.tokens: at most ${mostTokens}, not ${tokens}`)
  if (tokens !== undefined && lasts !== undefined) problems.push(`${at}: tokens and lasts both say how long the answer is; keep one`)
  const gap = time('gap') ?? 20
  if (lasts === 0) problems.push(`${at}.lasts: an answer that lasts needs a length`)
  if (gap === 0 && lasts !== undefined) problems.push(`${at}.gap: an answer that lasts needs time between its tokens`)
  const length = lasts === undefined ? { tokens: tokens ?? 20 } : { lasts }
  const search = mock.search === undefined ? {} : { search: searchSpec(mock.search, `${at}.search`, problems) }
  if (mock.search !== undefined && !searches) problems.push(`${at}.search: says how a search goes, but the message is not one; add search: true`)
  return { ...length, firstTokenAfter: time('firstTokenAfter') ?? 2, gap, ...search }
}

function timeOf(value: unknown, at: string, problems: string[]): number | undefined {
  if (isMilliseconds(value) && value.milliseconds > longestTime) problems.push(`${at}: more than an hour is more than a run can bear`)
  if (isMilliseconds(value)) return value.milliseconds
  problems.push(`${at}: a time is ms(…), seconds(…) or minutes(…), not ${JSON.stringify(value)}`)
  return undefined
}

function searchSpec(search: NonNullable<NonNullable<Message['mock']>['search']>, at: string, problems: string[]): NonNullable<MessageSpec['mock']['search']> {
  problems.push(...unknownKeys(search, at, ['takes', 'pages', 'pageBytes']))
  const { pages = 3, pageBytes = 5_000 } = search
  if (!isWhole(pages, 0, mostPages)) problems.push(`${at}.pages: a whole number up to ${mostPages}, not ${JSON.stringify(pages)}`)
  if (!isWhole(pageBytes, 200, mostPageBytes)) problems.push(`${at}.pageBytes: a whole number from 200 to ${mostPageBytes}, not ${JSON.stringify(pageBytes)}`)
  return { takes: timeOf(search.takes, `${at}.takes`, problems) ?? 0, pages, pageBytes }
}

const placedKinds = ['silence', 'heartbeat', 'reset', 'close', 'garbage', 'error']

function faultSpec(fault: FaultSpec, at: string, problems: string[]): FaultSpec {
  const given: Record<string, unknown> = isRecord(fault) ? fault : {}
  const { kind } = given
  if (kind === 'hang') problems.push(...unknownKeys(fault, at, ['kind']))
  else if (kind === 'status') {
    problems.push(...unknownKeys(fault, at, ['kind', 'status']))
    if (!isWhole(given['status'], 400, 599)) problems.push(`${at}.status: an HTTP error, 400 to 599, not ${JSON.stringify(given['status'])}`)
  } else if (typeof kind === 'string' && placedKinds.includes(kind)) {
    problems.push(...unknownKeys(fault, at, ['kind', 'before', 'afterTokens']))
    const { before, afterTokens } = given
    if ((before === undefined) === (afterTokens === undefined)) problems.push(`${at}: says where it happens: before: 'headers', before: 'first token', or afterTokens: 10`)
    if (before !== undefined && before !== 'headers' && before !== 'first token') problems.push(`${at}.before: 'headers' or 'first token', not ${JSON.stringify(before)}`)
    if (afterTokens !== undefined && !isWhole(afterTokens, 1, mostTokens)) problems.push(`${at}.afterTokens: a whole number of at least 1, not ${JSON.stringify(afterTokens)}`)
  } else if (kind === 'offline') {
    problems.push(...unknownKeys(fault, at, ['kind', 'before', 'afterTokens']))
    const { before, afterTokens } = given
    if ((before === undefined) === (afterTokens === undefined) || (before !== undefined && before !== 'send')) problems.push(`${at}: says when the network goes: before: 'send', or afterTokens: 10`)
    if (afterTokens !== undefined && !isWhole(afterTokens, 1, mostTokens)) problems.push(`${at}.afterTokens: a whole number of at least 1, not ${JSON.stringify(afterTokens)}`)
  } else problems.push(`${at}.kind: one of status, hang, offline, ${placedKinds.join(', ')}, not ${JSON.stringify(kind)}`)
  return fault
}

function leaveSpec(leave: NonNullable<Message['leave']>, at: string, problems: string[]): LeaveSpec {
  problems.push(...unknownKeys(leave, at, ['afterTokens', 'afterTime', 'from']), ...tokensProblems(leave, at))
  if (leave?.from !== undefined && (leave.from as unknown) !== 'another page') problems.push(`${at}.from: 'another page', or left out`)
  const afterTime = leave?.afterTime === undefined ? undefined : timeOf(leave.afterTime, `${at}.afterTime`, problems)
  return { afterTokens: leave.afterTokens, ...(afterTime === undefined ? {} : { afterTime }), ...(leave.from === undefined ? {} : { from: leave.from }) }
}

function losesSpec(loses: NonNullable<Message['loses']>, at: string, problems: string[]): NonNullable<MessageSpec['loses']> {
  problems.push(...unknownKeys(loses, at, ['afterTokens', 'forTime']), ...tokensProblems(loses, at))
  return { afterTokens: loses.afterTokens, forTime: timeOf(loses?.forTime, `${at}.forTime`, problems) ?? 0 }
}

const tokensProblems = (given: { readonly afterTokens: number } | undefined, at: string): string[] =>
  (isWhole(given?.afterTokens, 1, mostTokens) ? [] : [`${at}.afterTokens: a whole number of at least 1, not ${JSON.stringify(given?.afterTokens)}`])
