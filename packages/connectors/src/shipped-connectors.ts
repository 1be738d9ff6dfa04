import type { Connector } from '@barkeep/core'
import { file } from './file/index.js'
import { finmind } from './finmind/index.js'
import { fugle } from './fugle/index.js'
import { mops } from './mops/index.js'
import { shioaji } from './shioaji/index.js'
import { simulated } from './simulated/index.js'
import { taifex } from './taifex/index.js'
import { tpex } from './tpex/index.js'
import { twse } from './twse/index.js'
import { worldtradingdata } from './worldtradingdata/index.js'
import { yahoo } from './yahoo/index.js'

/** The upstreams that Barkeep comes with. A backfill asks them in this order: an exchange's own pages come first. */
export const shippedConnectors: readonly Connector[] = [
  twse,
  tpex,
  mops,
  yahoo,
  worldtradingdata,
  taifex,
  finmind,
  fugle,
  shioaji,
  simulated,
  file,
]
