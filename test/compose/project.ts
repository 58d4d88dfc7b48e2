import { parse } from 'yaml'
import { z } from 'zod'

/** A compose project as its loader leaves it: variables filled in, merges made, short forms written out. As far as it is looked at. */
export const projectSchema = z.object({
  services: z.record(z.string(), z.object({
    image: z.string().optional(),
    profiles: z.array(z.string()).optional(),
    environment: z.record(z.string(), z.string().nullable()).optional(),
    ports: z.array(z.object({ host_ip: z.string().optional(), published: z.string().optional(), target: z.number() })).optional(),
    depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
    deploy: z.object({ resources: z.object({ limits: z.object({ memory: z.string().optional() }).optional() }).optional() }).optional(),
    healthcheck: z.object({ disable: z.boolean().optional(), test: z.array(z.string()).nullish(), interval: z.string().optional() }).optional(),
  })),
})

export type Project = z.infer<typeof projectSchema>

/** What a run draws; here they only have to be there. */
export const secrets = { FIRST_TOKEN_SECRET: 'a-secret-of-a-test', FIRST_TOKEN_PASSWORD: 'a-password-of-a-test' }

/**
 * Loads a compose file as far as the checks need it: anchors and merges, variables, ports and sizes in their short forms. What compose itself makes of the
 * file, `npm run test:compose` knows, and holds this one against it.
 */
export function loadProject(text: string, variables: Readonly<Record<string, string>> = secrets): Project {
  const raw: unknown = parse(text, { merge: true })
  const { services } = z.object({ services: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(interpolated(raw, variables))
  return projectSchema.parse({ services: Object.fromEntries(Object.entries(services).map(([name, service]) => [name, { ...service, ports: list(service['ports']).map(portOf), deploy: deployOf(service['deploy']) }])) })
}

function interpolated(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{([A-Z_]+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string | undefined, rest = '') => {
      const given = variables[name]
      if (given !== undefined && given !== '') return given
      if (kind === '?') throw new Error(`required variable ${name} is missing a value: ${rest}`)
      return rest
    })
  }
  if (Array.isArray(value)) return value.map((one) => interpolated(one, variables))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolated(one, variables)]))
  return value
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** `127.0.0.1:3001:8080`, or without the address. */
function portOf(value: unknown): object {
  const parts = String(value).split(':')
  const [target = '', published, host] = parts.toReversed()
  return { target: Number(target), ...(published === undefined ? {} : { published }), ...(host === undefined ? {} : { host_ip: host }) }
}

const units: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

function deployOf(value: unknown): unknown {
  const memory = z.object({ resources: z.object({ limits: z.object({ memory: z.string() }) }) }).safeParse(value).data?.resources.limits.memory
  const [, size, unit] = /^(\d+)([KMG])$/.exec(memory ?? '') ?? []
  return { resources: { limits: size === undefined ? {} : { memory: String(Number(size) * (units[unit ?? ''] ?? 1)) } } }
}
