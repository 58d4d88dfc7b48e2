// The main job, shown line by line on what a fresh clone builds: `node test/shows/main-job.mjs [line ...] [--times N]`.
// Each line runs the product as a user would, reads what it wrote, says what it saw, and is right or wrong. Slow: about an hour for all of it.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { times: { type: 'string', default: '10' } } })
const times = Number(values.times)
const cli = path.resolve('dist/cli.js')
const scratch = mkdtempSync(path.join(tmpdir(), 'first-token-shows-'))
const seen = { passed: 0, failed: 0 }

function says(what, right, detail) {
  seen[right ? 'passed' : 'failed'] += 1
  console.log(`${right ? 'ok  ' : 'FAIL'} ${what}: ${detail}`)
}

/** Runs the product to its end. `disturb` gets the child's pid while it runs and returns a function that stops the disturbance. */
function firstToken(args, disturb = () => () => {}) {
  const out = mkdtempSync(path.join(scratch, 'run-'))
  return new Promise((resolve) => {
    const from = Date.now()
    const child = spawn(process.execPath, [cli, ...args, '--out', out], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (bytes) => { stdout += bytes })
    child.stderr.on('data', (bytes) => { stderr += bytes })
    const stop = disturb(child.pid)
    child.on('exit', (code, signal) => {
      stop()
      resolve({ code, signal, stdout, stderr, out, seconds: (Date.now() - from) / 1000 })
    })
  })
}

const folderOf = ({ out }) => path.join(out, readdirSync(out).filter((name) => name !== 'doctor')[0] ?? '')
const documentOf = (result) => JSON.parse(readFileSync(path.join(folderOf(result), 'verdict.json'), 'utf8'))
const recordsOf = (result, scenario) => readFileSync(path.join(folderOf(result), scenario, 'run.ndjson'), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
const claimOf = (document, side, metric) => document.runs[0].claims.find((claim) => claim.side === side && claim.metric === metric)
const said = (claim) => `${claim.verdict} ${claim.value === null ? 'none' : claim.value.toFixed(3)} (${claim.low?.toFixed(3)} to ${claim.high?.toFixed(3)})`

function summary(result) {
  if (result.code === null || !existsSync(path.join(folderOf(result), 'verdict.json'))) return { text: `exit ${result.code} ${result.stderr.slice(-300)}`, document: undefined }
  const document = documentOf(result)
  const text = document.runs[0].sides.map(({ name }) => ['stalledShare', 'delayGrowth'].map((metric) => `${name} ${metric} ${said(claimOf(document, name, metric))}`).join(', ')).join('; ')
  return { text: `exit ${result.code}, ${result.seconds.toFixed(0)} s, ${document.verdict}; ${text}`, document }
}

/** `before` fails by both, growth .8 to 1.2; `after` passes, growth below .1. */
function isRight(document) {
  if (document === undefined) return false
  const before = claimOf(document, 'before', 'delayGrowth')
  return document.verdict === 'pass' && before.verdict === 'fail' && before.value > 0.8 && before.value < 1.2
    && claimOf(document, 'before', 'stalledShare').verdict === 'fail' && claimOf(document, 'after', 'delayGrowth').value < 0.1
}

/** A wrong pass or fail: what must never be, however disturbed the machine is. */
const isWrong = (document) => document === undefined || document.verdict === 'fail' || document.verdict === 'warn' || (document.verdict === 'pass' && !isRight(document))

/** The same run many times: at least nine in ten right, none wrong. */
async function often(what, args, disturb, { allowed = () => false, look = () => {} } = {}) {
  const counts = { right: 0, wrong: 0, allowed: 0 }
  for (let count = 1; count <= times; count += 1) {
    const result = await firstToken(args, disturb)
    const { text, document } = summary(result)
    const right = isRight(document)
    if (right) counts.right += 1
    else if (allowed(document)) counts.allowed += 1
    if (isWrong(document)) counts.wrong += 1
    look(result)
    console.log(`     ${what} ${count}: ${right ? 'right' : 'not right'}: ${text}`)
    if (!right) for (const check of document?.runs[0].validity ?? []) if (check.verdict !== 'ok') console.log(`       ${check.name}: ${check.detail}`)
  }
  says(what, counts.wrong === 0 && counts.right + counts.allowed >= Math.ceil(0.9 * times), `${counts.right} of ${times} right, ${counts.allowed} invalid with the number named, ${counts.wrong} wrong`)
}

const burners = () => {
  const children = Array.from({ length: 2 * cpus().length }, () => spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }))
  return () => { for (const child of children) child.kill('SIGKILL') }
}

