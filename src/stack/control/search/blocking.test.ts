import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSideProcess } from '../../side-process.ts'
import { type BuiltProcesses, builtProcesses } from '../test/built-processes.ts'
import { RawClient } from '../test/raw-client.ts'
import { now, ScriptedModel, until } from '../test/scripted-model.ts'

let built: BuiltProcesses
beforeAll(async () => { built = await builtProcesses() })
afterAll(() => built.remove())

const wish = JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'news' }], features: { web_search: true } })

/** How long /health takes while the engine and then the pages take 150 ms each. A process of its own: one that stands still could not be tested from within. */
async function healthDuringSearch(search: string): Promise<{ readonly took: number; readonly answer: string }> {
  const model = await ScriptedModel.start((chat) => chat.tell(2))
  let isAsked = false
  model.routes.set('/search', (_, response) => {
    isAsked = true
    setTimeout(() => response.end(JSON.stringify({ results: [0, 1].map((page) => ({ url: `${model.url.origin}/page/${page}` })) })), 150)
  })
  for (const page of [0, 1]) model.routes.set(`/page/${page}`, (_, response) => { setTimeout(() => response.end(`<p>page ${page}</p>`), 150) })
  const gateway = await startSideProcess({ name: 'gateway', file: built.gateway, args: ['--upstream', model.url.href, '--set', `search=${search}`] })
  const port = Number(new URL(gateway.url).port)
  const searcher = new RawClient(port).post(wish)
  try {
    await until('the engine is asked', () => isAsked)
    const askedAt = now()
    const health = new RawClient(port).get('/health')
    await until('health answers', () => health.isWhole)
    await until('the answer is whole', () => searcher.isWhole)
    health.leave()
    return { took: health.readAt('200 OK') - askedAt, answer: searcher.text }
  } finally {
    searcher.leave()
    await gateway.stop()
    model.stop()
  }
}

test.each([{ search: 'async', least: 0, most: 200 }, { search: 'blocking', least: 250, most: 3_000 }])(
  'search=$search: of a search of 300 ms /health waits $least to $most ms, and the sources are found',
  async ({ search, least, most }) => {
    const { took, answer } = await healthDuringSearch(search)
    expect(took).toBeGreaterThanOrEqual(least)
    expect(took).toBeLessThan(most)
    expect(answer).toContain('"document":["page 0","page 1"]')
    expect(answer).toContain('[DONE]')
  },
)
