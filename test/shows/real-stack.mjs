// The real stack, shown line by line on what a fresh clone builds: `node test/shows/real-stack.mjs [line ...]`. Slow: about an hour and a half for all of it.
// Each line starts a real Open WebUI, or a real Ollama, through the product, reads what the run wrote, says what it saw, and is right or wrong.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { brief, claimOf, cli, documentOf, firstToken, judgedWrong, newestFolder, says, scratch, showLines } from './product.mjs'

const told = (claim) => (claim === undefined ? 'no such claim' : `${claim.side} ${claim.verdict}: ${claim.reason}`)
const sayOf = (document, sides, metric) => sides.map((side) => told(claimOf(document, side, metric))).join('; ')
const statementOf = (document, scenario) => document.statements.find((one) => one.scenario === scenario)
const verdictOf = (document, side, metric) => claimOf(document, side, metric)?.verdict
const isBelow = (claim, limit) => claim?.value !== null && claim?.value !== undefined && claim.value < limit

/** What is left of the stacks that the product starts: their processes, whoever is their parent now. */
function processesLeft() {
  return spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout.split('\n').filter((line) => /open-webui serve|redis-server|ollama (serve|runner)|mock-llm\.js|--headless/.test(line))
}

const seconds = (count) => new Promise((resolve) => { setTimeout(resolve, count * 1000) })

/** Until the run says that it measures the real stack, and no more the shipped one that is measured first; at most so long. */
async function untilMeasuring(child, limit) {
  let text = ''
  child.stderr.on('data', (bytes) => { text += bytes })
  for (let waited = 0; waited < limit && !/warming up recommended/.test(text); waited += 1) await seconds(1)
  return text
}

