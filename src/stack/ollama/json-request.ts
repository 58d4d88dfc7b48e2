import { request } from 'node:http'
import { text } from 'node:stream/consumers'

/**
 * Asks a server of ours and gives back the JSON that it answers with. A body makes it a POST.
 * @throws where it cannot be reached, answers with another status than 200, or takes longer than `patience` ms.
 */
export async function jsonRequest(url: string, { body, patience, signal }: { readonly body?: object; readonly patience: number; readonly signal: AbortSignal }): Promise<unknown> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(patience)])
  const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const asked = request(url, { agent: false, signal: within, method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json' } }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, answer: said }), reject)
    })
    asked.on('error', reject)
    asked.end(body === undefined ? undefined : JSON.stringify(body))
  })
  if (status !== 200) throw new Error(`${url} answered ${status}: ${answer.slice(0, 300)}`)
  return JSON.parse(answer)
}
