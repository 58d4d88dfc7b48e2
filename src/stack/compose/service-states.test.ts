import { expect, test } from 'vitest'
import { isWell, serviceStates } from './service-states.ts'

const after = '{"Name":"x-1","Service":"open-webui-after","State":"running","Health":"unhealthy","ExitCode":0}'
const redis = '{"Name":"x-1","Service":"redis","State":"exited","Health":"","ExitCode":1}'
const mock = '{"Name":"x-1","Service":"mock-llm","State":"running","Health":"healthy","ExitCode":0}'

test.each([
  { what: 'a line each', stdout: `${after}\n${redis}\n${mock}\n` },
  { what: 'one array', stdout: `[${after},${redis},${mock}]` },
])('what is not well is found in $what', ({ stdout }) => {
  expect(serviceStates(stdout).filter((one) => !isWell(one)).map(({ service }) => service)).toEqual(['open-webui-after', 'redis'])
})

test('no container says nothing', () => {
  expect(serviceStates('\n')).toEqual([])
})

test('running without a health check is well', () => {
  expect(isWell({ name: 'x-1', service: 'x', state: 'running', health: '' })).toBe(true)
})
