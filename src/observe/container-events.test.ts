import { expect, test } from 'vitest'
import type { ContainerEventRecord } from '../sample/run-file.ts'
import { observeEvents } from './container-events.ts'

test('what was killed, ended and started is told; other lines are none', () => {
  const events: ContainerEventRecord[] = []
  let asked: readonly string[] = []
  const event = (action: string, attributes: object): string => JSON.stringify({ status: action, id: 'c0ffee', Type: 'container', Action: action, Actor: { ID: 'c0ffee', Attributes: { name: 'astra-ai', ...attributes } }, time: 1 })
  observeEvents({
    container: 'astra-ai', now: () => 5, onEvent: (one) => events.push(one),
    cli: {
      call: () => Promise.reject(new Error('not asked')),
      follow: (args, onLine) => {
        asked = args
        for (const text of [event('oom', {}), 'Cannot connect', event('die', { exitCode: '137' }), event('exec_start: sh', {}), event('start', {})]) onLine(text)
        return { ended: Promise.resolve(), stop: () => {} }
      },
    },
  })
  expect(asked).toEqual(['events', ...['container=astra-ai', 'type=container', 'event=oom', 'event=die', 'event=start'].flatMap((filter) => ['--filter', filter]), '--format', '{{json .}}'])
  expect(events.map(({ what, exitCode }) => ({ what, exitCode }))).toEqual([{ what: 'out-of-memory', exitCode: null }, { what: 'ended', exitCode: 137 }, { what: 'started', exitCode: null }])
})
