import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import type { Problem } from '../errors.ts'

/** Model providers whose service is not ours to load-test, whatever the user allows. */
const providers = [
  'openai.com', 'openai.azure.com', 'anthropic.com', 'googleapis.com', 'openrouter.ai', 'mistral.ai', 'groq.com', 'together.xyz', 'together.ai',
  'deepseek.com', 'cohere.ai', 'cohere.com', 'perplexity.ai', 'x.ai', 'fireworks.ai', 'amazonaws.com', 'huggingface.co', 'replicate.com', 'nvidia.com',
  'cerebras.ai', 'ollama.com', 'moonshot.cn', 'aliyuncs.com',
]

const ownAddresses = new BlockList()
for (const [network, prefix] of [['127.0.0.0', 8], ['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['169.254.0.0', 16], ['100.64.0.0', 10]] as const) ownAddresses.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [['::1', 128], ['fc00::', 7], ['fe80::', 10]] as const) ownAddresses.addSubnet(network, prefix, 'ipv6')

/** Whether an address is loopback or private: a machine of the user's own. */
function isOwnAddress(address: string): boolean {
  const family = isIP(address)
  return family !== 0 && ownAddresses.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** Why a target may not be loaded; undefined where it may. Resolves the host's name: what counts is where the messages would go. */
export async function guardTarget(url: URL, allowedHosts: readonly string[]): Promise<Problem | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const provider = providers.find((name) => host === name || host.endsWith(`.${name}`))
  if (provider !== undefined) return { what: `${host} is a model provider's service, which first-token does not load.`, fix: 'Point it at your own gateway, with a model of your own or `npx first-token mock` behind it.' }
  if (allowedHosts.includes(host) || isOwnAddress(host)) return undefined
  const addresses = isIP(host) === 0 ? await addressesOf(host) : [host]
  if (addresses === undefined) return { what: `The host ${host} cannot be resolved.`, fix: 'Check the spelling of the target.' }
  if (addresses.every(isOwnAddress)) return undefined
  return { what: `${host} is a public host: somebody may be using it, or paying for it.`, fix: `If it is yours to load, say so with --allow-host ${host}.` }
}

async function addressesOf(host: string): Promise<string[] | undefined> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch {
    return undefined
  }
}
