import { z } from 'zod'
import type { ScenarioSpec } from '../scenario/spec.ts'

export const setting = z.union([z.string(), z.number(), z.boolean()])

const bounds = z.object({ pass: z.number(), fail: z.number(), atLeast: z.literal(true).exactOptional() })
const labels = z.array(z.string()).readonly()
const statistic = z.enum(['p50', 'p90', 'p95', 'p99'])
const inMilliseconds = { unit: z.literal('ms'), bounds }

const claimSpec = z.discriminatedUnion('measure', [
  z.object({ measure: z.enum(['firstVisible', 'addedToFirstToken', 'e2e', 'connectionCost']), message: z.string(), during: labels, statistic, ...inMilliseconds }),
  z.object({ measure: z.literal('coalescedShare'), message: z.string(), during: labels, statistic, unit: z.literal('share'), bounds }),
  z.object({ measure: z.literal('stalledShare'), message: z.string(), during: labels, quiet: z.string(), unit: z.literal('share'), bounds }),
  z.object({ measure: z.literal('delayGrowth'), message: z.string(), from: z.string(), to: z.string(), unit: z.literal('ratio'), bounds }),
  z.object({ measure: z.enum(['healthTime', 'databaseTime']), during: labels.exactOptional(), statistic, ...inMilliseconds }),
  z.object({
    measure: z.enum(['lostTokens', 'foreignTokens', 'reorderedTokens', 'duplicatedTokens', 'wrongErrors', 'wholeAnswers', 'deliveredShare', 'sourcesShown']),
    messages: labels.exactOptional(), unit: z.enum(['count', 'share']), bounds,
  }),
  z.object({ measure: z.enum(['timeToError', 'timeToCancel']), messages: labels, ...inMilliseconds }),
  z.object({ measure: z.literal('overhead'), of: z.enum(['first token', 'gap']), message: z.string(), through: z.string(), direct: z.string(), statistic: z.enum(['p50', 'p95']), ...inMilliseconds }),
  z.object({ measure: z.literal('effectiveConcurrency'), message: z.string(), during: z.string(), unit: z.literal('count'), bounds }),
  z.object({ measure: z.literal('requestsPerSocket'), unit: z.literal('ratio'), bounds }),
])

const faultKind = z.enum(['silence', 'heartbeat', 'reset', 'close', 'garbage', 'error'])
const faultSpec = z.union([
  z.object({ kind: z.literal('status'), status: z.number() }),
  z.object({ kind: z.literal('hang') }),
  z.object({ kind: faultKind, before: z.enum(['headers', 'first token']) }),
  z.object({ kind: faultKind, afterTokens: z.number() }),
  z.object({ kind: z.literal('offline'), before: z.literal('send') }),
  z.object({ kind: z.literal('offline'), afterTokens: z.number() }),
])

const messageSpec = z.object({
  text: z.string(),
  search: z.literal(true).exactOptional(),
  fault: faultSpec.exactOptional(),
  leave: z.object({ afterTokens: z.number(), afterTime: z.number().exactOptional(), from: z.literal('another page').exactOptional() }).exactOptional(),
  loses: z.object({ afterTokens: z.number(), forTime: z.number() }).exactOptional(),
  background: z.literal(true).exactOptional(),
  mock: z.object({
    tokens: z.number().exactOptional(),
    lasts: z.number().exactOptional(),
    firstTokenAfter: z.number(),
    gap: z.number(),
    search: z.object({ takes: z.number(), pages: z.number(), pageBytes: z.number() }).exactOptional(),
  }),
})

const phaseSpec = z.union([
  z.object({ say: z.string(), while: z.object({ say: z.string(), copies: z.number() }).exactOptional(), as: z.enum(['same chat', 'other tab', 'other user']).exactOptional() }),
  z.object({ together: labels, copies: z.array(z.number()).readonly(), repeat: z.number(), via: z.literal('model').exactOptional(), idleBefore: z.number().exactOptional() }),
])

/** A scenario that comes from outside, as JSON: a run file's header, or what a scenario file exports. */
export const scenarioSpec = z.object({
  name: z.string(),
  question: z.string(),
  gate: z.boolean(),
  needs: z.array(z.string()).readonly(),
  messages: z.record(z.string(), messageSpec),
  phases: z.record(z.string(), phaseSpec),
  observe: z.object({ health: z.number().exactOptional(), database: z.number().exactOptional(), model: z.number().exactOptional() }).exactOptional(),
  params: z.record(z.string(), z.number()).exactOptional(),
  claims: z.record(z.string(), claimSpec),
  ownBounds: labels.exactOptional(),
  provedBy: z.record(z.string(), z.record(z.string(), setting)),
}) satisfies z.ZodType<ScenarioSpec>
