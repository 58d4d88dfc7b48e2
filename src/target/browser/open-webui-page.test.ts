import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { isSignIn, newChat, storageScript } from './open-webui-page.ts'

/** Runs the script in a page of that origin, and says what it finds in its storage. */
function stored(script: string, origin: string): Record<string, string> {
  const storage: Record<string, string> = {}
  runInNewContext(script, { location: { origin }, localStorage: { setItem: (name: string, value: string) => { storage[name] = value } } })
  return storage
}

test('the page of the system finds the session, and no other page does', () => {
  const script = storageScript('http://127.0.0.1:3000', `a"b'`)
  expect(stored(script, 'http://127.0.0.1:3000')).toEqual({ token: `a"b'`, locale: 'en-US' })
  expect(stored(script, 'http://127.0.0.1:3001')).toEqual({})
  expect(stored(storageScript('http://a.example/', undefined), 'http://a.example')).toEqual({ locale: 'en-US' })
})

test('a storage that refuses is the page’s affair', () => {
  expect(() => void runInNewContext(storageScript('http://a', 't'), { location: { origin: 'http://a' } })).not.toThrow()
})

test('a new chat, which the server forgets, with the model', () => {
  expect(newChat('http://127.0.0.1:3000/', 'llama3:8b & co')).toBe('http://127.0.0.1:3000/?models=llama3%3A8b%20%26%20co&temporary-chat=true')
})

test('where the page asks to sign in', () => {
  expect(isSignIn('http://127.0.0.1:3000/auth?redirect=%2F')).toBe(true)
  expect(isSignIn('http://127.0.0.1:3000/?models=auth')).toBe(false)
})
