// Every scenario and target, shown line by line on what a fresh clone builds: `node test/shows/every-scenario.mjs [line ...]`.
// Each line runs the product as a user would, reads what it wrote, says what it saw, and is right or wrong. Slow: about an hour and a half for all of it.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import path from 'node:path'
import { brief, claimOf, claims, documentOf, firstToken, judgedWrong, recordsOf, root, says, scratch, showLines } from './product.mjs'

/** A mock and a control gateway on fixed ports, so that a gateway can be replaced by another at the same address. */
class Deployment {
  static async start(mockArgs = []) {
    const one = new Deployment()
    one.mock = await one.spawned('mock-llm.js', mockArgs)
    return one
  }

  async spawned(file, args) {
    const child = spawn(process.execPath, [path.join(root, 'dist', file), ...args, '--exit-with-parent'], { stdio: ['pipe', 'pipe', 'inherit'] })
    const url = await new Promise((resolve) => { child.stdout.once('data', (line) => resolve(JSON.parse(String(line)).url)) })
    return { child, url, stop: () => new Promise((resolve) => { child.once('exit', resolve); child.kill() }) }
  }

  async gateway(profile, sets = [], port = 0) {
    await this.gatewayProcess?.stop()
    this.gatewayProcess = await this.spawned('control-gateway.js', ['--upstream', `${this.mock.url}/v1`, '--profile', profile, '--port', String(port), ...sets.flatMap((set) => ['--set', set])])
    return this.gatewayProcess.url
  }

  async down() {
    await this.gatewayProcess?.stop()
    await this.mock.stop()
  }

  get = async (place) => (await fetch(`${this.mock.url}${place}`)).json()
  set = async (settings) => { await fetch(`${this.mock.url}/mock/settings`, { method: 'PATCH', body: JSON.stringify(settings) }) }
}

/** A little server that changes sides when it is asked to, and the script that asks it: what an operator's own switch.sh would do with docker compose. */
async function switchable(deployment, onSwitch = async () => {}) {
  const port = Number(new URL(await deployment.gateway('before')).port)
  const control = createServer(async (request, response) => {
    const side = new URL(request.url, 'http://x').searchParams.get('side')
    await deployment.gateway(side, [], port)
    await onSwitch(side)
    response.end('done\n')
  })
  await new Promise((resolve) => { control.listen(0, '127.0.0.1', resolve) })
  const file = path.join(mkdtempSync(path.join(scratch, 'switch-')), 'switch.sh')
  writeFileSync(file, `#!/bin/sh\nexec node -e 'fetch("http://127.0.0.1:${control.address().port}/?side=" + process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1))' "$1"\n`)
  chmodSync(file, 0o755)
  return { command: `${file} {side}`, url: `http://127.0.0.1:${port}`, close: () => control.close() }
}

