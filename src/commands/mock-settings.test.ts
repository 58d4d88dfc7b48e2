import { expect, test } from 'vitest'
import { changed, defaultSettings } from '../../mock-llm/settings.ts'
import type { Problem } from '../errors.ts'
import { mockSettingNames, mockSettings } from './mock-settings.ts'

function read(...texts: string[]): { readonly settings: object; readonly problems: readonly string[] } {
  const problems: Problem[] = []
  return { settings: mockSettings(texts, problems), problems: problems.map(({ what, fix }) => `${what} ${fix}`) }
}

test('the settings are those that the mock can change while it runs', () => {
  expect(mockSettingNames).toEqual(Object.keys(defaultSettings))
})

test.each([
  'slots=1', 'slots=null', 'queue=0', 'queue=null', 'head=0', 'first=20.5', 'first=normal:300,50', 'gap=lognormal:20,0.5', 'firstTokenDelay=300', 'slowdown=0.25', 'tokens=100000', 'reasoning=0',
  'tools=true', 'finishesWhenGone=false', 'fault=null', 'fault=hang', 'fault=hang@end', 'fault=silence@first', 'fault=rst@3', 'fault=fin@headers', 'fault=error@end', 'fault=split@2', 'fault=status:503',
  'fault=status:500@headers', 'shape=null', 'shape=crlf', 'shape=packed:3,utf8', 'searchTakes=10000', 'searchStatus=200', 'searchStatus=503', 'pages=100', 'pageBytes=33554432', 'pageTakes=1', 'seed=7',
])('mock:%s is taken, by the mock too', (text) => {
  const { settings, problems } = read(`mock:${text}`)
  expect(problems).toEqual([])
  expect(changed(defaultSettings, settings).kind).toBe('changed')
})

test.each([
  ['slots', 'x'], ['slots', '0'], ['slots', '1.5'], ['queue', '-1'], ['head', 'fast'], ['first', 'normal:300'], ['gap', '20,5'], ['firstTokenDelay', 'null'], ['slowdown', '-1'], ['tokens', '100001'], ['reasoning', 'null'],
  ['tools', 'yes'], ['finishesWhenGone', '1'], ['fault', 'rst'], ['fault', 'split@end'], ['fault', 'heartbeat@headers'], ['fault', 'status:302'], ['fault', 'status:500@first'], ['fault', 'silence@first@end'],
  ['shape', 'round'], ['shape', 'packed:2,several:3'], ['shape', ','], ['searchTakes', '1s'], ['searchStatus', '302'], ['pages', '101'], ['pageBytes', '33554433'], ['pageTakes', 'x'], ['seed', '-1'],
])('mock:%s=%s is refused with what it takes, and the mock would not have it either', (name, value) => {
  expect(read(`mock:${name}=${value}`)).toEqual({ settings: {}, problems: [expect.stringMatching(/: \w+ cannot be ".*"\. It takes ./)] })
  const sent: unknown = /^-?\d+(?:\.\d+)?$|^null$/.test(value) ? JSON.parse(value) : value
  expect(changed(defaultSettings, { [name]: sent }).kind).toBe('refused')
})

test.each(['nosuch', 'port', 'host', 'behind', 'models', 'constructor', ''])('mock has no setting "%s"', (name) => {
  expect(read(`mock:${name}=1`).problems).toEqual([expect.stringContaining(`mock has no setting "${name}". It has slots, queue, head,`)])
})

test('a name that is nearly one is told, a value that is missing, and what is not of the mock', () => {
  expect(read('mock:slot=1').problems).toEqual([expect.stringMatching(/no setting "slot"\. Did you mean slots\?/)])
  expect(read('mock:slots', 'mock:queue=').problems).toEqual([expect.stringMatching(/mock:slots has no value\. Write --defect mock:slots=VALUE; it takes a whole number/), expect.stringMatching(/mock:queue has no value/)])
  expect(read('before:slots=1').problems).toEqual([expect.stringMatching(/before:slots=1 changes the control stack/)])
})
