import { z } from 'zod'

const container = z.object({ Name: z.string(), Service: z.string(), State: z.string(), Health: z.string() })

/** What `docker compose ps --format json` says of one container. */
export interface ServiceState {
  /** Of the container. */
  readonly name: string
  readonly service: string
  /** `running`, `exited`, … */
  readonly state: string
  /** `healthy`, `unhealthy`, `starting`; empty where nobody looks. */
  readonly health: string
}

/** One object a line; releases before 2.21 print one array. */
export function serviceStates(stdout: string): ServiceState[] {
  const text = stdout.trim()
  if (text === '') return []
  const lines = text.startsWith('[') ? [text] : text.split('\n')
  return lines.flatMap((line) => z.union([z.array(container), container.transform((one) => [one])]).parse(JSON.parse(line))).map(({ Name, Service, State, Health }) => ({ name: Name, service: Service, state: State, health: Health }))
}

export const isWell = ({ state, health }: ServiceState): boolean => state === 'running' && (health === '' || health === 'healthy')
