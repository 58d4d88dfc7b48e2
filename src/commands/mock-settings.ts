import { request } from 'undici'
import { UsageError } from '../errors.ts'

/**
 * Changes settings of a mock that runs, as `--defect mock:NAME=VALUE` says. Nothing is asked where nothing is to be changed.
 * @throws {UsageError} with what the mock says of a name or a value that it does not take.
 */
export async function changeMockSettings(url: string, settings: Readonly<Record<string, string>>): Promise<void> {
  if (Object.keys(settings).length === 0) return
  const patch = Object.fromEntries(Object.entries(settings).map(([name, text]) => [name, valueOf(text)]))
  const answer = await request(`${url}/mock/settings`, { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(patch) })
  const words = await answer.body.text()
  if (answer.statusCode !== 200) throw new UsageError({ what: `--defect mock:${Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(', mock:')} was refused: ${words.trim()}`, fix: 'mock-llm/README.md has the settings and their values.' })
}

/** `1` is a number, `true` a claim; what is not JSON is a text, as a fault is. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
