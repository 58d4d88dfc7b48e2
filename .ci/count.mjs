// Reads vitest's JSON report and fails where too few tests ran; the skipped ones are named. Usage: node .ci/count.mjs REPORT [real|compose]
import { readFileSync } from 'node:fs'

/** By suite; raised now and then, when tests are added. Far below it, some have gone missing. Of the real systems only what passed counts: a skip is no proof. */
const least = { all: { tests: 2_100, files: 148 }, real: { tests: 25, files: 4 }, compose: { tests: 11, files: 1 } }
const suite = process.argv[3] ?? 'all'
const { tests: leastTests, files: leastFiles } = least[suite]

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { numTotalTests, numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = report
const problems = []
const counted = suite === 'real' ? numPassedTests : numTotalTests
if (!(counted >= leastTests)) problems.push(`${counted} tests ${suite === 'real' ? 'passed' : 'ran'}, fewer than ${leastTests}`)
if (!(testResults.length >= leastFiles)) problems.push(`${testResults.length} test files ran, fewer than ${leastFiles}`)
if (numPassedTests === 0) problems.push('none passed')
if (numFailedTests !== 0) problems.push(`${numFailedTests} failed`)
if (numPassedTests + numFailedTests + numPendingTests + numTodoTests !== numTotalTests) problems.push('the counts do not add up')
for (const { name, assertionResults } of testResults) if (assertionResults.length === 0) problems.push(`${name} holds no test`)
const skipped = testResults.flatMap(({ assertionResults }) => assertionResults.filter(({ status }) => status === 'pending' || status === 'skipped' || status === 'todo').map(({ fullName }) => fullName))
console.log(`tests: ${numPassedTests} passed, ${numFailedTests} failed, ${skipped.length} skipped in ${testResults.length} files`)
for (const name of skipped) console.log(`  skipped: ${name}`)
for (const problem of problems) console.error(`tests: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