/** Stops the generator for two seconds, half a minute into the run. */
const stoppedFor = (from, lasts) => (pid) => {
  const timers = [setTimeout(() => process.kill(pid, 'SIGSTOP'), from), setTimeout(() => process.kill(pid, 'SIGCONT'), from + lasts)]
  return () => { for (const timer of timers) clearTimeout(timer) }
}

const pausedEverySecond = (pid) => {
  const timer = setInterval(() => {
    try {
      process.kill(pid, 'SIGSTOP')
      setTimeout(() => process.kill(pid, 'SIGCONT'), 200)
    } catch { /* it has ended */ }
  }, 1000)
  return () => clearInterval(timer)
}

const lines = {
  async idle() {
    await often('npm run scenario concurrent, idle', ['run', 'concurrent'])
  },
  async files() {
    const result = await firstToken(['run', 'concurrent', '--quick'])
    const files = ['run.ndjson', 'verdict.json', 'report.md'].filter((file) => existsSync(path.join(folderOf(result), 'concurrent', file)))
    says('a run leaves run.ndjson, verdict.json and report.md', files.length === 3 && result.code === 0, `${files.join(' ')}, exit ${result.code}, ${result.seconds.toFixed(0)} s`)
    says('--quick takes at most 50 s', result.seconds <= 50, `${result.seconds.toFixed(1)} s`)
  },
  async slots() {
    for (const [slots, scenario] of [[2, 'two-stories'], [3, 'three-stories']]) {
      const one = summary(await firstToken(['run', 'concurrent', '--quick', '--defect', `after:slots=${slots}`]))
      const free = one.document === undefined ? undefined : claimOf(one.document, 'after', 'delayGrowth')
      says(`after:slots=${slots}, one story: growth below .1`, free !== undefined && free.value < 0.1 && free.verdict === 'pass', one.text)
      const all = summary(await firstToken(['run', `test/shows/scenarios/${scenario}.ts`, '--quick', '--defect', `after:slots=${slots}`]))
      const blocked = all.document === undefined ? undefined : claimOf(all.document, 'after', 'delayGrowth')
      says(`after:slots=${slots}, ${slots} stories: growth above .8`, blocked !== undefined && blocked.value > 0.8 && blocked.verdict === 'fail', all.text)
    }
  },
  async hello() {
    const result = await firstToken(['run', 'test/shows/scenarios/longer-hello.ts'])
    const { text, document } = summary(result)
    const plans = recordsOf(result, 'longer-hello').filter((record) => record.type === 'plan')
    const fits = plans.every((plan) => Math.abs(plan.rate - Math.min(80, 250 / plan.serviceTime)) < 0.01)
    const longer = plans.every((plan) => plan.blockers.story > 1300)
    says('hello of 4 tokens × 10 ms: rate .25/S, longer blockers, right verdict', isRight(document) && fits && longer, `${text}; ${plans.map((plan) => `${plan.side} S ${plan.serviceTime.toFixed(1)} ms rate ${plan.rate.toFixed(1)}/s story ${plan.blockers.story} ms`).join(', ')}`)
  },
  async stopped() {
    let repeated = 0
    const look = (result) => { if (recordsOf(result, 'concurrent').some((record) => record.type === 'round' && !record.kept && /stood still/.test(record.spoiltBy))) repeated += 1 }
    await often('SIGSTOP of the generator for 2 s', ['run', 'concurrent'], stoppedFor(40_000, 2_000), { look })
    says('the round in which the generator was stopped is repeated', repeated >= Math.ceil(0.9 * times), `in ${repeated} of ${times} runs`)
  },
  async burners() {
    await often('two CPU burners a core', ['run', 'concurrent'], burners)
  },
  async pauses() {
    await often('pauses of 200 ms every second', ['run', 'concurrent'], pausedEverySecond, { allowed: (document) => document?.verdict === 'invalid' && /\d/.test(document.runs[0].sentence) })
  },
  async lanes() {
    const { text, document } = summary(await firstToken(['run', 'concurrent', '--defect', 'after:lanes=4', '--defect', 'after:slots=1']))
    const stalled = document === undefined ? undefined : claimOf(document, 'after', 'stalledShare')
    says('one of four lanes blocked: stalled share about .25, fails', stalled?.verdict === 'fail' && stalled.value > 0.15 && stalled.value < 0.35, text)
  },
  async constant() {
    const { text, document } = summary(await firstToken(['run', 'concurrent', '--defect', 'after:delayBefore=150']))
    says('+ 150 ms constant: passes', document?.verdict === 'pass', text)
  },
  async buffers() {
    const { text, document } = summary(await firstToken(['run', 'concurrent', '--quick', '--defect', 'after:slots=1', '--defect', 'after:buffers=true']))
    const stalled = document === undefined ? undefined : claimOf(document, 'after', 'stalledShare')
    says('one slot that also buffers: fails', document?.verdict === 'fail' && stalled.verdict === 'fail', text)
  },
  async attribution() {
    const parts = async (args) => {
      const result = await firstToken(['run', ...args, '--quick'])
      const document = documentOf(result)
      const quiet = document.runs[0].attribution.find((row) => row.side === 'after' && row.phase === 'quiet').parts
      const answered = recordsOf(result, document.runs[0].scenario).filter((record) => record.type === 'message')
      const agree = answered.filter((message) => message.tokens === message.upstream?.tokensWritten).length
      says(`token counts equal the journal's (${args.join(' ')})`, agree === answered.length && agree > 300, `${agree} of ${answered.length} messages`)
      return quiet
    }
    const plain = await parts(['concurrent'])
    const injected = { beforeModel: ['concurrent', '--defect', 'after:delayBefore=50'], model: ['test/shows/scenarios/slower-model.ts'], afterModel: ['concurrent', '--defect', 'after:delayAfter=50'] }
    for (const [part, args] of Object.entries(injected)) {
      const changed = await parts(args)
      const moved = Object.fromEntries(['tester', 'beforeModel', 'model', 'afterModel'].map((name) => [name, changed[name].p50 - plain[name].p50]))
      const right = Object.entries(moved).every(([name, by]) => Math.abs(by - (name === part ? 50 : 0)) <= 5)
      says(`+ 50 ms ${part} shows there alone, ± 5 ms`, right, Object.entries(moved).map(([name, by]) => `${name} ${by >= 0 ? '+' : ''}${by.toFixed(1)}`).join(', '))
    }
  },
  async foreign() {
    for (const system of ['litellm', 'open-webui']) {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['test/shows/real/systems.mjs', system, 'run', 'concurrent', '--quick', '--json'], { encoding: 'utf8', maxBuffer: 64e6, timeout: 900_000 })
      let document
      try { document = JSON.parse(stdout) } catch { document = undefined }
      const judged = document?.runs?.[0]?.claims.filter(({ verdict }) => verdict === 'pass' || verdict === 'fail').length
      says(`${system}: one document of the published shape`, document?.schema === 1 && document.runs?.length === 1 && judged > 0, document === undefined ? `exit ${status} ${stderr.slice(-600)}` : `exit ${status}, ${document.verdict}: ${document.runs[0].sentence}`)
    }
  },
  async report() {
    const out = mkdtempSync(path.join(scratch, 'report-'))
    const run = spawnSync(process.execPath, [cli, 'run', 'concurrent', '--quick', '--json', '--out', out], { encoding: 'utf8', maxBuffer: 64e6 })
    const again = () => spawnSync(process.execPath, [cli, 'report', 'latest', '--out', out, '--format', 'json'], { encoding: 'utf8', maxBuffer: 64e6 }).stdout
    const first = again()
    says('report --format json equals what the run printed', run.stdout === first && first.length > 1000, `${first.length} characters`)
    says('judged twice, the same bytes', first === again(), 'compared')
  },
  async killed() {
    const before = sideProcesses()
    const result = await firstToken(['run', 'concurrent', '--quick'], (pid) => {
      const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), 25_000)
      return () => clearTimeout(timer)
    })
    await new Promise((resolve) => { setTimeout(resolve, 1_000) })
    const left = sideProcesses().filter((line) => !before.includes(line))
    const report = spawnSync(process.execPath, [cli, 'report', path.join(folderOf(result), 'concurrent'), '--format', 'json'], { encoding: 'utf8' })
    const document = report.stdout === '' ? undefined : JSON.parse(report.stdout)
    says('kill -9 in the middle: a reportable, interrupted file', result.signal === 'SIGKILL' && document?.runs[0].interrupted === true, `exit ${report.status}, ${document?.runs[0].sentence ?? report.stderr}`)
    says('kill -9 in the middle: no process is left', left.length === 0, left.join('; ') || 'none')
  },
  async lost() {
    const before = sideProcesses()
    const result = await firstToken(['run', 'concurrent', '--quick'], (pid) => {
      const timer = setTimeout(() => {
        const gateway = spawnSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).stdout.split('\n').map((line) => line.trim().split(/\s+/)).find(([, parent, ...args]) => parent === String(pid) && args.join(' ').includes('--profile after'))
        process.kill(Number(gateway?.[0]), 'SIGKILL')
      }, 25_000)
      return () => clearTimeout(timer)
    })
    const left = sideProcesses().filter((line) => !before.includes(line))
    const { text, document } = summary(result)
    says('kill -9 of a gateway in the middle: invalid, exit 4, and says which', result.code === 4 && /gateway after ended unasked/.test(document?.runs[0].sentence ?? ''), `${text}; ${document?.runs[0].sentence}`)
    says('kill -9 of a gateway in the middle: no process is left', left.length === 0, left.join('; ') || 'none')
  },
  async unasked() {
    // A mock that is not behind the target: the control stack's after side has one of its own.
    const stack = spawn(process.execPath, [cli, 'stack', 'up', 'control'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    stack.stdout.on('data', (bytes) => { text += bytes })
    const other = spawn(process.execPath, [cli, 'mock'], { stdio: ['ignore', 'pipe', 'inherit'] })
    let mock = ''
    other.stdout.on('data', (bytes) => { mock += bytes })
    while (!/^after/m.test(text) || !mock.includes('\n')) await new Promise((resolve) => { setTimeout(resolve, 100) })
    const target = /^after +(\S+)/m.exec(text)?.[1]
    const result = await firstToken(['run', 'concurrent', '--quick', '--load', 'full', '--target', `openai=${target}`, '--model', 'mock', '--mock', JSON.parse(mock).url])
    for (const child of [stack, other]) child.kill('SIGTERM')
    says('a mock that is not behind the target is refused', result.code === 2 && /it is not the model behind it/.test(result.stderr), `exit ${result.code} ${result.stderr.trim().split('\n').slice(-2).join(' ')}`)
  },
  async canary() {
    // A gateway that tells in its errors which key it was sent, and in its headers and its list of models too; after 200 good answers, so that the rounds see it.
    let chats = 0
    const canary = 'sk-canary-4711-"that"-nobody\\\\may-see'
    const server = createServer((request, response) => {
      const told = { key: request.headers.authorization, [`${request.headers.authorization}`]: 1 }
      response.setHeader('content-type', 'application/json').setHeader('x-key', encodeURIComponent(canary))
      if (request.method === 'GET') response.end(JSON.stringify({ data: [{ id: 'mock', owned_by: canary }, { id: `mock-${canary}` }] }))
      else if ((chats += 1) > 200) response.writeHead(500).end(JSON.stringify({ error: told }))
      else response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    })
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    process.env.CANARY = canary
    const url = `openai=http://127.0.0.1:${server.address().port}/v1`
    const results = [await firstToken(['run', 'concurrent', '--quick', '--load', 'full', '--target', url, '--api-key-env', 'CANARY']), await firstToken(['run', 'concurrent', '--quick', '--load', 'full', '--target', url, '--model', 'mock', '--api-key-env', 'CANARY'])]
    server.close()
    const written = results.flatMap(({ out, stdout, stderr }) => [stdout, stderr, ...readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))])
    const leaks = written.filter((text) => /canary-4711/.test(text))
    says('a key is in no output, however often the target tells it', results[0].code === 2 && results[1].code === 1 && leaks.length === 0 && written.some((text) => text.includes('[secret]')) && written.length > 5, `exits ${results.map(({ code }) => code).join(' and ')}, ${leaks.length} of ${written.length} texts hold it; ${written.filter((text) => text.includes('[secret]')).length} say [secret] in its place ${leaks[0]?.match(/.{60}canary-4711.{30}/s)?.[0] ?? ''}`)
  },
  async doctor() {
    const result = await firstToken(['doctor', '--self'])
    says('doctor --self: every row right', result.code === 0, result.stdout.trim().split('\n').at(-1))
  },
  async tests() {
    const from = Date.now()
    const { status } = spawnSync('npm', ['test'], { stdio: 'ignore' })
    says('npm test in less than 3 min', status === 0 && Date.now() - from < 180_000, `exit ${status}, ${((Date.now() - from) / 1000).toFixed(0)} s`)
  },
}

function sideProcesses() {
  return spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout.split('\n').filter((line) => /dist\/(mock-llm|control-gateway)\.js/.test(line))
}

const unknown = positionals.filter((name) => !(name in lines))
if (unknown.length > 0) {
  console.error(`There is no line ${unknown.join(', ')}; there are ${Object.keys(lines).join(', ')}.`)
  process.exit(2)
}
spawnSync(process.execPath, ['build.mjs'], { stdio: 'inherit' })
for (const name of positionals.length > 0 ? positionals : Object.keys(lines)) {
  try {
    await lines[name]()
  } catch (error) {
    says(name, false, error.stack)
  }
}
rmSync(scratch, { recursive: true, force: true })
console.log(`${seen.passed} passed, ${seen.failed} failed`)
process.exit(seen.failed > 0 || seen.passed === 0 ? 1 : 0)
