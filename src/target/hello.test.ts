import { expect, test } from 'vitest'
import { targetOf } from './chat-target.ts'
import { hellos } from './hello.ts'
import { clock, finished, head, jsonAnswer, serve, token } from './test/raw-server.ts'

test('hellos share a connection that is free, take another where none is, and leave one that failed', async () => {
  const sockets = new Set<unknown>()
  let asked = 0
  let answer: 'now' | 'never' | 'broken' = 'now'
  const url = await serve((socket) => {
    sockets.add(socket)
    asked += 1
    if (answer === 'now') socket.write(head + token('Hi') + finished)
    if (answer === 'broken') socket.write(jsonAnswer(500, {}))
  })
  const { ask, close } = hellos(targetOf({ kind: 'openai', url: `${url}/v1`, model: 'm', headers: {}, clock }), () => ({ id: 'a-1', text: 'Hello', mock: undefined }))
  const never = new AbortController().signal
  for (let count = 0; count < 3; count += 1) expect(await ask(never)).toMatchObject({ failure: null, stampError: 0.5 })
  expect(sockets.size).toBe(1)
  answer = 'never'
  const controller = new AbortController()
  const hanging = ask(controller.signal)
  await expect.poll(() => asked).toBe(4)
  answer = 'now'
  expect((await ask(never)).failure).toBeNull()
  expect(sockets.size).toBe(2)
  controller.abort(new Error('no end within 5 ms'))
  expect(await hanging).toMatchObject({ firstTokenAt: null, failure: 'hung (no end within 5 ms)' })
  answer = 'broken'
  expect((await ask(never)).failure).toMatch(/^http-status \(500/)
  answer = 'now'
  expect((await ask(never)).failure).toBeNull()
  expect(sockets.size).toBe(3)
  expect((await ask(AbortSignal.abort())).failure).toMatch(/^hung/)
  close()
})
