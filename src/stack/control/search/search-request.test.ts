import { expect, test } from 'vitest'
import { searchRequest } from './search-request.ts'

const bodyOf = (fields: object): Buffer => Buffer.from(JSON.stringify({ model: 'm', stream: true, features: { web_search: true }, ...fields }))
const user = (content: unknown) => ({ role: 'user', content })

test('what is searched for is the last user message; the model sees everything but the wish', () => {
  const messages = [{ role: 'system', content: 's' }, user('first'), { role: 'assistant', content: null, tool_calls: [{ id: 't' }] }, user('last "Grüße"\n[[ft1 id=a-1]]'), { role: 'assistant', content: 'Well' }]
  const request = searchRequest(bodyOf({ messages, seed: 7 }))
  expect(request).toMatchObject({ query: 'last "Grüße"\n[[ft1 id=a-1]]', isStream: true })
  expect(JSON.parse(request?.modelBody().toString() ?? '')).toEqual({ model: 'm', stream: true, messages, seed: 7 })
  expect(JSON.parse(request?.modelBody('new').toString() ?? '')).toEqual({ model: 'm', stream: true, messages: messages.map((one, index) => (index === 3 ? user('new') : one)), seed: 7 })
})

test('of a message in parts its texts are searched for', () => {
  expect(searchRequest(bodyOf({ stream: undefined, messages: [user([{ type: 'text', text: 'a' }, { type: 'image_url', image_url: {} }, { type: 'text', text: 'b' }])] }))).toMatchObject({ query: 'a\nb', isStream: false })
})

test.each([
  ['no wish', Buffer.from('{"messages":[{"role":"user","content":"a \\"web_search\\" b"}]}')],
  ['a wish that is false', bodyOf({ features: { web_search: false }, messages: [user('a')] })],
  ['no user message', bodyOf({ messages: [{ role: 'system', content: 's' }] })],
  ['no messages', bodyOf({})],
  ['no JSON', Buffer.from('{"features": {"web_search": true')],
])('%s is no search', (_, body) => {
  expect(searchRequest(body)).toBeUndefined()
})
