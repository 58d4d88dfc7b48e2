import { expect, test } from 'vitest'
import { serverLog } from './server-log.ts'

const log = `time=2026-11-25T03:00:00.000Z level=INFO source=images.go:458 msg="total blobs: 0"
time=2026-11-25T03:00:00.001Z level=INFO source=routes.go:1298 msg="Listening on 127.0.0.1:41035 (version 0.6.5)"
time=2026-11-25T03:00:01.000Z level=INFO source=server.go:405 msg="starting llama server" cmd="ollama runner --model blobs/sha256-1 --ctx-size 32768 --batch-size 512 --threads 1 --no-mmap --parallel 4 --port 36481"
`

test('it tells where it listens, and how many slots and threads and how large a context it has', () => {
  expect(serverLog(log)).toEqual({ address: '127.0.0.1:41035', runner: { slots: 4, threads: 1, context: 32_768 } })
  expect(serverLog(log.split('\n').slice(0, 1).join('\n'))).toEqual({ address: undefined, runner: {} })
})

test('of a model that was loaded again the last start counts', () => {
  expect(serverLog(`${log}${log.replaceAll('--parallel 4', '--parallel 2')}`).runner['slots']).toBe(2)
})
