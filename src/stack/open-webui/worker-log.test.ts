import { expect, test } from 'vitest'
import { startLog } from './worker-log.ts'

const started = (pid: number): string => `INFO:     Started server process [${pid}]\nINFO:     Waiting for application startup.\n`
const ready = '2026-01-01 10:00:00.000 | INFO     | open_webui.utils.automations:scheduler_worker_loop:80 - Scheduler worker started (timer poll interval: 1s, scheduler poll interval: 10s)\n'

test('one worker', () => {
  expect(startLog('')).toEqual({ workers: [], ready: 0, pool: undefined, portTaken: false })
  expect(startLog(started(17))).toMatchObject({ workers: [17], ready: 0 })
  expect(startLog(started(17) + ready)).toMatchObject({ workers: [17], ready: 1 })
})

test('several workers are counted each, whichever is ready first; older words are understood', () => {
  const parent = 'INFO:     Uvicorn running on http://127.0.0.1:3000 (Press CTRL+C to quit)\nINFO:     Started parent process [9]\n'
  expect(startLog(parent + started(11) + started(12) + ready + started(13) + 'INFO:     Started worker process [14]\n' + ready)).toMatchObject({ workers: [11, 12, 13, 14], ready: 2 })
})

test.each([['unlimited', 'unlimited'], ['100', '30']])('the pool of connections to models: %s, %s per host', (limit, perHost) => {
  const line = `| INFO     | open_webui.utils.session_pool:get_session:77 - Created shared aiohttp session pool (limit=${limit}, per_host=${perHost}, dns_ttl=300)\n`
  expect(startLog(line).pool).toEqual({ limit, perHost })
})

test('a port that somebody else has taken', () => {
  expect(startLog("ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 3000): address already in use\n").portTaken).toBe(true)
})
