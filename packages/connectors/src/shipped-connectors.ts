import type { Connector } from '@barkeep/core'
import { twse } from './twse/index.js'
import { worldtradingdata } from './worldtradingdata/index.js'
import { yahoo } from './yahoo/index.js'

/** The upstreams that Barkeep comes with. */
export const shippedConnectors: readonly Connector[] = [twse, yahoo, worldtradingdata]
