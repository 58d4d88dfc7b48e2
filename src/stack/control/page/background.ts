import type { Upstream } from '../upstream.ts'

/** What Open WebUI has the model asked besides an answer: `title` with it, the others behind it. */
export type BackgroundTask = 'title' | 'follow_ups' | 'tags'

/** Its words, as far as they tell which it is: the model knows by the JSON that is wanted. */
const prompts: Readonly<Record<BackgroundTask, string>> = {
  title: 'Generate a concise title.\n### Output:\nJSON format: { "title": "your title" }',
  follow_ups: 'Predict 3-5 useful messages.\n### Output:\nJSON format: { "follow_ups": ["one", "two"] }',
  tags: 'Generate 1-3 broad tags.\n### Output:\nJSON format: { "tags": ["one", "two"] }',
}

/** Asks it of the model, without a slot. Resolves when it is answered, with whatever; a person does not see that it was not. */
export async function askInBackground(upstream: Upstream, task: BackgroundTask, { model, history }: { readonly model: string; readonly history: string }): Promise<void> {
  const content = `### Task:\n${prompts[task]}\n### Chat History:\n<chat_history>\n${history}\n</chat_history>\n`
  const body = Buffer.from(JSON.stringify({ model, stream: false, messages: [{ role: 'user', content }] }))
  try {
    const request = await upstream.open({ 'content-type': 'application/json', 'content-length': body.length }, AbortSignal.timeout(longestTask))
    await new Promise<void>((resolve, reject) => {
      request.once('response', (answer) => answer.on('error', reject).on('end', resolve).resume())
      request.once('error', reject)
      request.end(body)
    })
  } catch {
    // Nobody waits for it.
  }
}

/** ms. */
const longestTask = 30_000
