import { afterEach, expect, test, vi } from 'vitest'
import type { UsageRecord } from '../sample/run-file.ts'
import { observeUsage, usageOf } from './container-usage.ts'

afterEach(() => { vi.useRealTimers() })

const line = (used: string, share: string): string => `{"BlockIO":"0B / 0B","CPUPerc":"${share}","Container":"astra-ai","MemPerc":"41.43%","MemUsage":"${used}","Name":"astra-ai","PIDs":"53"}`

test.each([
  { text: line('2.9GiB / 7GiB', '130.50%'), expected: { memory: Math.round(2.9 * 2 ** 30), cpu: 1.305 } },
  { text: line('512MiB / 7GiB', '0.00%'), expected: { memory: 512 * 2 ** 20, cpu: 0 } },
  { text: line('1.5GB / 7GB', '12%'), expected: { memory: 1.5e9, cpu: 0.12 } },
  // The CLI moves the cursor even where there is no terminal.
  { text: `\u001B[2J\u001B[H${line('1GiB / 7GiB', '1.00%')}\u001B[K`, expected: { memory: 2 ** 30, cpu: 0.01 } },
  { text: line('0B / 0B', '0.00%'), expected: undefined },
  { text: line('-- / --', '--'), expected: undefined },
  { text: 'Error response from daemon: No such container: astra-ai', expected: undefined },
  { text: '{"half":', expected: undefined },
])('$text', ({ text, expected }) => {
  expect(usageOf(text)).toEqual(expected)
})

test('a stream that ends is begun anew, until nobody looks any more', async () => {
  vi.useFakeTimers()
  const streams: { say: (text: string) => void; end: () => void; wasStopped: boolean }[] = []
  const looks: UsageRecord[] = []
  let now = 0
  const observer = observeUsage({
    container: 'astra-ai', now: () => { now += 1; return now }, onLook: (look) => looks.push(look),
    cli: {
      call: () => Promise.reject(new Error('not asked')),
      follow: (_args, onLine) => {
        const stream = { say: onLine, end: () => {}, wasStopped: false }
        streams.push(stream)
        return { ended: new Promise((resolve) => { stream.end = resolve }), stop: () => { stream.wasStopped = true } }
      },
    },
  })
  streams[0]?.say(line('1GiB / 7GiB', '1.00%'))
  streams[0]?.end()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(streams).toHaveLength(2)
  streams[1]?.say(line('2GiB / 7GiB', '2.00%'))
  observer.stop()
  streams[1]?.say(line('3GiB / 7GiB', '3.00%'))
  expect(looks).toEqual([{ type: 'usage', container: 'astra-ai', at: 1, memory: 2 ** 30, cpu: 0.01 }, { type: 'usage', container: 'astra-ai', at: 2, memory: 2 ** 31, cpu: 0.02 }])
  expect(streams[1]?.wasStopped).toBe(true)
})