const lines = {
  async all() {
    const result = await firstToken(['run', 'all', '--quick'])
    const document = documentOf(result)
    const bounds = claims(document).map(({ bounds: { pass, fail } }) => `${pass}/${fail}`)
    const operators = ['1000/3000', '5000/10000', '0.02/0.02', '4000/7000', '4/4', '1000/1000']
    says('run all --quick: seven scenarios, exit 0, at most 6 min', result.code === 0 && document.runs.length === 7 && result.seconds <= 360, `exit ${result.code}, ${document.runs.length} scenarios, ${result.seconds.toFixed(0)} s ${brief(judgedWrong(document))}`)
    says("every operators' bound is in the table", operators.every((bound) => bounds.includes(bound)), operators.map((bound) => `${bound}${bounds.includes(bound) ? '' : ' missing'}`).join(' '))
    if (result.code !== 0) console.log(result.stderr.slice(-2000))
  },

  async doctor() {
    for (const time of [1, 2]) {
      const result = await firstToken(['doctor', '--self', '--json'])
      const rows = result.code === 70 ? [] : JSON.parse(result.stdout || '{"rows":[]}').rows
      const wrong = rows.filter((row) => !row.right)
      says(`doctor --self, time ${time}: every row right`, result.code === 0 && rows.length > 40, `${rows.length - wrong.length} of ${rows.length} rows, ${result.seconds.toFixed(0)} s ${wrong.map((row) => `${row.scenario} ${row.defect}: ${row.wrong.join(', ')}`).join('; ')}`)
    }
  },

  async switch() {
    const deployment = await Deployment.start()
    const sides = await switchable(deployment)
    const result = await firstToken(['run', 'concurrent', '--quick', '--target', `openai=${sides.url}/v1`, '--mock', deployment.mock.url, '--model', 'mock', '--switch', sides.command, '--load', 'full', '--yes'])
    const document = documentOf(result)
    const [before, after] = ['before', 'after'].map((side) => claims(document).filter((claim) => claim.side === side))
    const isRight = before?.some(({ metric, verdict }) => metric === 'stalledShare' && verdict === 'fail') && after?.length > 0 && after.every(({ verdict }) => verdict === 'pass')
    says('the control stack through --switch: same verdicts', result.code === 0 && isRight, `exit ${result.code}, ${result.seconds.toFixed(0)} s, before: ${before?.map(({ verdict }) => verdict).join(' ')}, after: ${after?.map(({ verdict }) => verdict).join(' ')} ${result.code === 0 ? '' : result.stderr.slice(-500)}`)
    await deployment.down()
    sides.close()
  },

  async drift() {
    const deployment = await Deployment.start()
    // The model gets 30 % slower with every visit of after: nothing that the change did.
    const sides = await switchable(deployment, (side) => deployment.set({ firstTokenDelay: side === 'after' ? 90 : 0 }))
    const scenario = path.join(root, 'test/shows/scenarios/steady-model.ts')
    const result = await firstToken(['run', scenario, '--quick', '--target', `openai=${sides.url}/v1`, '--mock', deployment.mock.url, '--model', 'mock', '--switch', sides.command, '--load', 'full', '--yes'])
    const document = documentOf(result)
    const rows = document.runs.flatMap((run) => run.comparisons).filter(({ metric }) => metric.startsWith('ttft'))
    says('+ 30 % in the model between visits reads ~', rows.length > 0 && rows.every(({ verdict }) => verdict === 'unjudged'), rows.map(({ metric, statistic, verdict, reason }) => `${metric} ${statistic} ${verdict} (${reason})`).join('; ') || result.stderr.slice(-500))
    const before = claimOf(document, 'before', 'stalledShare')
    says('and the defect of the gateway is still found', before?.verdict === 'fail', `before ${before?.verdict} ${before?.value}`)
    await deployment.down()
    sides.close()
  },

  async gentle() {
    const deployment = await Deployment.start()
    for (const { profile, expected } of [{ profile: 'before', expected: 1 }, { profile: 'after', expected: 0 }]) {
      const url = await deployment.gateway(profile)
      const from = (await deployment.get('/mock/journal?after=999999999999')).next
      const result = await firstToken(['run', 'concurrent', '--target', `openai=${url}/v1`, '--model', 'mock', '--mock', deployment.mock.url, '--label', profile, '--yes'])
      const calls = (await deployment.get(`/mock/journal?after=${from}`)).entries.filter(({ socket, kind, model }) => kind === 'chat' && model === 'mock' && socket > 0)
      const own = recordsOf(result, 'concurrent').filter(({ type }) => type === 'message').map(({ id }) => id)
      const said = calls.filter(({ id }) => own.includes(id) || id === null).sort((one, other) => one.receivedAt - other.receivedAt)
      const closest = Math.min(...said.slice(1).map(({ receivedAt }, index) => receivedAt - said[index].receivedAt))
      const claim = claimOf(documentOf(result), profile, 'stalledShare')
      says(`gentle, ${profile}: at most 31 calls, at most one a second`, said.length <= 31 && said.length > 20 && closest >= 950, `${said.length} calls, closest two ${closest.toFixed(0)} ms apart`)
      says(`gentle, ${profile}: exit ${expected}`, result.code === expected && claim?.verdict === (expected === 0 ? 'pass' : 'fail'), `exit ${result.code}, ${result.seconds.toFixed(0)} s, ${claim?.verdict}: ${claim?.reason} ${result.code === expected ? '' : result.stderr.slice(-500)}`)
    }
    await deployment.down()
  },

  async tail() {
    const result = await firstToken(['run', 'simple-chat', '--defect', 'after:tailEvery=10', '--defect', 'after:tailDelay=3000'])
    const claim = claimOf(documentOf(result), 'after', 'firstVisible')
    const [, low, high] = /\(([\d.]+) % to ([\d.]+) %/.exec(claim?.reason ?? '') ?? []
    says("each tenth hello 3 s late: the found share's interval covers 10 %", Number(low) <= 10 && Number(high) >= 10 && claim.verdict === 'fail', `${claim?.verdict}: ${claim?.reason}`)
  },

  async cancel() {
    const deployment = await Deployment.start()
    const url = await deployment.gateway('after')
    const result = await firstToken(['run', 'disconnect', '--quick', '--target', `openai=${url}/v1`, '--model', 'mock', '--mock', deployment.mock.url, '--set', 'errorWithin=2s', '--load', 'full', '--yes'])
    const left = recordsOf(result, 'disconnect').filter(({ type, phase }) => type === 'message' && phase === 'leaving')
    const journal = new Map((await deployment.get('/mock/journal?after=0')).entries.map((entry) => [entry.id, entry]))
    // Both clocks are CLOCK_MONOTONIC: their difference is the same for every message, and is taken from when each was received.
    const ours = left.map(({ id, endedAt, upstream }) => ({ told: upstream.clientGoneAt - endedAt, theirs: journal.get(id).clientGoneAt - journal.get(id).receivedAt - (endedAt - upstream.receivedAt) }))
    const worst = Math.max(...ours.map(({ told, theirs }) => Math.abs(told - theirs)))
    const claim = claimOf(documentOf(result), 'target', 'timeToCancel')
    says("an aborted answer: time to cancel equals the journal's ± 5 ms", left.length >= 4 && worst <= 5, `${left.length} left, apart by at most ${worst.toFixed(2)} ms; ${claim?.verdict}: ${claim?.reason}`)
    await deployment.down()
  },

  async slow() {
    const deployment = await Deployment.start()
    await deployment.set({ firstTokenDelay: 8_000 })
    for (const { profile, code } of [{ profile: 'after', code: [0, 3] }, { profile: 'before', code: [1, 3] }]) {
      const url = await deployment.gateway(profile, ['upstreamTimeout=none'])
      const result = await firstToken(['run', 'concurrent', '--target', `openai=${url}/v1`, '--model', 'mock', '--mock', deployment.mock.url, '--label', profile, '--yes'])
      const claim = claimOf(documentOf(result), profile, 'stalledShare')
      const announced = result.stderr.indexOf('about ')
      const first = result.stderr.search(/round 1 of|quiet|pair/)
      says(`first token after 8 s, ${profile}: no false ${profile === 'after' ? 'stall' : 'pass'}`, claim !== undefined && (profile === 'after' ? claim.verdict !== 'fail' : claim.verdict !== 'pass'), `exit ${result.code}, ${result.seconds.toFixed(0)} s, ${claim?.verdict}: ${claim?.reason}`)
      says('plan and duration come first', announced >= 0 && (first === -1 || announced < first), result.stderr.split('\n').find((line) => line.includes('about '))?.slice(0, 200) ?? result.stderr.slice(0, 300))
      if (!code.includes(result.code)) console.log(`     (exit ${result.code})`)
    }
    await deployment.down()
  },

  async breaker() {
    const deployment = await Deployment.start()
    const upstream = new URL(await deployment.gateway('after'))
    let chats = 0
    const proxy = createServer((request, response) => {
      if (request.method === 'POST') chats += 1
      if (chats > 12 && request.method === 'POST') return void response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"overloaded"}}')
      const forward = httpRequest({ host: upstream.hostname, port: upstream.port, path: request.url, method: request.method, headers: request.headers }, (answer) => { response.writeHead(answer.statusCode, answer.headers); answer.pipe(response) })
      request.pipe(forward)
      response.on('close', () => forward.destroy())
    })
    await new Promise((resolve) => { proxy.listen(0, '127.0.0.1', resolve) })
    const result = await firstToken(['run', 'concurrent', '--target', `openai=http://127.0.0.1:${proxy.address().port}/v1`, '--model', 'mock', '--mock', deployment.mock.url, '--yes'])
    const document = documentOf(result)
    const after = chats - 12
    says('a target that turns 503 in the middle: stop, exit 4, judged so far', result.code === 4 && after <= 3 && /503/.test(document.runs[0]?.sentence ?? ''), `exit ${result.code}, ${after} messages after it began, "${document.runs[0]?.sentence ?? result.stderr.slice(-300)}"`)
    proxy.close()
    await deployment.down()
  },

  async foreign() {
    realSystem('litellm', 'all', ['--set', 'errorWithin=8s', '--quick', '--load', 'full', '--yes'], { scenarios: 6 })
    // One worker tells fifty streams one after another: measured here with a client of another make, too.
    realSystem('litellm', 'overhead', ['--quick', '--load', 'full', '--yes'], { scenarios: 1, fails: ['some streams: first token, median', 'some streams: first token, p95', 'many streams: first token, median', 'many streams: first token, p95'], mayFail: ['some streams: gaps, p95'] })
  },

  async openwebui() {
    realSystem('open-webui', 'all', ['--auth', 'token', '--set', 'errorWithin=8s', '--quick', '--load', 'full', '--yes'], { scenarios: 7 })
    for (const auth of ['key', 'password']) realSystem('open-webui', 'simple-chat', ['--auth', auth, '--quick', '--load', 'full', '--yes'], { scenarios: 1 })
    realSystem('open-webui', 'concurrent', ['--load', 'gentle', '--yes'], { scenarios: 1 })
  },
}