const lines = {
  async concurrent() {
    const result = await firstToken(['run', 'concurrent', '--stack', 'open-webui'])
    const document = documentOf(result)
    const sides = document.runs[0]?.sides.map(({ name }) => name) ?? []
    says('concurrent --stack open-webui: three columns', sides.join(' ') === 'before after recommended', `${sides.join(' ')}, exit ${result.code}, ${result.seconds.toFixed(0)} s`)
    says('one worker does not make hello wait for a story', verdictOf(document, 'before', 'stalledShare') === 'pass', sayOf(document, sides, 'stalledShare'))
    const statement = statementOf(document, 'concurrent')
    says("the operators' statement is not supported", statement?.finding === 'not supported' && /%/.test(statement.evidence), JSON.stringify(statement))
    if (document.runs.length === 0) console.log(result.stderr.slice(-1500))
  },

  async slots() {
    const result = await firstToken(['run', 'concurrent', '--quick', '--stack', 'open-webui', '--profiles', 'before,recommended', '--defect', 'mock:slots=1'])
    const document = documentOf(result)
    says('the same with the mock at slots: 1: hello waits', result.code === 1 && ['before', 'recommended'].every((side) => verdictOf(document, side, 'stalledShare') === 'fail'), `exit ${result.code}, ${result.seconds.toFixed(0)} s; ${sayOf(document, ['before', 'recommended'], 'stalledShare')}`)
    // A sentence of the report may go over several lines.
    const blamed = result.stdout.replaceAll(/\s+/g, ' ').match(/before: [\d,]+ stalled.*? had ended\./)?.[0]
    says('and the report names the queue of the model', blamed?.includes('all in the model. The model queues') === true, blamed ?? 'no queue is named')
  },

  async websearch() {
    const result = await firstToken(['run', 'web-search', '--stack', 'open-webui', '--profiles', 'before,recommended'])
    const document = documentOf(result)
    says('heavy pages: hello and /health stall on one worker', ['stalledShare', 'healthTime'].every((metric) => verdictOf(document, 'before', metric) === 'fail'), `exit ${result.code}, ${result.seconds.toFixed(0)} s; ${sayOf(document, ['before'], 'stalledShare')}; ${sayOf(document, ['before'], 'healthTime')}`)
    says('what share stalls with four', claimOf(document, 'recommended', 'stalledShare')?.value !== undefined, sayOf(document, ['recommended'], 'stalledShare'))
    // A sentence of the report may go over several lines.
    const blamed = result.stdout.replaceAll(/\s+/g, ' ').match(/Meanwhile [^.]*\./g) ?? []
    says('it is the event loop', blamed[0]?.includes('the event loop stood still') === true, blamed.join(' '))
    says('with four it is not ruled out', !blamed.slice(1).join(' ').includes('it is not the event loop'), blamed.slice(1).join(' '))
  },

  async nosearch() {
    const result = await firstToken(['run', 'web-search', '--quick', '--stack', 'open-webui', '--profiles', 'recommended', '--set-env', 'ENABLE_WEB_SEARCH=False'])
    const document = documentOf(result)
    says('a search that silently did not happen is not a pass', result.code === 1 && verdictOf(document, 'recommended', 'sourcesShown') === 'fail', `exit ${result.code}; ${sayOf(document, ['recommended'], 'sourcesShown')}`)
  },

  async ollama() {
    const result = await firstToken(['run', 'concurrent', '--stack', 'ollama'])
    const document = documentOf(result)
    const growth = (side) => claimOf(document, side, 'delayGrowth')
    says('concurrent --stack ollama: before fails, growth above .8', growth('before')?.verdict === 'fail' && growth('before').value > 0.8, `exit ${result.code}, ${result.seconds.toFixed(0)} s; ${told(growth('before'))}`)
    says('after: growth below .1', isBelow(growth('after'), 0.1), told(growth('after')))
    const cost = document.runs[0]?.comparisons.find(({ metric }) => metric === 'blockerTpot')
    const isPrinted = result.stdout.replaceAll(/\s+/g, ' ').includes('time per token of a story')
    says('what four slots cost each answer is printed', isPrinted && cost?.before > 0 && cost.after > 0, `${cost?.before?.toFixed(2)} → ${cost?.after?.toFixed(2)} ms a token (${(cost?.low * 100).toFixed(0)} to ${(cost?.high * 100).toFixed(0)} %)`)
    says('at most 6 minutes', result.seconds <= 360, `${result.seconds.toFixed(0)} s`)
    const others = await firstToken(['run', 'simple-chat', 'capacity', '--quick', '--stack', 'ollama'])
    const both = documentOf(others)
    says('simple-chat capacity --stack ollama', both.runs.length === 2 && [0, 1, 3].includes(others.code), `exit ${others.code}, ${others.seconds.toFixed(0)} s; ${both.runs.map((run) => `${run.scenario} ${run.verdict}: ${run.sentence}`).join('; ')} ${both.runs.length === 2 ? '' : others.stderr.slice(-800)}`)
  },

  async multiworker() {
    const result = await firstToken(['run', 'multi-worker', '--stack', 'open-webui', '--profiles', 'after,recommended'])
    const document = documentOf(result)
    says('four workers without Redis: fails with the share of chats that got no tokens', result.code === 1 && verdictOf(document, 'after', 'deliveredShare') === 'fail', `exit ${result.code}, ${result.seconds.toFixed(0)} s; ${sayOf(document, ['after'], 'deliveredShare')}`)
    says('recommended passes', document.runs[0]?.claims.filter(({ side }) => side === 'recommended').every(({ verdict }) => verdict === 'pass' || verdict === 'skipped') ?? false, brief((document.runs[0]?.claims ?? []).filter(({ side }) => side === 'recommended')))
  },

  async longstory() {
    const result = await firstToken(['run', 'long-story', 'disconnect', '--stack', 'open-webui', '--quick'])
    const document = documentOf(result)
    says('after cuts the long story', verdictOf(document, 'after', 'wholeAnswers') === 'fail', `exit ${result.code}, ${result.seconds.toFixed(0)} s; ${sayOf(document, ['after'], 'wholeAnswers')}`)
    const wrong = judgedWrong(document).filter(({ side }) => side === 'recommended')
    says('recommended passes both', document.runs.length === 2 && wrong.length === 0, brief(wrong) || sayOf(document, ['recommended'], 'timeToError'))
    says('before lets people wait', verdictOf(document, 'before', 'timeToError') === 'fail', sayOf(document, ['before'], 'timeToError'))
  },

  async browser() {
    const result = await firstToken(['run', 'simple-chat', 'disconnect', 'offline', '--quick', '--via', 'browser', '--stack', 'open-webui', '--profiles', 'recommended'])
    const document = documentOf(result)
    says('a painted first token', ['pass', 'warn', 'fail'].includes(verdictOf(document, 'recommended', 'firstVisible')), `exit ${result.code}, ${result.seconds.toFixed(0)} s; ${sayOf(document, ['recommended'], 'firstVisible')}`)
    const offline = document.runs.find(({ scenario }) => scenario === 'offline')
    says('offline before and in mid-answer: is an error seen, and when', offline?.claims.filter(({ metric }) => metric === 'timeToError').length === 2, (offline?.claims ?? []).map(told).join('; '))
    const pictures = existsSync(result.out) ? readdirSync(result.out, { recursive: true }).filter((name) => String(name).endsWith('.png')) : []
    says('there are pictures of what failed', pictures.length > 0, pictures.slice(0, 5).join(', '))
    if (document.runs.length === 0) console.log(result.stderr.slice(-1500))
  },

  async start() {
    for (const [profile, limit] of [['before', 30], ['after', 90]]) {
      for (const time of [1, 2]) {
        const from = Date.now()
        const child = spawn(process.execPath, [cli, 'stack', 'up', 'open-webui', '--profiles', profile], { stdio: ['ignore', 'pipe', 'pipe'] })
        let text = ''
        child.stdout.on('data', (bytes) => { text += bytes })
        while (!/http:\/\/\S+:\d+/.test(text) && child.exitCode === null && Date.now() - from < 240_000) await seconds(0.2)
        const took = (Date.now() - from) / 1000
        const ended = new Promise((resolve) => { child.once('exit', resolve) })
        if (child.exitCode === null) child.kill('SIGINT')
        await ended
        if (time === 2) says(`second start of ${profile}: less than ${limit} s`, /http:/.test(text) && took < limit, `${took.toFixed(1)} s`)
      }
    }
    says('nothing is left', processesLeft().length === 0, processesLeft().join('; ') || 'no process')
  },

  async ended() {
    for (const signal of ['SIGINT', 'SIGKILL']) {
      const before = processesLeft()
      const out = mkdtempSync(path.join(scratch, 'killed-'))
      const result = await firstToken(['run', 'concurrent', '--quick', '--stack', 'open-webui', '--profiles', 'recommended'], {
        out, onStart: (child) => void untilMeasuring(child, 150).then(() => seconds(5)).then(() => child.kill(signal)),
      })
      await seconds(signal === 'SIGKILL' ? 15 : 1)
      const down = spawnSync(process.execPath, [cli, 'stack', 'down'], { encoding: 'utf8' })
      const left = processesLeft().filter((line) => !before.includes(line))
      says(`${signal} in the middle: stack down leaves nothing`, down.status === 0 && left.length === 0, `exit ${result.code}; stack down: exit ${down.status} ${down.stdout.trim()} ${down.stderr.trim()}; ${left.join('; ') || 'no process'}`)
      const file = path.join(newestFolder({ out }), 'concurrent', 'run.ndjson')
      says(`${signal} in the middle: the run file is readable`, existsSync(file) && readFileSync(file, 'utf8').split('\n').slice(0, -1).every((line) => JSON.parse(line) !== undefined), file.slice(out.length))
    }
  },

  async port() {
    const taken = createServer()
    await new Promise((resolve) => { taken.listen(0, '127.0.0.1', resolve) })
    const { port } = taken.address()
    const { status, stderr } = spawnSync(process.execPath, [cli, 'stack', 'up', 'open-webui', '--profiles', 'before', '--port', String(port)], { encoding: 'utf8' })
    taken.close()
    says('a port that is taken: said, exit 2, nothing left', status === 2 && stderr.includes(String(port)) && processesLeft().length === 0, `exit ${status} ${stderr.trim()}; ${processesLeft().join('; ') || 'no process'}`)
  },
}

await showLines(lines)
