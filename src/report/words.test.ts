import { expect, test } from 'vitest'
import type { ClaimResult } from '../verdict/document.ts'
import { evidenceInShort, measureInWords } from './words.ts'

test.each([
  ['addedToFirstToken', 'p95', 'added to the first token, p95'],
  ['e2e', 'p95', 'time to the whole answer, p95'],
  ['connectionCost', 'p95', 'cost of new connections to the model, p95'],
  ['coalescedShare', 'p95', 'share of an answer in bursts, p95'],
  ['healthTime', 'max', 'time of /health, max'],
  ['requestsPerSocket', 'mean', 'requests per new connection to the model'],
  ['requestsPerSocket', 'at least', 'requests per new connection to the model, at least'],
  ['overhead', 'first token p95', "added to the model's own first token, p95"],
  ['overhead', 'gap p50', "added to the model's own gap, p50"],
])('%s, %s: %s', (metric, statistic, words) => {
  expect(measureInWords(metric, statistic)).toBe(words)
})

const claim = (parts: Partial<ClaimResult>): ClaimResult => ({
  id: 'after/x', claim: 'x', side: 'after', role: 'judged', metric: 'e2e', statistic: 'p95', value: 12, low: 10, high: 15, measurementError: 0, unit: 'ms', bounds: { pass: 50, fail: 50 }, n: 96,
  censored: 0, verdict: 'pass', reason: '', formula: '', ...parts,
})

test.each([
  [claim({}), 'p95 12 ms (10…15 ms) in 96 messages'],
  [claim({ metric: 'healthTime' }), 'p95 12 ms (10…15 ms) in 96 looks'],
  [claim({ metric: 'overhead', statistic: 'first token p50', n: 6 }), 'first token p50 12 ms (10…15 ms) in 6 rounds'],
  [claim({ metric: 'requestsPerSocket', unit: 'ratio', value: 4, low: 4, high: 4 }), '4.00 in 96 requests'],
])('evidence counts what it is about: %o', (one, words) => {
  expect(evidenceInShort(one)).toBe(words)
})