/** `fails`: the claims that this system is known to fail. Undecided is not wrong, on a machine that others use too; not trustworthy is. */
function realSystem(name, scenario, flags, { scenarios, fails = [], mayFail = [] }) {
  const out = mkdtempSync(path.join(scratch, `${name}-`))
  const result = spawnSync(process.execPath, [path.join(root, 'test/shows/real/systems.mjs'), name, 'run', scenario, ...flags, '--out', out], { encoding: 'utf8', maxBuffer: 64e6 })
  const document = documentOf({ out, code: result.status, stderr: result.stderr })
  const failed = claims(document).filter(({ verdict }) => verdict === 'fail').map(({ claim }) => claim)
  const isAsKnown = fails.every((claim) => failed.includes(claim)) && failed.every((claim) => [...fails, ...mayFail].includes(claim)) && claims(document).every(({ verdict }) => verdict !== 'invalid')
  says(`${name} ${scenario} ${flags.join(' ')}`, [0, 1, 3].includes(result.status) && document.runs.length === scenarios && isAsKnown, `exit ${result.status}, ${document.runs.map((run) => `${run.scenario} ${run.verdict}`).join(', ')}; left out: ${(document.leftOut ?? []).map((one) => one.scenario).join(', ') || 'none'}`)
  for (const run of document.runs) console.log(`       ${run.scenario}: ${run.sentence}`)
  for (const { claim, verdict, reason } of judgedWrong(document)) console.log(`       ${verdict} ${claim}: ${reason}`)
  if (document.runs.length === 0) console.log(result.stderr.slice(-1500))
}

await showLines(lines)
