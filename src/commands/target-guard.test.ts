import { expect, test } from 'vitest'
import { guardTarget } from './target-guard.ts'

const refusal = async (url: string, allowed: readonly string[] = []): Promise<string> => (await guardTarget(new URL(url), allowed))?.what ?? ''

test.each(['http://127.0.0.1:3000/v1', 'http://localhost:3000', 'http://[::1]:80', 'http://10.1.2.3', 'http://172.31.0.1', 'http://192.168.1.1', 'http://[fd00::1]/v1'])('%s is the user’s own', async (url) => {
  expect(await refusal(url)).toBe('')
})

test.each(['http://93.184.215.14', 'http://172.32.0.1', 'http://11.0.0.1', 'http://[2001:db8::1]'])('%s is public, and has to be named', async (url) => {
  expect(await refusal(url)).toContain('public host')
  expect(await refusal(url, [new URL(url).hostname.replace(/^\[|\]$/g, '')])).toBe('')
})

test.each(['https://api.openai.com/v1', 'https://openai.com', 'https://eastus.openai.azure.com', 'https://API.Anthropic.com', 'https://openrouter.ai/api/v1'])('%s is a provider’s, whatever is allowed', async (url) => {
  expect(await refusal(url, [new URL(url).hostname])).toContain('model provider')
})

test('a host that only ends like a provider is no provider', async () => {
  expect(await refusal('http://notopenai.com', ['notopenai.com'])).toBe('')
})
